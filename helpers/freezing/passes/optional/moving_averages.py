"""Take the moving averages of the weights in the weights' place (--ema)."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import Checkpoint, Saved
from helpers.graphs.editor import GraphEditor

SUFFIX = "/ExponentialMovingAverage"


def averaged(
    saved: dict[str, list[Saved]], nodes: dict, checkpoint: Checkpoint | None
) -> dict[str, list[Saved]]:
    """Where the variables' values are, the average's place first where there is one.

    Raises:
      FreezeError: the checkpoint has no moving averages.
    """
    if not has_averages(checkpoint):
        raise FreezeError(
            "the checkpoint holds no moving averages: no variable in it ends in "
            f"{SUFFIX[1:]}",
            "leave --ema out",
        )
    found = {name: list(places) for name, places in saved.items()}
    for name in nodes:
        keys = [name, *(place.key for place in found.get(name, ()))]
        for key in keys:
            if key + SUFFIX in checkpoint.shapes:
                found.setdefault(name, []).insert(0, Saved(key + SUFFIX))
                break
    return found


def has_averages(checkpoint: Checkpoint | None) -> bool:
    return bool(checkpoint) and any(key.endswith(SUFFIX) for key in checkpoint.shapes)


def offer(editor: GraphEditor, checkpoint: Checkpoint | None, ema: bool) -> list[str]:
    """A sentence that offers the averages, where some are there and not taken."""
    if ema or not has_averages(checkpoint):
        return []
    if any(name + SUFFIX in checkpoint.shapes for name in editor.weights):
        return ["the checkpoint also holds moving averages of the weights: see --ema"]
    return []
