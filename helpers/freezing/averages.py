"""Take the moving averages of the weights in the weights' place (--ema)."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.values import Checkpoint, Saved

SUFFIX = "/ExponentialMovingAverage"


def averaged(
    saved: dict[str, list[Saved]], checkpoint: Checkpoint
) -> dict[str, list[Saved]]:
    """Where the variables' values are, the average's place first where there is one.

    Raises:
      FreezeError: the checkpoint has no moving averages.
    """
    found = {name: list(places) for name, places in saved.items()}
    for key in checkpoint.shapes:
        if key.endswith(SUFFIX):
            name = key.removesuffix(SUFFIX)
            found.setdefault(name, []).insert(0, Saved(key))
    if not any(key.endswith(SUFFIX) for key in checkpoint.shapes):
        raise FreezeError(
            f"{checkpoint.prefix} holds no moving averages",
            "leave --ema out",
        )
    return found


def has_averages(checkpoint: Checkpoint) -> bool:
    return any(key.endswith(SUFFIX) for key in checkpoint.shapes)
