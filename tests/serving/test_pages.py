"""The pages as text: nothing from elsewhere, nothing that a name can break, all files installed."""

import ast
import re
from fnmatch import fnmatch
from http.client import HTTPConnection

from lowner_pl.serving import Limits, make_app
from lowner_pl.serving.annotate.site import FILES as ANNOTATE
from lowner_pl.serving.reference import reference
from lowner_pl.serving.site import FILES, POLICY, Site
from lowner_pl.tagging.markup import COLOURS, highlighted, stylesheet

from ..conftest import ROOT
from ..tagging.capitals import capitals
from .served import HOST, ask, served


def test_every_file_of_the_pages_is_installed() -> None:
    nodes = ast.walk(ast.parse((ROOT / "setup.py").read_text()))
    keywords = [node for node in nodes if isinstance(node, ast.keyword)]
    (data,) = [ast.literal_eval(node.value) for node in keywords if node.arg == "package_data"]
    pages = [*FILES.iterdir(), *ANNOTATE.iterdir()]
    files = [file.relative_to(ROOT / "lowner_pl") for file in pages]
    assert len(files) >= 11
    patterns = data["lowner_pl"]
    assert not [file for file in files if not any(fnmatch(str(file), one) for one in patterns)]


def test_names_can_not_break_the_page() -> None:
    tagger = capitals(language='s"w')
    tagger.entity_types = ("<b>'", "PER")
    site = Site(tagger, "<i>")
    assert "<b>'" not in site.index
    assert "<i>" not in site.index
    assert 'lang="s&quot;w"' in site.index
    kind, style = site.files["page.css"]
    assert kind == "text/css"
    assert r"mark[data-type='\3c b\3e \27 ']" in style
    assert set(site.files) == {"page.css", "marks.js", "server.js", "tag.js"}


def test_texts_look_as_those_that_tag_writes() -> None:
    style = stylesheet(["PER", "NEW"])
    assert f"mark[data-type='PER']{{background:{COLOURS['PER']}}}" in style
    text = capitals()("Anna")
    for rule in re.findall(r'style="([^"]*)"', highlighted("Anna", text)):
        looks = rule.partition(";color:#000;background")[0]
        assert looks in style


def test_pages_allow_a_browser_to_load_files_of_the_server_only() -> None:
    with served(capitals()) as port:
        for path in ("/", "/docs", "/static/tag.js"):
            connection = HTTPConnection(HOST, port, timeout=20)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.headers["Content-Security-Policy"] == POLICY
            page = answer.read().decode()
            assert not re.search(r"https?:|//\w+\.", page)
            connection.close()
        assert ask(port, "GET", "/static/..%2Fapp.py")[0] == 404
    assert re.findall(r"(?<=-src )[^;]*", POLICY) == [
        "'none'",
        "'self'",
        "'self'",
        "'self'",
        "data:",
    ]


def test_the_reference_has_every_operation_field_and_error() -> None:
    schema = make_app(capitals(), Limits()).openapi()
    page = reference(schema)
    for part in ("POST /tag", "GET /health", "min_confidence", "number from 0 to 1", "max_seconds"):
        assert f"{part}</" in page
    assert "list of strings" in page
    assert "string or null" in page
    assert page.count("<h2>") == len(schema["paths"])
    assert "&quot;code points&quot;" in page
    assert "{&quot;text&quot;: &quot;Wangari Maathai alizaliwa Nyeri.&quot;}" in page
    for status in (400, 408, 413, 415, 422, 500, 503):
        assert f"<code>{status}</code>" in page
