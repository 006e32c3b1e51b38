"""The keys of slices."""

import pytest
from tensorflow.core.framework.tensor_slice_pb2 import TensorSliceProto

from helpers.checkpoints.tensor_slices import slice_key


@pytest.mark.parametrize("number", [0, 63, 64, -1, -64, -65, 8191, 8192, 10**9])
def test_slice_keys_sort_as_their_numbers_do(number):
    def key(start: int) -> bytes:
        part = TensorSliceProto(extent=[{"start": start, "length": 1}])
        return slice_key("v", part)

    assert key(number - 1) < key(number) < key(number + 1)
