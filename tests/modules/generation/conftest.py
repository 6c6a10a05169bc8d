"""Fixtures shared by the tests of MulDA."""

import pytest

from ...sequence_models import Kind, fresh_sequence_model
from .mulda_models import GOLD, KINDS


@pytest.fixture(scope="session")
def sequence_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, str]:
    """A tiny untrained sequence-to-sequence model of each kind."""
    texts = [" ".join(sentence.words) for sentence in GOLD]
    root = tmp_path_factory.mktemp("sequences")
    return {kind: str(fresh_sequence_model(root / kind, texts, kind=kind)) for kind in KINDS}
