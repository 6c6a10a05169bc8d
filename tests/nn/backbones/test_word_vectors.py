import numpy as np
import pytest
from transformers import AutoModelForMaskedLM, AutoTokenizer

from lowner_pl.augmentation import EntitySimilarityCodeMixing
from lowner_pl.corpus import Sentence
from lowner_pl.nn import BackboneVectors


def test_a_vector_is_the_mean_of_the_models_input_embeddings(tiny: str) -> None:
    vectors = BackboneVectors(tiny).lookup("sw", ["Juma", "alifika", "人"])
    table = AutoModelForMaskedLM.from_pretrained(tiny).get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    assert set(vectors) == {"Juma", "alifika"}
    for word, vector in vectors.items():
        ids = tokenizer(word, add_special_tokens=False)["input_ids"]
        expected = sum(table[id_].detach().double().numpy() for id_ in ids) / len(ids)
        np.testing.assert_allclose(vector, expected)


def test_a_name_in_both_languages_is_most_similar_to_itself() -> None:
    english = [Sentence((name, "sleeps"), ("B-LOC", "O"), "en") for name in ("Oslo", "Paris")]
    swahili = [
        Sentence(("Mwanza", "ni", "mji"), ("B-LOC", "O", "O"), "sw"),
        Sentence(("huko", "Paris"), ("O", "B-LOC"), "sw"),
    ]
    mixing = EntitySimilarityCodeMixing(BackboneVectors())
    new = {s.words for s in mixing.augment([*english, *swahili], seed=0)}
    # Paris is replaced by Paris, so both of its sentences give nothing new.
    assert new
    assert new <= {("Mwanza", "sleeps"), ("Oslo", "ni", "mji"), ("Paris", "ni", "mji")}


def test_a_backbone_that_does_not_exist_is_rejected(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError, match="is not a complete folder"):
        BackboneVectors(f"{tmp_path}/none").lookup("en", ["a"])
