"""Reads a frozen `.pb` file: its GraphDef, checked, and its completed spec."""

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1
from google.protobuf.message import DecodeError

from helpers.checkpoints.file_contents import DAMAGED, content_of
from helpers.foreign.texts import printable
from helpers.freezing.passes.optional.narrow_weights import widen
from helpers.graphs.op_kinds import VARIABLE_OPS
from helpers.graphs.unsafe_ops import UnsafeOp, refused_ops
from helpers.graphs.wiring import Wiring
from helpers.serving.graph_ends import op_of
from helpers.serving.model_spec import ModelSpec, model_spec
from helpers.serving.run_errors import run_cause

# What reading a graph raises where a part of it is missing or of another kind.
DAMAGES = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError),
    *(RecursionError, TypeError, struct.error, DecodeError),
)
OF_VARIABLES = ("state", "checkpoints")  # ops that a graph has before it is frozen


def read_model(
    path: Path,
    defaults: dict | None = None,
    stated: dict | None = None,
    allow_ops: Collection[str] = (),
) -> tuple[tf1.GraphDef, ModelSpec]:
    """The GraphDef of a frozen `.pb`, its weights widened to float32, and its spec.

    Args and errors are those of `FrozenModel.load`.
    """
    graph_def = read_graph_def(path)
    allowed = refuse_unsafe(graph_def, path, allow_ops)
    try:
        spec = model_spec(graph_def, path, defaults, stated)
    except ValueError as error:
        if cause := _variables(graph_def):
            raise ValueError(f"{path} cannot be served: {cause}") from error
        raise
    except DAMAGES as error:
        raise ValueError(f"{path} cannot be served: {_damage(error)}") from error
    with errors_named(path, graph_def):
        widen(graph_def)
    if allowed:
        spec = spec._replace(notes=(*spec.notes, _served_although(allowed)))
    return graph_def, spec


def refuse_unsafe(
    graph_def: tf1.GraphDef, path: Path, allow_ops: Collection[str] = ()
) -> list[UnsafeOp]:
    """The unsafe ops of the graph, if all of them are in `allow_ops`.

    Raises:
      ValueError: it has others, or is not frozen, or is placed on other machines.
    """
    found = refused_ops(graph_def)
    for item in found:
        if item.may_be_allowed and item.op in allow_ops:
            continue
        if item.kind in OF_VARIABLES and (cause := _variables(graph_def)):
            raise ValueError(f"{path} cannot be served: {cause}")
        raise ValueError(f"{path} is refused: op {item.node!r} ({item.op}) {item.why}")
    return found


def _served_although(allowed: list[UnsafeOp]) -> str:
    """A sentence on the unsafe ops that the user allowed, each kind once."""
    first: dict[str, UnsafeOp] = {}
    for found in allowed:
        first.setdefault(found.op, found)
    reasons = [f"op {f.node!r} ({f.op}) {f.why}" for f in first.values()]
    return f"served although {'; '.join(reasons)}"


def read_graph_def(path: Path) -> tf1.GraphDef:
    """The GraphDef in a binary `.pb` file.

    Raises:
      ValueError: the file is empty or holds something else.
    """
    content = content_of(path)
    if content.kind == "GraphDef" and not content.is_text:
        return content.message
    if content.kind == "empty":
        raise ValueError(f"{path} holds no graph: freeze the checkpoint again")
    if content.kind == DAMAGED:
        raise ValueError(f"{path} cannot be served: it is {content.what}")
    raise ValueError(
        f"{path} is not a frozen graph: expected a binary GraphDef, as "
        "`python -m helpers freeze` writes it"
    )


@contextmanager
def errors_named(
    path: Path, graph_def: tf1.GraphDef, spec: ModelSpec | None = None
) -> Iterator[None]:
    """Turns what TensorFlow raises into a one-line ValueError that names the file."""
    try:
        yield
    except (tf.errors.OpError, ValueError, *DAMAGES) as error:
        reason = _reason(error, graph_def) + (_batch(graph_def, spec) if spec else "")
        raise ValueError(f"{path} cannot be served: {reason}") from error


def _reason(error: Exception, graph_def: tf1.GraphDef) -> str:
    """The sentence of an error message that states the cause."""
    if isinstance(error, MemoryError):
        return f"it needs more memory than there is: {error}"
    if isinstance(error, DAMAGES) and not isinstance(error, LookupError):
        return _damage(error)
    cause = _variables(graph_def)
    if cause and isinstance(error, tf.errors.FailedPreconditionError):
        return cause
    return run_cause(error).partition(". ")[0]


def _damage(error: Exception) -> str:
    """What Python says of a graph in which a part is missing or of another kind."""
    if isinstance(error, RecursionError):
        return "the ops of its graph are nested too deep"
    text = printable(next(iter(str(error).splitlines()), ""))
    return f"its graph is damaged ({type(error).__name__}: {text})"


def _batch(graph_def: tf1.GraphDef, spec: ModelSpec) -> str:
    """A hint where the network takes only batches of several photos."""
    shape = Wiring(graph_def).shape(op_of(spec.inputs[0])) if spec.photos else None
    if not shape or len(shape) < 2 or shape[0] in (None, 1):
        return ""
    if spec.preprocessing and spec.preprocessing.is_one:
        return ""
    size = shape[0]
    return (
        f"; its batch size is fixed at {size}, and it is served with one photo at a "
        "time: save it with a batch size of None, or 1"
    )


def _variables(graph_def: tf1.GraphDef) -> str | None:
    """Why a graph with variables cannot be served; None: it has none."""
    for node in graph_def.node:
        if node.op in VARIABLE_OPS:
            return f"it has variables ({node.name!r}): freeze its checkpoint first"
    return None
