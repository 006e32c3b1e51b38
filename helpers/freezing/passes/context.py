"""What the graph passes know besides the graph: its source and the options."""

from dataclasses import dataclass, field

from helpers.freezing.analysis.moving_statistics import BatchNorm
from helpers.freezing.sources.captured_variables import CapturedValues
from helpers.freezing.sources.checkpoint_values import CheckpointValues, SavedTensor
from helpers.freezing.sources.source import Source


@dataclass
class Context:
    """The `context` of a GraphEditor while its graph is frozen or verified."""

    source: Source
    values: CheckpointValues | CapturedValues | None  # None: a graph without variables
    places: dict[str, list[SavedTensor]]  # variable -> where savers store it
    dtype: str  # of the weights in the frozen graph
    rounding_errors: dict[str, float] = field(default_factory=dict)  # by weight
    batch_norms: list[BatchNorm] = field(default_factory=list)  # with averages now
