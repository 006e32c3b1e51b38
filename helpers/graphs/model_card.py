"""The model card: a description of the model, as JSON in a string Const of its graph.

Training adds it to the graph, and freezing copies it to the `.pb`. Other programs load
the graph as usual, because no op reads the card.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

import json

CARD_OP = "model_card"


def card_in(graph_def) -> dict | None:
    """The card stored in a GraphDef, or None.

    Raises:
      ValueError: the card is not a JSON object.
    """
    for node in graph_def.node:
        if node.name == CARD_OP and node.op == "Const":
            text = b"".join(node.attr["value"].tensor.string_val)
            return parse_card(text, f"the op {CARD_OP!r}")
    return None


def parse_card(text: bytes, where: object) -> dict:
    """The card in a JSON text.

    Args:
      where: the name of the text, for the error message.
    Raises:
      ValueError: the text is not a JSON object.
    """
    try:
        card = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{where} is not a JSON object: {error}") from error
    if not isinstance(card, dict):
        raise ValueError(f"{where} is not a JSON object")
    return card


def put_card(graph_def, card: dict) -> None:
    """Store `card` in the GraphDef, in place of its present card."""
    from tensorflow.core.framework import types_pb2

    for index, node in enumerate(graph_def.node):
        if node.name == CARD_OP:
            del graph_def.node[index]
            break
    node = graph_def.node.add(name=CARD_OP, op="Const")
    node.attr["dtype"].type = types_pb2.DT_STRING
    node.attr["value"].tensor.dtype = types_pb2.DT_STRING
    node.attr["value"].tensor.tensor_shape.SetInParent()
    node.attr["value"].tensor.string_val.append(
        json.dumps(card, ensure_ascii=False).encode()
    )
