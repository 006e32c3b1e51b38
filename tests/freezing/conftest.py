"""The checkpoint that many tests of freezing share."""

import pytest

from tests.freezing.small_models import perceptron, save


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    """The prefix of a small network's checkpoint, new for each module."""
    return save(perceptron, tmp_path_factory.mktemp("model"))
