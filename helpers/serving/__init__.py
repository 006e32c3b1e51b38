"""Loads frozen graphs and predicts with them.

A FrozenModel is one graph with one session; a Library holds several models in several
versions; a Reloader loads newly published versions while the others keep serving.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "app_process": "start_app",
        "frozen_model": "FrozenModel",
        "library": "Library UnknownModel",
        "model_file": "read_graph_def",
        "occlusion": "explain",
        "predict_files": "predict_files",
        "reloading": "Reloader follow",
        "versions": "model_files published_in",
    },
)
