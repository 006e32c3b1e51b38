"""Turns variables into constants whose values stay in the checkpoint until written."""

import tensorflow as tf

from helpers.checkpoints.checkpoint_prefix import listed
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import variables
from helpers.freezing.sources.checkpoint_values import CheckpointValues, SavedTensor
from helpers.graphs.editor import GraphEditor, Weight
from helpers.graphs.op_kinds import VARIABLE_OPS

LARGE = 256  # bytes; smaller constants are not made weights
LIMIT = 2**31 - 1  # bytes; the largest protobuf message


def variables_to_constants(editor: GraphEditor) -> int:
    """Replace each variable with a constant of its name.

    Large constants become weights in a graph that has no checkpoint.

    Returns:
      the number of new constants or weights.
    Raises:
      FreezeError: the checkpoint lacks variables, or has other shapes or types.
    """
    checkpoint, saved = editor.context.values, editor.context.places
    if not checkpoint:
        return _constants_to_weights(editor)
    places = _find_places(editor, checkpoint, saved)
    for name, place in places.items():
        dtype = tf.as_dtype(editor.nodes[name].attr["dtype"].type)
        shape, read = tuple(checkpoint.shape(place)), checkpoint.reader(place)
        editor.add_weight(name, Weight(dtype, shape, read))
    return len(places)


def _constants_to_weights(editor: GraphEditor) -> int:
    for node in editor.nodes.values():
        tensor = node.attr["value"].tensor if node.op == "Const" else None
        if tensor is not None and len(tensor.tensor_content) >= LARGE:
            value, dtype = tf.make_ndarray(tensor), tf.as_dtype(tensor.dtype)
            read = lambda value=value: value  # noqa: E731
            editor.weights[node.name] = Weight(dtype, value.shape, read)
            del node.attr["value"]
    return len(editor.weights)


def check_size(editor: GraphEditor, weights: str) -> None:
    """Check that the graph fits into one GraphDef, before it is written.

    Args:
      weights: the dtype that the weights are stored in.
    Raises:
      FreezeError: the graph is larger than 2 GiB.
    """
    size = sum(weight.size for weight in editor.weights.values())
    size += sum(node.ByteSize() for node in editor.nodes.values())
    if size <= LIMIT:
        return
    fix = "freeze parts of it, with outputs that come earlier"
    if weights == "float32" and size / 2 <= LIMIT:
        fix = f"store it in 16 bits, with --weights bfloat16: {size / 2e9:.2f} GB"
    raise FreezeError(
        f"the frozen graph would be {size / 1e9:.2f} GB, and a GraphDef holds 2.15 GB "
        "at most",
        fix,
    )


def place_of(
    node, checkpoint: CheckpointValues, saved: dict[str, list[SavedTensor]]
) -> SavedTensor | None:
    """Where the checkpoint stores a variable, or None.

    Args:
      saved: the keys that savers restore each variable from; others are stored under
        their own names.
    """
    shared = node.attr["shared_name"].s.decode() if "shared_name" in node.attr else ""
    names = [node.name, *([shared] if shared else [])]
    candidates = [place for name in names for place in saved.get(name, ())]
    candidates += [SavedTensor(name) for name in names]
    stored = (place for place in candidates if place.key in checkpoint.shapes)
    return next(stored, None)


def _find_places(
    editor: GraphEditor,
    checkpoint: CheckpointValues,
    saved: dict[str, list[SavedTensor]],
) -> dict[str, SavedTensor]:
    """Where the checkpoint stores each variable of the graph.

    Raises:
      FreezeError: a variable is missing, or has another shape or type.
    """
    places: dict[str, SavedTensor] = {}
    missing, differing = [], {}
    for node in variables(editor):
        place = place_of(node, checkpoint, saved)
        if place is None:
            missing.append(node.name)
            continue
        places[node.name] = place
        if text := _difference(node, checkpoint, place):
            differing[node.name] = text
    count = len(places) + len(missing)
    if missing and not differing:
        if _is_of_this_graph(editor, checkpoint, saved):
            raise _saved_partly(editor, checkpoint, missing)
        if len(missing) <= count / 2:
            raise FreezeError(
                f"{checkpoint.prefix} does not hold what the outputs need: "
                f"{listed(missing)}",
                "save all variables, not only the trainable ones (batch "
                "normalization's statistics are not trained), or give the checkpoint "
                "that has them",
            )
    if missing or differing:
        lines = [f"  {name}: {text}" for name, text in differing.items()]
        lines += [f"  {name}: not in the checkpoint" for name in missing]
        if (total := len(lines)) > 5:
            lines[5:] = [f"  and {total - 5} more"]
        raise FreezeError(
            f"{checkpoint.prefix} is of another model: {total} of {count} variables "
            "differ\n" + "\n".join(lines),
            "give the .meta and the prefix of the same training",
        )
    return places


def _is_of_this_graph(
    editor: GraphEditor,
    checkpoint: CheckpointValues,
    saved: dict[str, list[SavedTensor]],
) -> bool:
    """Whether all that the checkpoint holds are variables of the graph, as they are."""
    owners = {place.key: name for name, found in saved.items() for place in found}
    for key in checkpoint.shapes:
        node = editor.original.get(owners.get(key, key))
        if node is None or node.op not in VARIABLE_OPS:
            return False
        if not saved.get(node.name) and _difference(node, checkpoint, SavedTensor(key)):
            return False
    return bool(checkpoint.shapes)


def _saved_partly(
    editor: GraphEditor, checkpoint: CheckpointValues, missing: list[str]
) -> FreezeError:
    """The error for a checkpoint whose Saver was given some variables only."""
    total = sum(node.op in VARIABLE_OPS for node in editor.original.values())
    return FreezeError(
        f"{checkpoint.prefix} is of this training, but its Saver saved only "
        f"{len(checkpoint.shapes)} of {total} variables, and the outputs need: "
        f"{listed(missing)}",
        "save all variables, not only the trainable ones or some (batch "
        "normalization's statistics are not trained), or give a checkpoint of this "
        "training that has them",
    )


def _difference(node, checkpoint: CheckpointValues, place: SavedTensor) -> str | None:
    """How a variable's shape or type differs in graph and checkpoint, or None."""
    shape, found = node.attr["shape"].shape, checkpoint.shape(place)
    wanted = [dim.size for dim in shape.dim]
    open_shape = shape.unknown_rank or -1 in wanted
    unstated = node.op == "Variable" and not wanted  # before TensorFlow 1: any shape
    if not (open_shape or unstated) and wanted != found:
        return f"{wanted} in the graph, {found} in the checkpoint"
    ours, theirs = tf.as_dtype(node.attr["dtype"].type), checkpoint.dtypes[place.key]
    if ours.base_dtype != theirs:
        return f"{ours.name} in the graph, {theirs.name} in the checkpoint"
    return None
