"""Reads and edits a GraphDef as a protobuf message, without a session.

Has the graph editor, the edges between nodes, the registry of ops, the search for
likely inputs and outputs, the list of unsafe ops, the fingerprint and the model card.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "editor": "GraphEditor",
        "fingerprint": "fingerprint",
        "model_card": "card_in put_card",
        "own_graph": "import_alone",
        "session_config": "session_config",
        "unsafe_ops": "unsafe_ops",
    },
)
