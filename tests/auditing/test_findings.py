"""Each kind of finding, at its exact place."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lowner_pl.auditing import Finding, Role, Severity, Split
from lowner_pl.auditing.findings.borders import doubtful_borders
from lowner_pl.auditing.findings.differences import differing_tags
from lowner_pl.auditing.findings.rare_types import rare_types
from lowner_pl.auditing.findings.scripts import mixed_scripts
from lowner_pl.auditing.findings.sequences import broken, broken_sequences
from lowner_pl.auditing.findings.shared import shared_sentences
from lowner_pl.auditing.findings.type_names import mistyped_types
from lowner_pl.corpus import Scheme

from .corpora import placed, written

Search = Callable[[Sequence[Split]], Iterator[Finding]]
TRAIN_AND_TEST: tuple[Role, Role] = ("train", "test")
CYRILLIC_A = "\u0430"


def found(search: Search, *splits: Split) -> list[tuple[str, str]]:
    """Return the severity and the place of each finding."""
    findings = list(search(splits))
    return [(str(f.severity), at) for f, at in zip(findings, placed(findings), strict=True)]


class TestSequences:
    def test_inside_without_beginning_is_an_error_at_its_line(self, tmp_path: Path) -> None:
        train = written(
            tmp_path,
            "train",
            "Ann/B-PER Lee/I-PER left",
            "in Rome/I-LOC Ann/B-PER City/I-LOC",
        )
        assert found(broken_sequences, train) == [
            ("error", "train.conll:6"),
            ("error", "train.conll:8"),
        ]
        first, second = broken_sequences([train])
        assert "I-LOC follows O, without B-LOC" in first.text
        assert "I-LOC follows B-PER, without B-LOC" in second.text

    def test_a_whole_file_in_iob1_has_no_findings(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "Ann/I-PER left", "in Rome/I-LOC City/I-LOC")
        assert train.scheme == "iob1"
        assert not found(broken_sequences, train)

    def test_lines_that_are_no_words_are_counted(self, tmp_path: Path) -> None:
        file = tmp_path / "train.conll"
        file.write_text("# text = A\nAnn\tB-PER\n# a comment\nleft\tO\nRome\tI-LOC\n", "utf-8")
        from lowner_pl.auditing import read_split
        from lowner_pl.corpus import ConllFormat

        split, _ = read_split(file, "train", "train", ConllFormat())
        assert found(broken_sequences, split) == [("error", "train.conll:5")]

    @pytest.mark.parametrize(
        ("scheme", "tags", "positions"),
        [
            ("iobes", "B-A I-A E-A S-A O", []),
            ("iobes", "B-A O", [1]),
            ("iobes", "I-A E-A", [0]),
            ("iobes", "B-A S-B", [1]),
            ("iobes", "O B-A", [1]),
            ("bilou", "B-A L-A U-A", []),
            ("bilou", "B-A L-B", [1]),
            ("bmes", "B-A M-A E-A", []),
            ("bmes", "M-A E-A", [0]),
            ("iob2", "B-A B-A I-A", []),
        ],
    )
    def test_other_schemes_end_what_they_begin(
        self, scheme: Scheme, tags: str, positions: list[int]
    ) -> None:
        assert [position for position, _ in broken(tags.split(), scheme)] == positions


class TestTypes:
    def test_a_mistyped_type_is_an_error_wherever_it_occurs(self, tmp_path: Path) -> None:
        names = [f"N{n}/B-PER" for n in range(9)]
        train = written(tmp_path, "train", " ".join(names), "a Bea/B-PRE")
        test = written(tmp_path, "test", "Cid/B-PER", "Dan/B-PRE left")
        assert found(mistyped_types, train, test) == [
            ("error", "train.conll:12"),
            ("error", "test.conll:3"),
        ]
        assert (
            "2 entities have the type 'PRE', 10 have 'PER'"
            in next(mistyped_types([train, test])).text
        )

    def test_types_that_differ_only_in_case_are_errors_however_frequent(
        self, tmp_path: Path
    ) -> None:
        train = written(tmp_path, "train", "a/B-Per b/B-PER c/B-PER", "d/B-Per e/B-PER")
        assert placed(list(mistyped_types([train]))) == ["train.conll:1", "train.conll:5"]

    def test_a_type_that_is_hardly_rarer_is_no_finding(self, tmp_path: Path) -> None:
        assert not found(mistyped_types, written(tmp_path, "train", "a/B-PER " * 9, "b/B-PRE " * 2))

    def test_types_that_are_not_alike_are_no_findings(self, tmp_path: Path) -> None:
        assert not found(mistyped_types, written(tmp_path, "train", "a/B-PER " * 9, "b/B-LOC"))


class TestDifferences:
    def test_other_tags_in_the_same_context_are_errors(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "we flew to Rome/B-LOC on Monday", "He left Rome")
        test = written(tmp_path, "test", "they flew to Rome/B-ORG on Tuesday")
        assert found(differing_tags, train, test)[:1] == [("warning", "train.conll:4")]
        same = written(tmp_path, "test", "we flew to Rome/B-ORG on Monday")
        (finding,) = differing_tags([train, same])
        assert finding.severity is Severity.ERROR
        assert [str(place).rpartition("/")[2] for place in finding.others] == ["test.conll:4"]
        assert "is LOC here, but ORG in 1 other place in the same context" in finding.text

    def test_a_forgotten_entity_is_found_by_many_others(self, tmp_path: Path) -> None:
        places = [f"w{n} Rome/B-LOC v{n}" for n in range(4)]
        train = written(tmp_path, "train", *places, "x Rome y")
        (finding,) = differing_tags([train])
        assert placed([finding]) == ["train.conll:18"]
        assert "“Rome” is no entity here, but LOC in 4 other places." in finding.text
        few = written(tmp_path, "train", *places[:2], "x Rome y")
        assert not found(differing_tags, few)

    def test_an_ordinary_word_that_is_a_name_once_is_a_note(self, tmp_path: Path) -> None:
        often = [f"w{n} may v{n}" for n in range(40)]
        train = written(tmp_path, "train", *often, "x may/B-PER y", "4 4 4 4 4 4/B-LOC b")
        assert found(differing_tags, train) == [("note", "train.conll:162")]

    def test_a_border_that_differs_is_found(self, tmp_path: Path) -> None:
        places = [f"w{n} New/B-LOC York/I-LOC v{n}" for n in range(4)]
        train = written(tmp_path, "train", *places, "x New/B-LOC York y")
        (finding,) = differing_tags([train])
        assert placed([finding]) == ["train.conll:22"]
        assert "an entity with other borders here, but LOC" in finding.text

    def test_a_name_inside_a_longer_name_is_no_finding(self, tmp_path: Path) -> None:
        places = [f"w{n} Kenya/B-LOC v{n}" for n in range(5)]
        train = written(tmp_path, "train", *places, "the Bank/B-ORG of/I-ORG Kenya/I-ORG says")
        assert not found(differing_tags, train)

    def test_a_name_between_the_same_words_as_in_a_longer_name_is_a_note(
        self, tmp_path: Path
    ) -> None:
        longer = "University/B-ORG of/I-ORG York/I-ORG said"
        train = written(tmp_path, "train", f"the {longer} x", "people of York/B-LOC said y")
        assert found(differing_tags, train) == [("note", "train.conll:4")]

    def test_most_likely_errors_weigh_most(self, tmp_path: Path) -> None:
        often = [f"w{n} Rome/B-LOC v{n}" for n in range(20)]
        rarely = [f"w{n} Oslo/B-LOC v{n}" for n in range(4)]
        train = written(tmp_path, "train", *often, *rarely, "x Rome y", "x Oslo y")
        rome, oslo = sorted(differing_tags([train]), key=lambda one: -one.weight)
        assert ("Rome" in rome.text, "Oslo" in oslo.text) == (True, True)
        assert (rome.severity, oslo.severity) == (Severity.WARNING, Severity.NOTE)


class TestBorders:
    @pytest.mark.parametrize(
        ("sentence", "line"),
        [
            ("in Rome/B-LOC ,/I-LOC now", 3),
            ("in Rome,/B-LOC now", 2),
            ("in (/B-LOC Rome/I-LOC now", 2),
            ("in ,/B-LOC now", 2),
            ("في القاهرة/B-LOC ،/I-LOC", 3),
            ("में दिल्ली/B-LOC ।/I-LOC", 3),
            ("in Nai/B-LOC ##robi now", 2),
            ("in Nai ##robi/B-LOC now", 3),
            ("in Nai@@/B-LOC robi now", 2),
            ("Nairobi in Nai/B-LOC robi now", 3),
        ],
    )
    def test_punctuation_and_parts_of_words_are_found(
        self, tmp_path: Path, sentence: str, line: int
    ) -> None:
        assert placed(list(doubtful_borders([written(tmp_path, "train", sentence)]))) == [
            f"train.conll:{line}"
        ]

    @pytest.mark.parametrize(
        "sentence",
        [
            "Acme/B-ORG Inc/I-ORG ./I-ORG",
            "Acme/B-ORG Inc./I-ORG won",
            "J./B-PER K./I-PER Rowling/I-PER",
            "Calif./B-LOC is big",
            "Congress/B-ORG (/I-ORG INC/I-ORG )/I-ORG",
            '"/B-ORG Rossija/I-ORG "/I-ORG',
            "«/B-ORG Rossija/I-ORG »/I-ORG",
            "Ann/B-PER 's/O dog",
            "in the/O end/B-LOC these the end",
            "wa/O marekani/B-LOC wamarekani wa wa",
            "the Bakers/B-ORG '/I-ORG shop",
            "清华大学/B-ORG 附属 清华大学附属",
        ],
    )
    def test_what_belongs_to_names_is_no_finding(self, tmp_path: Path, sentence: str) -> None:
        assert not found(doubtful_borders, written(tmp_path, "train", sentence))


class TestShared:
    def test_a_test_sentence_of_the_training_data_is_an_error(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "a b c d", "Ann/B-PER left Rome now")
        dev = written(tmp_path, "dev", "x y", "ann left Rome now !")
        test = written(tmp_path, "test", "z z z z", "Ann left Rome now", "z z z z", "a", "a")
        assert found(shared_sentences, test, dev, train) == [
            ("warning", "dev.conll:4"),
            ("error", "test.conll:6"),
            ("note", "test.conll:11"),
            ("note", "test.conll:18"),
        ]
        alike, same, *_ = shared_sentences([train, dev, test])
        assert "differs only in case" in alike.text
        assert same.text == "This test sentence is also in train, with other tags."
        assert [str(place).rpartition("/")[2] for place in same.others] == ["train.conll:6"]

    def test_sentences_of_other_scripts_are_not_alike(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "ก ข ค ง", "अ आ इ ई")
        assert not found(shared_sentences, train, written(tmp_path, "test", "จ ฉ ช ซ", "क ख ग घ"))
        train = written(tmp_path, "train", "कि कि कि कि")
        assert not found(shared_sentences, train, written(tmp_path, "test", "का का का का"))

    def test_short_sentences_may_be_alike_by_chance(self, tmp_path: Path) -> None:
        train, test = (written(tmp_path, role, "Rome , Italy", "a B c") for role in TRAIN_AND_TEST)
        assert [severity for severity, _ in found(shared_sentences, train, test)] == ["note"] * 2
        assert not found(shared_sentences, train, written(tmp_path, "test", "A b C"))


class TestRareTypes:
    def test_types_that_can_not_be_learnt_or_scored_are_counted(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "a/B-PER " * 12, "b/B-LOC", "c/B-ORG " * 10)
        test = written(tmp_path, "test", "d/B-PER " * 20, "e/B-NEW f/B-LOC")
        assert sorted(found(rare_types, train, test)) == [
            ("error", "test.conll:22"),
            ("warning", "None"),
            ("warning", "test.conll:23"),
            ("warning", "train.conll:14"),
        ]
        texts = " ".join(one.text for one in rare_types([train, test]))
        assert "NEW has 1 entity in test, but none in train" in texts
        assert "ORG has no entity in test, so it isn't scored" in texts
        assert "LOC has only 1 entity in test" in texts
        assert "100 points of recall" in texts

    def test_training_data_alone_have_only_types_too_rare_to_learn(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "a/B-PER " * 10, "b/B-LOC " * 9)
        assert found(rare_types, train) == [("warning", "train.conll:12")]

    def test_a_typing_error_is_no_rare_type_too(self, tmp_path: Path) -> None:
        train = written(tmp_path, "train", "a/B-PER " * 10, "b/B-PRE")
        test = written(tmp_path, "test", "a/B-PER " * 20, "b/B-per")
        assert not found(rare_types, train, test)
        assert len(found(mistyped_types, train, test)) == 2


class TestScripts:
    def test_a_letter_that_looks_like_another_is_an_error(self, tmp_path: Path) -> None:
        word = f"N{CYRILLIC_A}irobi"
        train = written(tmp_path, "train", f"in {word}/B-LOC", f"to {word}")
        (finding,) = mixed_scripts([train])
        assert (finding.severity, placed([finding])) == (Severity.ERROR, ["train.conll:2"])
        assert "U+0430 CYRILLIC SMALL LETTER A" in finding.text
        assert [str(place).rpartition("/")[2] for place in finding.others] == ["train.conll:5"]

    @pytest.mark.parametrize("word", ["SMS\u0647\u0627", "WHOর", "km漢"])
    def test_other_mixtures_are_notes(self, tmp_path: Path, word: str) -> None:
        assert found(mixed_scripts, written(tmp_path, "train", word)) == [("note", "train.conll:1")]

    def test_an_invisible_character_is_a_warning(self, tmp_path: Path) -> None:
        split = written(tmp_path, "train", "x Nai\u200brobi")
        assert found(mixed_scripts, split) == [("warning", "train.conll:2")]
        assert "U+200B ZERO WIDTH SPACE" in next(mixed_scripts([split])).text

    def test_a_character_that_turns_the_text_does_not_turn_the_message(
        self, tmp_path: Path
    ) -> None:
        split = written(tmp_path, "train", "x Nai\u202erobi")
        text = next(mixed_scripts([split])).text
        assert text.startswith("“\u2068Nai\u202erobi\u2069” has the invisible character U+202E")

    @pytest.mark.parametrize(
        "word", ["COVID-та", "日本のタワー", "می\u200cشود", "मुंबई", "5µm", "ﾃﾞｰﾀ", "\uff2easa"]
    )
    def test_ordinary_words_are_no_findings(self, tmp_path: Path, word: str) -> None:
        assert not found(mixed_scripts, written(tmp_path, "train", word))
