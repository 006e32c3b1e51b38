"""Changes JSON at random: its values and keys, or its text."""

import json
from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.byte_mutations import mutate_bytes

DEEP = 100_000  # nested lists
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**63,
    -(2**70),
    10**400,
)
VALUES += (
    float("nan"),
    float("inf"),
    "",
    "x",
    "\ud800",
    "\0",
    "<script>",
    "x" * 20_000,
)
VALUES += ([], {}, [[]], [None], {"": 0}, {"b64": "x"}, [1, [2]], "../../etc/passwd")
WORDS = (
    b"null",
    b"NaN",
    b"1e999",
    b"\\ud800",
    b"[" * 2000,
    b'"":',
    b"{",
    b"\xff",
    b",",
)


def mutate_json(value: Any, rng: Random) -> Any:
    """The value with some of its parts replaced, renamed, doubled or left out."""
    whole = [deepcopy(value)]
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder, key = rng.choice([(whole, 0), *_places(whole[0])])
        chosen = rng.random()
        if chosen < 0.6 or holder is whole:
            holder[key] = deepcopy(rng.choice(VALUES))
        elif chosen < 0.75:
            del holder[key]
        elif isinstance(holder, dict):
            name = rng.choice((f"{key}x", "", "\ud800", "key", key.upper()))
            holder[name] = holder.pop(key)
        else:
            holder.insert(key, deepcopy(holder[key]))
    return whole[0]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every list and object with each of its indexes or keys."""
    if not isinstance(value, dict | list):
        return []
    found: list[tuple[Any, Any]] = []
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        found += _places(value[key])
    return found


def mutate_json_text(data: bytes, rng: Random) -> bytes:
    """The text of JSON with a value changed, or else its bytes, or nested deeply."""
    chosen = rng.random()
    if chosen < 0.02:
        return b"[" * DEEP + data + b"]" * DEEP
    if chosen < 0.3:
        return mutate_bytes(data, rng, words=WORDS)
    return json.dumps(mutate_json(json.loads(data), rng)).encode()
