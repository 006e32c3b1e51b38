"""The objects that a Keras config describes, found without building them."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Described(NamedTuple):
    """An object of a config, and the name of the layer that it is part of."""

    layer: str
    config: dict[str, Any]  # with `class_name`, `module`, …


def described_objects(config: Any, layer: str = "") -> Iterator[Described]:
    """Every dictionary with a class, a module or a function in it, outermost first."""
    if isinstance(config, dict):
        inner = config.get("config")
        if isinstance(config.get("class_name"), str):
            named = config.get("name") or (
                inner.get("name") if isinstance(inner, dict) else None
            )
            layer = named if isinstance(named, str) else layer
        yield Described(layer, config)
        for value in config.values():
            yield from described_objects(value, layer)
    elif isinstance(config, list):
        for value in config:
            yield from described_objects(value, layer)
