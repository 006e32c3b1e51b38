"""Builds networks with placeholders, trains them and evaluates them."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "lesson_checkpoint": "lesson_checkpoint",
        "network_session": "NetworkSession",
        "networks": "alexnet build",
        "runs": "train_in_folder",
    },
)
