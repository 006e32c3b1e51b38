"""Frozen graphs that answer: loaded once, several by name, followed as files appear.

A FrozenModel is one graph with one session; a Library holds several, with their
versions; a Reloader loads what is published while others answer.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "frozen_model": "FrozenModel read_graph_def",
        "library": "Library UnknownModel",
        "occlusion": "explain",
        "predict_files": "predict_files",
        "reloading": "Reloader follow",
        "versions": "model_files published_in",
    },
)
