"""A finished run, for the tests of the commands."""

from pathlib import Path

import pytest

from ...running import command


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of SNER."""
    root = tmp_path_factory.mktemp("trained")
    command("fit", root)
    return root
