"""Changes zips at random: their bytes, or members whose checksums are made anew."""

import io
import zipfile
from collections.abc import Callable
from random import Random

from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.json_mutations import mutate_json_text

NAMES = ("../x", "/x", "a" * 300, "", "x/", "config.json", "é", "a\\b", "CON", "\0x")
Change = Callable[[bytes, Random], bytes]


def mutate_zip(data: bytes, rng: Random, change: Change | None = None) -> bytes:
    """The zip with its bytes changed, or with a member changed, renamed or left out.

    Args:
      change: how a member that is not JSON is changed; default: its bytes.
    """
    if rng.random() < 0.3:
        return mutate_bytes(data, rng)
    members = members_of(data)
    name = rng.choice([*members])
    chosen = rng.random()
    if chosen < 0.1:
        del members[name]
    elif chosen < 0.2:
        members[rng.choice(NAMES) or "x"] = members.pop(name)
    elif name.endswith(".json"):
        members[name] = mutate_json_text(members[name], rng)
    else:
        members[name] = (change or mutate_bytes)(members[name], rng)
    return zip_of(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def members_of(data: bytes) -> dict[str, bytes]:
    """The contents of a zip's files by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of these files, the same bytes at every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()
