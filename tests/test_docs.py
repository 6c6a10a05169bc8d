"""README and docs/ keep their word: files exist, links lead somewhere, commands parse."""

import importlib
import inspect
import re
import shlex
import shutil
import sys
from itertools import chain, pairwise
from pathlib import Path

import pytest

from lowner_pl.commands.cli import run
from lowner_pl.commands.configs import located

from .conftest import ROOT, SAMPLE
from .test_floors import ALLOWED

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *DOCS]
OUR_CLASSES = [page for page in DOCS if page.parent.name == "docs"]
BUILT_IN = {"FileNotFoundError", "KeyboardInterrupt"}
HEADINGS = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCES = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINKS = re.compile(r"\]\(([^)\s]+)\)|^\[[\w-]+\]: (\S+)$", re.MULTILINE)
PATHS = re.compile(r"`((?:lowner_pl|configs|tests|benchmarks|docs)/[\w./-]*)`")
WRITTEN_BY_THE_READER = {"configs/mine.yaml"}

COMMANDS_OF_LIGHTNING = ("fit", "validate", "test", "predict")


def prose(page: Path) -> str:
    """Read a page without its code blocks."""
    return FENCES.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path, *languages: str) -> list[str]:
    """Read the code blocks of a page that are in one of some languages."""
    return [code for language, code in FENCES.findall(page.read_text()) if language in languages]


def commands(page: Path, program: str) -> list[list[str]]:
    """Read the commands of a page that run a program, as words without the program's own."""
    lines = chain(*(re.sub(r"\\\n\s*", "", code).splitlines() for code in blocks(page, "")))
    found = [shlex.split(line, comments=True) for line in lines if program in line]
    own = shlex.split(program)
    return [words[len(own) :] for words in found if words[: len(own)] == own]


def slug(heading: str) -> str:
    """Convert a heading to the anchor that GitHub and the site give it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(file: Path) -> list[str]:
    """List the anchors of a page's headings; other files have none."""
    return (
        [slug(heading) for heading in HEADINGS.findall(prose(file))] if file.suffix == ".md" else []
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in chain(*LINKS.findall(prose(page))):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not link or "://" in link:
            continue
        docs = ROOT / "docs"
        outside = page.is_relative_to(docs) and not target.is_relative_to(docs)  # not in the site
        if outside or not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    named = set(PATHS.findall(prose(page))) - WRITTEN_BY_THE_READER
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]


def test_the_tree_of_the_architecture_names_every_folder() -> None:
    (tree, *_) = blocks(ROOT / "docs" / "architecture.md", "")
    package = ROOT / "lowner_pl"
    rooms = {file.parent.relative_to(package) for file in package.rglob("__init__.py")}
    missing = [room for room in sorted(rooms) if room.name and f"{room.name}/" not in tree]
    assert not missing


def test_the_floors_of_the_architecture_are_those_of_the_imports() -> None:
    rows = re.findall(r"^\| \d \| (.+) \| (.+) \|$", prose(ROOT / "docs" / "architecture.md"), re.M)
    floors = {
        part: set(re.findall(r"`(\w+)`", below))
        for parts, below in rows
        for part in re.findall(r"`(\w+)`", parts)
    }
    assert floors == {part: below for part, below in ALLOWED.items() if part != "__init__"}


@pytest.mark.parametrize("page", OUR_CLASSES, ids=lambda page: page.name)
def test_classes_exist(page: Path) -> None:
    sources = "".join(file.read_text() for file in (ROOT / "lowner_pl").rglob("*.py"))
    named = set(re.findall(r"`((?:[A-Z][a-z]+){2,}|[A-Z]\w+(?:Module|Vectors))`", prose(page)))
    assert not [name for name in sorted(named - BUILT_IN) if f"class {name}" not in sources]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_benchmark_scripts_have_the_options_that_pages_name(page: Path) -> None:
    sources = "".join(file.read_text() for file in (ROOT / "benchmarks").glob("*.py"))
    for script, *words in commands(page, "python"):
        if not script.startswith("benchmarks/"):
            continue
        assert (ROOT / script).is_file()
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert not [option for option in sorted(options) if f'"{option}"' not in sources]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a reader has who followed the pages: configs, data and the examples."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(SAMPLE / "sw", tmp_path / "data" / "mine")
    (mine,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "configs" / "mine.yaml").write_text(inspect.cleandoc(f"\n{mine}"))
    for code in blocks(ROOT / "docs" / "extending.md", "python", "yaml"):
        name = code.partition("\n")[0].removeprefix("# ")
        if re.fullmatch(r"(test_)?my_\w+\.(py|yaml)", name):
            (tmp_path / name).write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for file in tmp_path.glob("*.py"):
        monkeypatch.delitem(sys.modules, file.stem, raising=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_parse(page: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in map(located, commands(page, "python -m lowner_pl")):
        configs = [file for option, file in pairwise(words) if option == "--config"]
        assert not [file for file in configs if not (workplace / file).is_file()]
        if words[0] in COMMANDS_OF_LIGHTNING and "focal" not in words:
            with pytest.raises(SystemExit) as stop:
                run([*words, "--print_config"])
            assert stop.value.code == 0, (words, capsys.readouterr().err)


@pytest.mark.usefixtures("workplace")
def test_options_in_tables_parse(capsys: pytest.CaptureFixture[str]) -> None:
    base = ["fit", "--config", "configs/maner_wikiann.yaml", "--config", "configs/embedded.yaml"]
    for page in ("index", "methods"):
        cells = re.findall(r"\| `(--[^`]+)`", (ROOT / "docs" / f"{page}.md").read_text())
        with pytest.raises(SystemExit) as stop:
            run([*base, *chain(*map(shlex.split, cells)), "--print_config"])
        assert stop.value.code == 0, capsys.readouterr().err


def test_examples_of_extending_run(workplace: Path) -> None:
    tests = sorted(workplace.glob("test_my_*.py"))
    assert len(tests) == 4
    for file in tests:
        module = importlib.import_module(file.stem)
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                needs_folder = "tmp_path" in inspect.signature(test).parameters
                test(**({"tmp_path": workplace} if needs_folder else {}))
