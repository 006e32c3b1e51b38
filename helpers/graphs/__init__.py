"""A GraphDef, read and edited as a protobuf message, without a session.

The editor that freezing works with, the registered ops, who feeds whom, the likely
inputs and outputs, unsafe ops, the fingerprint and the model card.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "editor": "GraphEditor",
        "fingerprint": "fingerprint",
        "model_card": "card_in put_card",
        "session_config": "session_config",
        "unsafe_ops": "unsafe_ops",
    },
)
