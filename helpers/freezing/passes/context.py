"""What the passes know besides the graph: where it is from, and what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.freezing.sources.captured_variables import Captured
from helpers.freezing.sources.checkpoint_values import Checkpoint, Saved, saved_names
from helpers.freezing.sources.source import Source


@dataclass
class Context:
    """The `context` of a GraphEditor while it is frozen or verified."""

    source: Source
    values: Checkpoint | Captured | None  # of the variables; None: they are inside
    places: dict[str, list[Saved]]  # where the value of each variable is
    dtype: str  # of the stored weights
    rounding_errors: dict[str, float] = field(default_factory=dict)  # when written

    @classmethod
    def of(cls, source: Source, nodes: Mapping[str, Any], dtype: str) -> "Context":
        """The context of a source, its places as the graph's own saver names them.

        Args:
          nodes: the source's nodes by name.
        """
        values = Checkpoint(source.prefix) if source.prefix else source.captured
        places = saved_names(nodes, source.meta.saver_def.restore_op_name)
        return cls(source, values, places, dtype)
