"""A finished run, for the tests of the commands."""

from pathlib import Path

import pytest

from ...running import finished


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of SNER."""
    return finished(tmp_path_factory.mktemp("trained"))
