"""The slices in which a partitioned variable is stored: their keys and places."""


def slice_key(name: str, part) -> bytes:
    """The key of one slice: name, axes, first row and count on each axis.

    The bytes of TensorFlow's EncodeTensorNameSlice, which sort as the numbers do.

    Args:
      part: a TensorSliceProto.
    """
    escaped = name.encode().replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0")
    key = b"\0" + escaped + b"\0\1"
    axes = len(part.extent)
    key += bytes([1, axes]) if axes else b"\0"
    for extent in part.extent:
        length = extent.length if extent.HasField("length") else -1  # the whole axis
        key += _ordered(extent.start) + _ordered(length)
    return key


def numpy_index(part) -> tuple[slice, ...]:
    """The index of a slice (a TensorSliceProto) in the array of its variable."""
    return tuple(
        slice(extent.start, extent.start + extent.length)
        if extent.HasField("length")
        else slice(None)
        for extent in part.extent
    )


def _ordered(number: int) -> bytes:
    """A signed number as TensorFlow's OrderedCode: bytes that sort as numbers do."""
    size = 1
    while not -(1 << 7 * size - 1) <= number < 1 << 7 * size - 1:
        size += 1
    length = (1 << size) - 1 << 7 * size  # one leading 1 bit for each byte
    return (number % (1 << 8 * size) ^ length).to_bytes(size, "big")
