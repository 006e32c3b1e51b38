"""What a training run prints."""

import pytest

from helpers.training.runs import describe_result


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ({"accuracy": 0.968}, "96.8% right"),
        ({"not_sure": 0.9}, "90.0% not sure"),
        ({"accuracy": 0.5, "not_sure": 0.02}, "50.0% right, 2.0% not sure"),
    ],
)
def test_a_result_is_described_by_the_shares_it_has(shares, text):
    line = describe_result("photos", {"count": 2422, **shares})
    assert line == f"2,422 photos: {text}"
