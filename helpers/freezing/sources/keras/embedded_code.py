"""Find the Python code that a Keras file holds, and say what is in it.

Code is read as bytes, and neither loaded nor run.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from helpers.freezing.sources.keras.config_objects import described_objects

IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\Z")
SHORT, LONG = b"zZ", b"aAuts"  # marshal's types of strings: a size of 1 byte, or of 4
SHARED = 0x80  # the bit of marshal's types whose object is referred to again
DROPPED = {"lambda", "self"}


class EmbeddedCode(NamedTuple):
    """Bytecode in a config, and the dictionary and key where it stands."""

    layer: str
    role: str  # "function", or what else of the layer it is
    encoded: str  # base64 of marshalled bytecode, or text of older files
    defaults: Any
    closure: Any
    holder: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the function that stands for the code: the layer's, as a rule."""
        name = self.layer if self.role == "function" else f"{self.layer}_{self.role}"
        return re.sub(r"\W", "_", name) or "function"

    @property
    def bytecode(self) -> bytes:
        """The marshalled code."""
        try:
            return base64.b64decode(self.encoded, validate=False)
        except (binascii.Error, ValueError):
            return self.encoded.encode("raw_unicode_escape")

    def names(self) -> list[str]:
        """The names that the code mentions, as far as its bytes show them."""
        return list(dict.fromkeys(_names_in(self.bytecode)))

    def refer_to(self, name: str) -> None:
        """Make the config name a function instead of holding its code."""
        if isinstance(self.holder[self.role], dict):  # of Keras 3
            self.holder[self.role] = {
                "module": "builtins",
                "class_name": "function",
                "config": name,
                "registered_name": name,
            }
            return
        self.holder[self.role], self.holder[f"{self.role}_type"] = name, "function"
        self.holder["module" if self.role == "function" else f"{self.role}_module"] = (
            None
        )

    def __str__(self) -> str:
        names = ", ".join(self.names()[:8])
        return f"{self.layer!r}" + (f" (its code names {names})" if names else "")


def embedded_code(config: Any) -> list[EmbeddedCode]:
    """All bytecode that a model's config holds."""
    return list(_found(config))


def _found(config: Any) -> Iterator[EmbeddedCode]:
    for layer, item in described_objects(config):
        for role, value in item.items():
            if isinstance(value, dict) and value.get("class_name") == "__lambda__":
                inner = value.get("config")
                inner = inner if isinstance(inner, dict) else {"code": inner}
                parts = inner.get("code", inner.get("value"))
                known = inner.get("defaults"), inner.get("closure")
                yield _code(layer, role, parts, item, known)
            elif item.get(f"{role}_type") == "lambda":
                yield _code(layer, role, value, item, (None, None))


def _code(
    layer: str, role: str, parts: Any, holder: dict[str, Any], known: tuple[Any, Any]
) -> EmbeddedCode:
    """The code, which stands alone or in a list with its defaults and its closure."""
    if isinstance(parts, list):
        code, *rest = [*parts, None, None, None]
        return EmbeddedCode(layer, role, str(code), rest[0], rest[1], holder)
    return EmbeddedCode(layer, role, str(parts), *known, holder)


def _names_in(data: bytes) -> Iterator[str]:
    """The identifiers among the strings of marshalled data, of any Python version."""
    at = 0
    while at < len(data):
        kind, start = data[at] & ~SHARED, at + 1
        if kind in SHORT:
            size, start = int.from_bytes(data[start : start + 1], "little"), start + 1
        elif kind in LONG:
            size, start = int.from_bytes(data[start : start + 4], "little"), start + 4
        else:
            at += 1
            continue
        text = data[start : start + size]
        if 1 < size == len(text) and IDENTIFIER.match(text):
            name, at = text.decode(), start + size
            if name not in DROPPED:
                yield name
        else:
            at += 1
