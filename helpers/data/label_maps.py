"""Reads class names from a label map, as TensorFlow's Object Detection API writes it.

It is the text form of a protobuf message: item { id: 1 name: 'cat' }.
"""

import re

from google.protobuf.text_encoding import CUnescape

from helpers.data.label_tables import in_order
from helpers.foreign.texts import shown

TEXT = r"""\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"""
# A quote without its end stops the search, which would begin again at every quote.
COMMENT = re.compile(rf"({TEXT}|[^\"'#]+)|#[^\n]*|(?P<open>[\"'])")
ITEM = re.compile(rf"\s*item\s*:?\s*\{{((?:{TEXT}|[^{{}}\"'])*)\}}\s*,?")
FIELD = re.compile(rf"\s*(\w+)\s*:\s*({TEXT}|-?[0-9]{{1,9}}|\w+)\s*[,;]?")
NAMES = ("display_name", "name")  # the better one first


def names_in_label_map(text: str) -> list[str]:
    """The names of the items, in the order of their ids, which count from 0 or 1.

    Raises:
      ValueError: the text is no label map, or an item lacks its id or name; the
        message continues a sentence that begins with the file.
    """
    text = COMMENT.sub(_without_comment, text)
    items, at = [], 0
    while found := ITEM.match(text, at):
        items.append(_fields(found[1]))
        at = found.end()
    if rest := text[at:].strip():
        raise ValueError(
            f"is no label map at {shown(rest[:40])}: expected items like "
            "item { id: 1 name: 'cat' }"
        )
    for place, item in enumerate(items, 1):
        if "id" not in item or not any(field in item for field in NAMES):
            raise ValueError(f"has no id, or no name, in item {place:,}")
    shared = [field for field in NAMES if all(field in item for item in items)]
    if not shared:
        raise ValueError("has a display_name in some items and a name in others")
    return in_order([(_number(item["id"]), _text(item[shared[0]])) for item in items])


def _without_comment(found: re.Match) -> str:
    if found["open"]:
        line = found.string.count("\n", 0, found.start()) + 1
        raise ValueError(f"is no label map: a quote in line {line} has no end there")
    return found[1] or ""


def _fields(text: str) -> dict[str, str]:
    """The fields of an item as they are written."""
    fields, at = {}, 0
    while found := FIELD.match(text, at):
        if found[1] in fields:
            raise ValueError(f"has the field {shown(found[1])} twice in one item")
        fields[found[1]] = found[2]
        at = found.end()
    if rest := text[at:].strip():
        raise ValueError(f"has no field of an item at {shown(rest[:40])}")
    return fields


def _number(written: str) -> int:
    try:
        return int(written)
    except ValueError as error:
        raise ValueError(f"has the id {shown(written)}, not a whole number") from error


def _text(written: str) -> str:
    """The text that is written in quotes, with protobuf's escapes."""
    if written[0] not in "\"'":
        raise ValueError(f"has the name {shown(written)} without quotes")
    try:
        return CUnescape(written[1:-1]).decode()
    except ValueError as error:
        raise ValueError(f"has a name that is not UTF-8: {shown(written)}") from error
