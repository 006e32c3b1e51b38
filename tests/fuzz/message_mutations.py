"""Changes fields of a protobuf message at random; what results can be serialized."""

from collections.abc import Iterator
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.fuzz.byte_mutations import LIMITS, mutate_bytes

TEXTS = (
    "",
    "x",
    "x:0",
    "^x",
    "x:1",
    "a/b",
    "é",
    "/",
    "\0",
    "x" * 5000,
    ":",
    "^",
    "x:-1",
)
FLOATS = (0.0, -0.0, 1e38, -1.0, float("nan"), float("inf"), float("-inf"))
SIGNED = {FieldDescriptor.CPPTYPE_INT32: 32, FieldDescriptor.CPPTYPE_INT64: 64}
UNSIGNED = {FieldDescriptor.CPPTYPE_UINT32: 32, FieldDescriptor.CPPTYPE_UINT64: 64}


def mutate_message(message: Message, rng: Random) -> None:
    """Change one to three fields, at any depth, in place."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        holders = [message, *_inner_messages(message)]
        _change(rng.choice(holders), rng)


def _inner_messages(message: Message) -> Iterator[Message]:
    for field, value in message.ListFields():
        if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
            continue
        if _is_map(field):
            inner = [*value.values()] if _holds_messages(field) else []
        else:
            inner = value if field.is_repeated else [value]
        for one in inner:
            yield one
            yield from _inner_messages(one)


def _is_map(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return bool(kind and kind.GetOptions().map_entry)


def _holds_messages(field: FieldDescriptor) -> bool:
    value = field.message_type.fields_by_name["value"]
    return value.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE


def _change(message: Message, rng: Random) -> None:
    """Change one field: mostly one that is set, else any that its type has."""
    present = [field for field, _ in message.ListFields()]
    fields = present if present and rng.random() < 0.8 else message.DESCRIPTOR.fields
    if not fields:
        return
    field = rng.choice([*fields])
    if _is_map(field):
        _change_map(getattr(message, field.name), field, rng)
    elif field.is_repeated:
        _change_list(getattr(message, field.name), field, rng)
    elif rng.random() < 0.25:
        message.ClearField(field.name)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _value(field, rng, getattr(message, field.name)))


def _change_map(values: Any, field: FieldDescriptor, rng: Random) -> None:
    keys = sorted(values)
    if keys and rng.random() < 0.6:
        del values[rng.choice(keys)]
    elif _holds_messages(field) and len(keys) > 1:
        values[rng.choice(keys)].CopyFrom(values[rng.choice(keys)])


def _change_list(values: Any, field: FieldDescriptor, rng: Random) -> None:
    is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
    place = rng.randrange(len(values)) if values else 0
    chosen = rng.random()
    if values and chosen < 0.3:
        del values[place]
    elif is_message and values and chosen < 0.7:
        values.add().CopyFrom(values[place])
    elif is_message:
        values.add()
    elif values and chosen < 0.8:
        values[place] = _value(field, rng, values[place])
    else:
        values.append(_value(field, rng, field.default_value or None))


def _value(field: FieldDescriptor, rng: Random, before: Any) -> Any:
    """A value of the field's type, one at a limit or near the one before."""
    kind = field.cpp_type
    if kind in SIGNED or kind in UNSIGNED:
        bits = (SIGNED | UNSIGNED)[kind]
        near = int(before or 0) + rng.choice((-1, 1, 2))
        number = rng.choice((near, rng.choice(LIMITS))) % (1 << bits)
        return number - (1 << bits) * (kind in SIGNED and number >> bits - 1)
    if kind == FieldDescriptor.CPPTYPE_ENUM:  # open: a number that has no name, too
        return rng.choice((0, -1, 7, 20, 21, 22, 101, 999, rng.randrange(40)))
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return rng.choice(FLOATS)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return not before
    if field.type == FieldDescriptor.TYPE_BYTES:
        return mutate_bytes(before or b"x", rng)
    return rng.choice((*TEXTS, f"{before or ''}x", (before or "x")[:-1]))
