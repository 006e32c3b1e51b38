"""Take the moving averages of the weights in the weights' place (--ema)."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import Checkpoint, Saved
from helpers.graphs.editor import GraphEditor

SUFFIX = "/ExponentialMovingAverage"


def take_moving_averages(editor: GraphEditor) -> int:
    """Read each variable from its moving average where there is one; how many.

    Raises:
      FreezeError: the checkpoint has no moving averages.
    """
    context = editor.context
    if not has_averages(context.values):
        raise FreezeError(
            "the checkpoint holds no moving averages: no variable in it ends in "
            f"{SUFFIX[1:]}",
            "leave --ema out",
        )
    places = {name: list(found) for name, found in context.places.items()}
    taken = 0
    for name in editor.original:
        keys = [name, *(place.key for place in places.get(name, ()))]
        averages = [
            key + SUFFIX for key in keys if key + SUFFIX in context.values.shapes
        ]
        if averages:
            places.setdefault(name, []).insert(0, Saved(averages[0]))
            taken += 1
    context.places = places
    return taken


def has_averages(checkpoint: Checkpoint | None) -> bool:
    return bool(checkpoint) and any(key.endswith(SUFFIX) for key in checkpoint.shapes)


def mention_averages(editor: GraphEditor, *, taken: bool) -> list[str]:
    """A sentence that mentions --ema, where averages are there and not taken."""
    checkpoint = editor.context.values
    if taken or not has_averages(checkpoint):
        return []
    if any(name + SUFFIX in checkpoint.shapes for name in editor.weights):
        return ["the checkpoint also holds moving averages of the weights: see --ema"]
    return []
