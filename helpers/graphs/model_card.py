"""The model card: a description of the model, as JSON in a string Const of its graph.

Training adds it to the graph, and freezing copies it to the `.pb`. Other programs load
the graph as usual, because no op reads the card.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

import json

from helpers.foreign.json_text import json_object
from helpers.graphs.card_fields import refuse_invalid, without_absent

CARD_OP = "model_card"
STRING = 7  # DT_STRING in TensorFlow's types.proto


def card_in(graph_def, where: object = "the graph") -> dict | None:
    """The card stored in a GraphDef, without empty fields; None: it has no card.

    Args:
      where: the graph's file, for the error message.
    Raises:
      ValueError: the card is not a JSON object, or a field of it is not valid.
    """
    for node in graph_def.node:
        if node.name == CARD_OP and node.op == "Const":
            place = f"{where}: the op {CARD_OP!r}"
            card = json_object(_text_in(node.attr["value"].tensor, place), place)
            refuse_invalid(card, where)
            return without_absent(card)
    return None


def parse_card(text: bytes, where: object) -> dict:
    """The card in a JSON text; every field that programs read has a valid value.

    Args:
      where: the name of the text, for the error message.
    Raises:
      ValueError: the text is not a JSON object, or a field of it is not valid.
    """
    card = json_object(text, where)
    refuse_invalid(card, where)
    return card


def _text_in(tensor, where: str) -> bytes:
    """The one text of a string tensor, in either form that a TensorProto stores it in.

    Raises:
      ValueError: the tensor holds none, or several.
    """
    if tensor.dtype != STRING:
        raise ValueError(f"{where} is not a JSON object: it holds numbers, not a text")
    texts = [*tensor.string_val]
    if not texts and tensor.tensor_content:
        texts = [_packed_text(tensor.tensor_content, where)]
    if len(texts) != 1:
        raise ValueError(f"{where} is not a JSON object: it holds {len(texts)} texts")
    return texts[0]


def _packed_text(content: bytes, where: str) -> bytes:
    """The text after its length, which is written in groups of seven bits.

    Raises:
      ValueError: there is not one text of this length.
    """
    length = 0
    for place, byte in enumerate(content[:5]):
        length |= (byte & 127) << 7 * place
        if byte < 128:
            text = content[place + 1 :]
            if len(text) == length:
                return text
            break
    raise ValueError(
        f"{where} is not a JSON object: its tensor_content is not one text"
    )


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
