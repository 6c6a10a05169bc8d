"""Reading, numbers, order, page and record of an audit."""

import json
import re
from pathlib import Path

import pytest

from lowner_pl.auditing import (
    Audit,
    Finding,
    Kind,
    Severity,
    audit,
    of_sentences,
    read_split,
    splits_of,
)
from lowner_pl.auditing.brief import MOST, brief
from lowner_pl.auditing.numbers.counts import counts_of, novelty_of
from lowner_pl.auditing.numbers.learning_curve import Point, fitted
from lowner_pl.auditing.numbers.subwords import badly_spelt, subwords_of
from lowner_pl.auditing.report.page import audit_page, summary
from lowner_pl.auditing.report.record import record_of
from lowner_pl.corpus import ConllFormat, Familiarity, Sentence
from lowner_pl.datamodules import ConllDataModule, SampleDataModule
from lowner_pl.encoding import WordEncoder
from lowner_pl.nn import load_tokenizer

from .corpora import lines, written


@pytest.fixture
def corpus(tmp_path: Path) -> Audit:
    """An audit with errors, warnings and notes, among them right-to-left ones."""
    train = written(
        tmp_path,
        "train",
        *(f"w{n} القاهرة/B-LOC v{n}" for n in range(20)),
        "x القاهرة y",
        "<b>/B-PER &/I-PER ,/I-PER",
        "a Rome/I-LOC b",
    )
    test = written(tmp_path, "test", "w1 القاهرة/B-LOC v1", "Oslo/B-LOC w2 المنصورة/B-LOC")
    return audit([train, test])


def test_findings_are_ordered_by_kind_severity_and_likelihood(corpus: Audit) -> None:
    kinds, severities = list(Kind), list(Severity)
    keys = [(kinds.index(f.kind), severities.index(f.severity), -f.weight) for f in corpus.findings]
    assert keys == sorted(keys)
    assert {f.kind for f in corpus.findings} >= {Kind.SEQUENCE, Kind.DIFFERENT, Kind.BORDER}


def test_the_reader_s_warnings_are_findings_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "train.conll"
    file.write_text("Ann\tB-PER\nLee\tI_PER\n\nleft\tO\n")
    split, (finding,) = read_split(file, "train", "train", ConllFormat())
    assert split.entries[0].sentence.tags == ("B-PER", "I-PER")
    assert (finding.kind, str(finding.place)) == (Kind.FILE, f"{file}:2")
    assert finding.text.startswith("1 word has a tag in another spelling")


def test_sentences_without_a_file_are_named_by_their_number() -> None:
    split = of_sentences(
        "train", "train", [Sentence(("a",), ("O",)), Sentence(("b", ","), ("B-X", "I-X"))]
    )
    (border,) = audit([split]).of(Kind.BORDER)
    assert str(border.place) == "train, sentence 2"


def test_a_data_module_s_sentences_keep_the_tags_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text(lines(*(f"a{n} b/B-PER" for n in range(19)), "c d/I-PER"))
    data = ConllDataModule(tmp_path / "train.conll", dev_size=2, type_map={"PER": "NAME"})
    splits = splits_of(data)
    assert [(split.name, len(split.entries)) for split in splits] == [("train", 18), ("dev", 2)]
    (broken,) = audit(splits).of(Kind.SEQUENCE)
    assert str(broken.place) == f"{tmp_path / 'train.conll'}:59"


def test_what_dev_data_are_not_annotated_with_is_no_difference(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text(lines("in May/B-DATE in Rome/B-LOC we met"))
    (tmp_path / "dev.conll").write_text(lines("in May in Rome we met", "to Oslo/B-LOC"))
    files = (tmp_path / "train.conll", tmp_path / "dev.conll")
    texts = [
        [one.text for one in audit(splits_of(data)).of(Kind.DIFFERENT)]
        for data in (ConllDataModule(*files), ConllDataModule(*files, dev_types=["LOC"]))
    ]
    assert ["May" in text for text in texts[0]] == [True, False]
    assert ["Rome" in text for text in texts[1]] == [True]


def test_counts_and_novelty(tmp_path: Path) -> None:
    train = written(tmp_path, "train", "Ann/B-PER Lee/I-PER left Rome/B-LOC", "x")
    test = written(tmp_path, "test", "Ann/B-PER Lee/I-PER met Rome/B-PER", "Lee/B-PER Oslo/B-LOC")
    assert counts_of(train)[:4] == ("train", 2, 1, 5)
    whole, per, loc = novelty_of([train, test])
    assert (whole.type, per.type, loc.type) == (None, "PER", "LOC")
    assert whole.counts == {Familiarity.SEEN: 1, Familiarity.OTHER: 1, Familiarity.NEW: 2}
    assert (per.words, loc.words) == (1, 0)  # Lee is a known word, Oslo is not
    assert novelty_of([test]) == []


def test_subwords_and_windows_are_those_of_the_encoder(tmp_path: Path, tiny: str) -> None:
    tokenizer, most = load_tokenizer(tiny)
    split = written(tmp_path, "train", "Nairobi ni mji", " ".join(["Nairobi"] * 40))
    encoder = WordEncoder(tokenizer, max_length=60)
    size = len(encoder.subwords("Nairobi"))
    (one,) = [subwords_of("tiny", encoder, split)]
    assert most >= 60
    assert one.coverage.words == 43
    assert (one.sentences, one.long) == (2, int(40 * size > 58))
    assert one.windows > 2
    assert one.marked == 1
    bad = one._replace(coverage=one.coverage._replace(unknown=43))
    (finding,) = badly_spelt([one._replace(coverage=one.coverage._replace(subwords=50)), bad])
    assert "does not know 100% of the words in the training data" in finding.text


def test_a_learning_curve_is_extended_by_its_power_law() -> None:
    # 100 - F1 = 400 n^(-1/2): 80 at 25, 40 at 100, 20 at 400, so 28.3 at 200.
    curve = fitted([Point(100, 60.0), Point(25, 20.0)])
    double, fourfold = curve.forecasts
    assert double.f1 == pytest.approx(100 - 400 / 200**0.5)
    assert fourfold.f1 == pytest.approx(80.0)
    assert (double.sentences, fourfold.sentences) == (200, 400)
    assert "100 sentences more would probably bring F1 from 60.0 to about 72" in curve.said


def test_a_curve_without_a_trend_makes_no_forecast() -> None:
    falling = fitted([Point(25, 40.0), Point(50, 35.0), Point(100, 30.0)])
    assert falling.forecasts == ()
    assert "does not grow" in falling.said
    assert "F1 is 0 in all trainings" in fitted([Point(n, 0.0) for n in (25, 50, 100)]).said


def test_the_page_is_self_contained_and_escapes_what_it_shows(corpus: Audit) -> None:
    html = audit_page(corpus, "Check of <mine>")
    assert "<b>" not in re.sub(r"<b>[\d.,]*</b>", "", html)
    assert "&lt;b&gt; &amp; ," in html
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", html)
    assert html.count("<h2 id=") == len({one.kind for one in corpus.findings})
    assert '<div class="text" dir="auto">' in html
    assert '<span class="here">القاهرة</span>' in html
    assert "train.conll, line 90" in html
    for severity in ("error", "warning", "note"):
        assert f'class="finding {severity}"' in html


def test_the_page_lists_a_limited_number_of_findings(tmp_path: Path) -> None:
    split = written(tmp_path, "train", *(f"x{n} Rome/B-LOC ,/I-LOC" for n in range(320)))
    html = audit_page(audit([split]), "title")
    assert "The first 300 of 320 are listed." in html
    assert html.count('<li class="finding') == 300


def test_the_record_has_all_findings_and_numbers(corpus: Audit) -> None:
    record = json.loads(json.dumps(record_of(corpus), ensure_ascii=False))
    assert len(record["findings"]) == len(corpus.findings)
    assert record["counts"]["errors"] == corpus.count(Severity.ERROR) > 0
    first = record["findings"][0]
    assert first["kind"] == "sequence"
    assert first["words"] == ["Rome"]
    assert first["place"]["line"] == 90
    assert record["splits"]["test"]["entities"] == {"LOC": 3}


def test_nothing_is_said_of_nothing() -> None:
    assert summary(Audit((), ())) == "Nothing was found."
    one = Finding(Kind.FILE, Severity.ERROR, "x")
    assert summary(Audit((), [one, one._replace(severity=Severity.NOTE)])) == (
        "Found 1 error and 1 note."
    )


class TestBrief:
    def data(self, folder: Path, train: list[str], test: list[str]) -> ConllDataModule:
        """Write a corpus of training and test sentences."""
        for name, sentences in {"train": train, "dev": ["u v/B-LOC"], "test": test}.items():
            (folder / f"{name}.conll").write_text(lines(*sentences))
        paths = (folder / f"{name}.conll" for name in ("train", "dev", "test"))
        return ConllDataModule(*paths)

    def test_a_clean_corpus_is_not_mentioned(self) -> None:
        assert brief(SampleDataModule(language="sw")) is None

    def test_only_what_fit_does_not_list_is_counted(self, tmp_path: Path) -> None:
        # `fit` itself says that a test sentence is a training sentence, and names PRE.
        train = ["Ann/B-PER left Rome/B-LOC now", "Bob/B-PRE", *(f"N{n}/B-PER" for n in range(9))]
        data = self.data(tmp_path, train, ["Ann/B-PER left Rome/B-LOC now"])
        assert brief(data) is None
        data = self.data(tmp_path, [*train, "x Oslo/I-LOC", "y Bonn/B-LOC ,/I-LOC"], ["z"])
        assert brief(data) == "2 errors in the data"

    def test_a_large_corpus_is_looked_at_in_part(self, tmp_path: Path) -> None:
        train = ["Ann/B-PER left"] * MOST
        assert brief(self.data(tmp_path, [*train, "y Bonn/B-LOC ,/I-LOC"], ["z"])) is None
        train[5] = "y Bonn/B-LOC ,/I-LOC"
        said = brief(self.data(tmp_path, train, ["z"]))
        assert said == "1 error in the first 2,000 sentences of each split"
