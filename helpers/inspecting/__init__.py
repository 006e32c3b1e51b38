"""Reports and draws what a checkpoint or a graph holds, without a session."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "inspect": "inspect",
        "scan": "scan",
        "scopes": "draw_scopes write_scopes",
    },
)
