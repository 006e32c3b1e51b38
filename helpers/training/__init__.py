"""Builds networks with placeholders, trains them and evaluates them."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "colour_network": "save_colour_network",
        "lesson_checkpoint": "lesson_checkpoint",
        "network_session": "NetworkSession",
        "networks": "alexnet build",
        "old_network": "save_old_network",
        "runs": "train_in_folder",
        "things_network": "ThingsNetwork drawn_things",
    },
)
