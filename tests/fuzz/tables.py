"""Writes and changes tables (`.index` files, V1 checkpoints), their checksums right."""

from random import Random

from google.protobuf.message import Message

from helpers.checkpoints.crc32c import crc32c, masked
from helpers.checkpoints.tables import FOOTER_BYTES, MAGIC, read_table
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.message_mutations import mutate_message


def write_table(entries: dict[bytes, bytes], rng: Random | None = None) -> bytes:
    """A table of one data block, its keys stored whole.

    Args:
      rng: changes the blocks and the footer at random before their checksums are made.
    """
    written = bytearray()

    def block(data: bytes) -> bytes:
        """Writes a block; returns its handle."""
        if rng is not None and rng.random() < 0.3:
            data = mutate_bytes(data, rng)
        handle = _varint(len(written)) + _varint(len(data))
        is_packed = rng is not None and rng.random() < 0.05
        written.extend(data + _trailer(data, rng.randrange(5) if is_packed else 0))
        return handle

    data_handle = block(_entries(entries))
    metaindex = block(_entries({}))
    index = block(_entries({max(entries, default=b"") + b"\0": data_handle}))
    footer = metaindex + index
    return bytes(written) + footer.ljust(FOOTER_BYTES - len(MAGIC), b"\0") + MAGIC


def table_around(block: bytes) -> bytes:
    """A table whose data block is these bytes."""
    index = _entries({b"\xff": _varint(0) + _varint(len(block))})
    parts, places = bytearray(), []
    for data in (block, _entries({}), index):
        places.append(_varint(len(parts)) + _varint(len(data)))
        parts += data + _trailer(data)
    footer = (places[1] + places[2]).ljust(FOOTER_BYTES - len(MAGIC), b"\0")
    return bytes(parts) + footer + MAGIC


def first_block(table: bytes) -> bytes:
    """The bytes of a table's only data block; all of them where it is damaged."""
    try:
        entries = dict(read_table(table))
    except ValueError:
        return table
    return _entries(entries)


def mutate_table(data: bytes, kinds: dict[bytes, type[Message]], rng: Random) -> bytes:
    """A table with some keys or values changed.

    Args:
      kinds: the message that a value is, by the beginning of its key.
    """
    entries = dict(read_table(data))
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not entries:
            break
        key = rng.choice([*entries])
        chosen = rng.random()
        if chosen < 0.1:
            del entries[key]
        elif chosen < 0.25:
            entries[mutate_bytes(key, rng)[:500]] = entries.pop(key)
        elif chosen < 0.35:
            entries[key] = mutate_bytes(entries[key], rng)
        else:
            entries[key] = _mutated(key, entries[key], kinds, rng)
    is_sorted = rng.random() < 0.9
    ordered = sorted(entries.items()) if is_sorted else [*entries.items()]
    return write_table(dict(ordered), rng if rng.random() < 0.3 else None)


def _mutated(
    key: bytes, value: bytes, kinds: dict[bytes, type[Message]], rng: Random
) -> bytes:
    found = [kind for start, kind in kinds.items() if key.startswith(start)]
    try:
        message = found[-1].FromString(value)
    except Exception:  # a value that was replaced before: any bytes
        return mutate_bytes(value, rng)
    mutate_message(message, rng)
    return message.SerializeToString()


def _trailer(data: bytes, kind: int = 0) -> bytes:
    """The compression method and the checksum of a block."""
    checked = bytes([kind])
    return checked + masked(crc32c(data + checked)).to_bytes(4, "little")


def _entries(entries: dict[bytes, bytes]) -> bytes:
    """The bytes of a block with one restart."""
    parts = []
    for key, value in entries.items():
        parts += [b"\0", _varint(len(key)), _varint(len(value)), key, value]
    restarts = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    return b"".join(parts) + restarts


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
