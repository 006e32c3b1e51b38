"""Replaces the weights with their moving averages (--ema)."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import SavedTensor
from helpers.graphs.editor import GraphEditor

SUFFIX = "/ExponentialMovingAverage"


def take_moving_averages(editor: GraphEditor) -> int:
    """Read each variable from its moving average if the checkpoint has one.

    Returns:
      the number of variables.
    Raises:
      FreezeError: the checkpoint has no moving averages.
    """
    context = editor.context
    shapes = context.values.shapes if context.values else {}
    if not any(key.endswith(SUFFIX) for key in shapes):
        raise FreezeError(
            "the checkpoint holds no moving averages: no variable in it ends in "
            f"{SUFFIX[1:]}",
            "leave --ema out",
        )
    places = {name: list(found) for name, found in context.places.items()}
    taken = 0
    for name in editor.original:
        keys = [name, *(place.key for place in places.get(name, ()))]
        averages = [key + SUFFIX for key in keys if key + SUFFIX in shapes]
        if averages:
            places.setdefault(name, []).insert(0, SavedTensor(averages[0]))
            taken += 1
    context.places = places
    return taken


def unused_averages_warning(editor: GraphEditor) -> list[str]:
    """A sentence that mentions --ema, if the checkpoint has averages of the weights."""
    values = editor.context.values
    if values and any(name + SUFFIX in values.shapes for name in editor.weights):
        return ["the checkpoint also holds moving averages of the weights: see --ema"]
    return []
