"""CRC-32C, the checksum in TensorFlow's files, computed with NumPy.

A checksum is linear: the register after a message is the exclusive or of the
registers after each word alone. So NumPy combines all pairs of neighbouring words
of a chunk at once, and a chunk of n words takes log2(n) steps.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from functools import cache

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli's (RFC 3720), bits reversed
CHUNK_WORDS = 1 << 16  # 256 KiB, which fit into a core's L2 cache
# Four bytes that take the register from 0 to 0xFFFFFFFF, where CRC-32C starts.
START = bytes.fromhex("54641f64")
MASK_DELTA = 0xA282EAD8  # tensorflow/core/lib/hash/crc32c.h


def crc32c(data) -> int:
    """The CRC-32C of bytes or of an object with a buffer: an array, a memory map."""
    data = memoryview(data).cast("B")
    head = len(data) % 4
    padded = bytes(-head % 4) + START + bytes(data[:head])
    register = _fold(np.frombuffer(padded, "<u4"))
    words = np.frombuffer(data[head:], "<u4")
    for first in range(0, len(words), CHUNK_WORDS):
        chunk = words[first : first + CHUNK_WORDS].copy()
        chunk[0] ^= register
        register = _fold(chunk)
    return int(register) ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as it is stored: rotated by 15 bits and shifted by MASK_DELTA.

    The checksum of data that contains its own checksums would be degenerate.
    """
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def _fold(words: np.ndarray) -> np.uint32:
    """The register after these words, starting from 0."""
    level = 0
    while len(words) > 1:
        if len(words) % 2:
            words = np.concatenate([np.zeros(1, "<u4"), words])
        words = _advanced(words[0::2], _table(level)) ^ words[1::2]
        level += 1
    return _advanced(words, _table(0))[0]


def _advanced(registers: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The registers after the number of zero bytes that the table is for."""
    low, high = registers & 0xFFFF, registers >> 16
    return table[0].take(low) ^ table[1].take(high)


@cache
def _table(level: int) -> np.ndarray:
    """A lookup table: registers after 4 * 2**level zero bytes, uint32 [2, 65536].

    Row 0 is for the lower 16 bits of a register, row 1 for the upper 16.
    """
    if level:
        half = _table(level - 1)
        return np.stack([_advanced(half[0], half), _advanced(half[1], half)])
    registers = np.arange(65536, dtype="<u4") << np.array([[0], [16]], "<u4")
    for _ in range(32):
        odd = registers & 1
        registers = registers >> 1 ^ odd * np.uint32(POLYNOMIAL)
    return registers
