"""Changes bytes at random: flips, cuts, splices, blocks, integers at their limits."""

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 2_000_000  # bytes of a mutated file: what grows is cut
LIMITS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000)
LIMITS += (0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF)


def mutate_bytes(
    data: bytes,
    rng: Random,
    *,
    others: Sequence[bytes] = (),
    words: Sequence[bytes] = (),
) -> bytes:
    """The bytes with one to four changes, mostly one.

    Args:
      others: files that parts are spliced from.
      words: what the format has, like markers and keywords.
    """
    changes: list[Callable[[bytearray, Random], None]] = [
        _flip_bit,
        _flip_bit,
        _set_byte,
        _set_integer,
        _set_integer,
        _cut,
        _delete_block,
        _repeat_block,
        _move_block,
        _noise,
    ]
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        chosen = rng.randrange(len(changes) + bool(others) + 2 * bool(words))
        if chosen < len(changes):
            changes[chosen](changed, rng)
        elif others and chosen == len(changes):
            _splice(changed, rng, rng.choice(others))
        else:
            _put_word(changed, rng, rng.choice(words))
    return bytes(changed[:LONGEST])


def _place(data: bytearray, rng: Random) -> int:
    """A place in the bytes: half of them in the first 64, where headers are."""
    near = min(len(data), 64) if rng.random() < 0.5 else len(data)
    return rng.randrange(near + 1)


def _block(data: bytearray, rng: Random) -> slice:
    start = _place(data, rng)
    return slice(start, start + 1 + int(2 ** rng.uniform(0, 12)))


def _flip_bit(data: bytearray, rng: Random) -> None:
    if data:
        data[_place(data, rng) % len(data)] ^= 1 << rng.randrange(8)


def _set_byte(data: bytearray, rng: Random) -> None:
    if data:
        data[_place(data, rng) % len(data)] = rng.choice(
            (0, 0x7F, 0xFF, rng.getrandbits(8))
        )


def _set_integer(data: bytearray, rng: Random) -> None:
    """A number of 1 to 8 bytes becomes one at the limit of a type, or a near one."""
    size, order = rng.choice((1, 2, 3, 4, 8)), rng.choice(("little", "big"))
    number = rng.choice(LIMITS) + rng.choice((0, 0, 1, -1))
    place = _place(data, rng)
    data[place : place + size] = (number % (1 << 8 * size)).to_bytes(size, order)


def _cut(data: bytearray, rng: Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _delete_block(data: bytearray, rng: Random) -> None:
    del data[_block(data, rng)]


def _repeat_block(data: bytearray, rng: Random) -> None:
    where = _block(data, rng)
    data[where.start : where.start] = data[where] * rng.choice((1, 2, 50))


def _move_block(data: bytearray, rng: Random) -> None:
    place = _place(data, rng)
    data[place:place] = data[_block(data, rng)]


def _noise(data: bytearray, rng: Random) -> None:
    where = _block(data, rng)
    data[where] = rng.randbytes(len(data[where]))


def _splice(data: bytearray, rng: Random, other: bytes) -> None:
    data[_place(data, rng) :] = other[rng.randrange(len(other) + 1) :]


def _put_word(data: bytearray, rng: Random, word: bytes) -> None:
    place = _place(data, rng)
    data[place : place + rng.choice((0, len(word)))] = word
