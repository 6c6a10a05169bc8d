"""An unreadable configuration is refused in one sentence: file, line and what to do."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.commands.options.config_check import check_config, check_words, load_config, place_of
from lowner_pl.commands.options.yaml_text import DEEPEST

from ...conftest import ROOT

KEYS = ("model", "data", "trainer", "seed_everything")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
BACKSLASH = "line 2: YAML does not read a backslash in double quotes literally"
REFUSED = {
    "empty": ("", "'.*' has no options in it"),
    "comments alone": ("# seed_everything: 1\n", "'.*' has no options in it"),
    "list": ("- model\n", "line 1: a configuration consists of .*, but this is a list"),
    "word": ("hello\n", "line 1: a configuration consists of .*, but this is 'hello'"),
    "unknown key": ("modle: 1\n", "line 1: there is no option `modle`. Did you mean model\\?"),
    "unlike any": ("zzz: 1\n", "line 1: there is no option `zzz`. A configuration has model, data"),
    "pipeline": ("stages: {}\n", "line 1: `stages` belong to a pipeline. Run .* with `augment"),
    "part": ("class_path: x\n", "line 1: `class_path` belongs to a part .* to `--data`, `--model`"),
    "key twice": ("model: 1\ndata: 2\nmodel: 3\n", "line 3: `model` is also in line 1"),
    "key twice in a line": ("data: {a: 1, a: 2}\n", "line 1: `a` is also in line 1"),
    "key twice below": ("data:\n  a: 1\n  a: 2\n", "line 3: `a` is also in line 2"),
    "list as key": ("? [model]\n: 1\n", "line 1: a key must be a word"),
    "tab": ("data:\n\tname: x\n", "line 2: indented with a tab. Use spaces"),
    "tab after spaces": ("data:\n  a: 1\n  \tb: x: y\n", "line 3: indented with a tab"),
    "hard blank": ("data:\n\u00a0 name: x: y\n", r"line 2: indented with U\+00A0. Use spaces"),
    "bracket": ("data: [1, 2\n", "line 1: this is not YAML .*'data: \\[1, 2'. Check the"),
    "two colons": ("data: 1\nmodel: a: b\n", "line 2: this is not YAML .*'model: a: b'"),
    "percent": ("data: %x\n", "line 1: this is not YAML"),
    "two documents": ("data: 1\n---\ndata: 2\n", "line 2: this is not YAML"),
    "no anchor": ("data: *x\n", r"line 1: this is not YAML \(found undefined alias\)"),
    "own anchor": ("data: &x [*x]\n", r"line 1: `\*x` contains itself"),
    "own tag": ("data: !x 1\n", "line 1: the YAML tag '!x' can't be read"),
    "code": ("data: !!python/object/apply:os.system [ls]\n", "line 1: the YAML tag '.*os.system'"),
    "control character": ("data: a\x1b[1mb\n", r"line 1: the character U\+001B can't be in"),
    "drive": ('data:\n  path: "C:\\Users\\me\\x"\n', BACKSLASH),
    "escapes that are letters": ('data:\n  path: "data\\new\\train.conll"\n', BACKSLASH),
    "network drive": ('data:\n  path: "\\\\server\\share"\n', BACKSLASH),
    "brackets": ("data: " + "[" * 5000, f"line 1: nested deeper than {DEEPEST} levels"),
    "braces": ("data: " + '{"a": ' * 2000, f"line 1: nested deeper than {DEEPEST} levels"),
    "indentation": (
        "".join(" " * level + "data:\n" for level in range(400)),
        f"line {DEEPEST}: nested deeper than {DEEPEST} levels",
    ),
    "aliases nested": (
        "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99)),
        f"nested deeper than {DEEPEST} levels",
    ),
    "bomb": (BOMB, "line 6: more than 100,000 values, counting those that aliases"),
    "bomb of keys": (BOMB.replace("[", "{? [").replace("]", "]}"), "nested deeper|more than"),
}


def refused(file: Path, keys: Any = KEYS) -> str:
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        check_config(file, keys)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_configuration_is_refused_with_the_line(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(text, encoding="utf-8")
    before = time.process_time()
    with pytest.raises(ValueError, match=message):
        check_config(file, KEYS)
    assert str(file) in refused(file)
    assert time.process_time() - before < 1  # a bomb is not unfolded


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: Käse\n".encode("cp1252"), "line 1: 'name: Käse' is not in UTF-8. Save the file"),
        ("a: 1\nb: ¥\n".encode("latin-1"), "line 2: 'b: ¥' is not in UTF-8"),
        ("data: 1\n".encode("utf-16"), "is saved as UTF-16. Save it as UTF-8"),
        ("data: 1\n".encode("utf-16-be"), r"line 1: the character U\+0000"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text file"),
        (b"x: 1\n" * 1_000_000, "has 5,000,000 bytes, which is too large"),
    ],
)
def test_a_file_in_another_encoding_is_refused_with_its_encoding(
    content: bytes, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        check_config(file, KEYS)
    assert str(file) in refused(file)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfdata: 1\r\nmodel:\r\n  a: 2\r\n",
        b'data: {path: \'C:\\Users\\me\', tab: "\\t", quoted: "\\\\", more: "a"}\n',
        'data: {path: "C:\\\\Users\\\\me", name: ngómbé, other: ليبيا}\n'.encode(),
        yaml.safe_dump({"data": {"path": "caf\u00e9/\u8a9e\u8a9e.conll"}}).encode(),
        b"a: &a {x: 1}\ndata: {<<: *a, y: *a}\n",
        b"trainer.max_epochs: 3\nmodel: 1e-3\ndata: 2020-01-01\n",
    ],
)
def test_valid_yaml_from_windows_editors_is_accepted(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    check_config(file, (*KEYS, "a"))


def test_a_missing_file_says_where_we_looked_and_suggests_the_nearest_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"looked for '{tmp_path / 'configs' / 'x.yaml'}'" in refused(Path("configs/x.yaml"))
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "my_swahili.yaml").touch()
    assert refused(Path("configs/my_swahilli.yaml")).endswith("Did you mean my_swahili.yaml?")
    assert "Did you mean configs/maner_wikiann.yaml?" in refused(Path("maner_wikian.yaml"))
    assert "is a folder. Give the configuration file in it" in refused(tmp_path)
    (tmp_path / "h.yaml").touch()
    assert "h.yaml" not in refused(Path("nowhere.yaml"))  # only the ending is the same
    assert refused(Path("a/" * 999, "x.yaml")).endswith(f"'{('a/' * 40)}…'. Check its name.")
    with pytest.raises(ValueError, match="The value of `--config` is empty"):
        check_words(["fit", "--config", ""], KEYS)


def test_a_referenced_file_is_looked_up_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    run, part = tmp_path / "run.yaml", tmp_path / "model" / "maner.yaml"
    run.write_text("data: {init_args: {source: model/maner.yaml}}\nseed_everything: 1\n")
    assert refused(run).startswith(f"{run}, line 1: `source` names '{part}', which does not exist")
    part.write_text("class_path: x\ninit_args:\n\ta: 1\n")
    assert refused(run).startswith(f"{part}, line 3: indented with a tab")
    part.write_text("class_path: x\n")
    check_config(run, KEYS)


def test_files_and_values_of_a_command_line_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    for words in (
        ["fit", "--config", str(file)],
        ["fit", f"--config={file}"],
        ["fit", "-c", str(file)],
        ["fit", f"--data={file}", "--seed_everything=1"],
        ["fit", "--seed_everything=1", "--data.source", str(file)],
    ):
        with pytest.raises(FileNotFoundError, match="looked for"):
            check_words(words, KEYS)
    for value in ("[" * 5000, "{a: " * 99, BOMB):
        with pytest.raises(ValueError, match=r"`--data\.x`, line"):
            check_words(["fit", f"--data.x={value}"], KEYS)
    check_words(["fit", "--data.x=[1, {a: 2}", "--config={data: 1}", "--config=http://x/y"], KEYS)


def test_every_config_of_the_repository_passes() -> None:
    for file in sorted((ROOT / "configs").rglob("*.yaml")):
        check_config(file, None)
    assert load_config(ROOT / "configs" / "embedded.yaml")["data"] == "parts/data/sample.yaml"


def test_the_place_of_an_option_is_found_in_the_file_that_sets_it(tmp_path: Path) -> None:
    part, run = tmp_path / "maner.yaml", tmp_path / "run.yaml"
    part.write_text("class_path: x\ninit_args:\n  optimizer:\n    init_args: {lr: fast}\n")
    run.write_text("trainer:\n  max_epochs: 3\nmodel: maner.yaml\ndata.init_args: {size: 1}\n")
    files = [str(tmp_path / "missing.yaml"), str(run)]
    assert place_of(files, ["trainer", "max_epochs"]) == f"{run}, line 2"
    assert place_of(files, ["model", "optimizer", "lr"], "fast") == f"{part}, line 4"
    assert place_of(files, ["model"], "x") == f"{part}, line 1"
    assert place_of(files, ["trainer", "max_epochs"], "4") is None
    assert place_of(files, ["trainer", "max_steps"]) is None
