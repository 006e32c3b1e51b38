"""The class names in the card of a frozen graph, and what its output is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.checkpoints.file_contents import SAVED_MODEL_FILES
from helpers.data.class_names import NamesFile, names_beside, names_given
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.exported_model import KERAS
from helpers.graphs.editor import GraphEditor
from helpers.graphs.output_ending import last_op, output_width
from helpers.graphs.wiring import PLACEHOLDERS, sizes_of

HOW = (
    "give them with --classes cat,dog or --classes FILE, or put a labels.txt beside it"
)
TEACHABLE_MACHINE = (None, 224, 224, 3)  # the shape of its models' input
CLASSIFIERS = ("Softmax", "LogSoftmax", "Sigmoid")


def class_fields(
    card: dict, editor: GraphEditor, class_names: Sequence[str] | str | None
) -> dict[str, Any]:
    """The card's `class_names`, `output_is` and `pixels`, where they become known.

    What is assumed, and what is missing, is added to the editor's warnings.

    Args:
      class_names: as the user gives them: names, names with commas, or a file.
    Raises:
      FreezeError: they cannot be read, or are not as many as the network has classes.
    """
    output = editor.outputs[0].tensor
    width = output_width(editor.nodes, output, lambda name: _shape(editor, name))
    ending = last_op(editor.nodes, output)
    is_pair = ending == "Sigmoid" and width == 1
    classes = 2 if is_pair else width
    found: dict[str, Any] = {}
    names = _given(class_names)
    if names:
        _refuse_other_count(names, classes, output, is_pair=is_pair)
    elif not card.get("class_names"):
        beside = _beside(editor)
        names = _usable(beside, classes, editor) if beside else []
        if beside and names and _is_teachable_machine(beside, editor):
            found["pixels"] = "teachable-machine"
            editor.warnings.append(
                "pixels are taken as Teachable Machine scales them (centre crop, -1 to "
                f"1): {beside.path.name} is in its format"
            )
    if names:
        found["class_names"] = names
    names = names or card.get("class_names", [])
    if is_pair and names and "output_is" not in card:
        found["output_is"] = "sigmoid"
        editor.warnings.append(
            f"one sigmoid: {output} is taken as the probability of {names[-1]!r}, the "
            f"second of the two classes; near 0 means {names[0]!r}"
        )
    looks_like = ending in CLASSIFIERS or ((classes or 0) > 1 and _takes_photos(editor))
    if not names and looks_like and card.get("output_is") != "values":
        count = f"{classes} " if classes else ""
        editor.warnings.append(f"the {count}class names are missing: {HOW}")
    return found


def _given(class_names: Sequence[str] | str | None) -> list[str]:
    if not class_names:
        return []
    try:
        return names_given(class_names)
    except (OSError, ValueError) as error:
        raise FreezeError(f"--classes: {error}", "name the classes in order") from error


def _refuse_other_count(
    names: list[str], classes: int | None, output: str, *, is_pair: bool
) -> None:
    if classes is None or len(names) == classes:
        return
    why = " (one sigmoid tells two classes apart)" if is_pair else ""
    raise FreezeError(
        f"{len(names)} class names were given, and {output} has {classes} classes{why}",
        "give one name a class, in the order of the network's output",
    )


def _beside(editor: GraphEditor) -> NamesFile | None:
    """The class names in a file beside the source; None: there is none."""
    source = editor.context.source
    places = [source.extracted] if source.extracted else [Path(source.name)]
    places += [path for path in source.files if path.suffix.lower() in KERAS]
    places += [path.parent for path in source.files if path.name in SAVED_MODEL_FILES]
    for place in places:
        try:
            if found := names_beside(place):
                return found
        except (OSError, ValueError) as error:
            editor.warnings.append(f"class names are not taken: {error}")
    return None


def _usable(beside: NamesFile, classes: int | None, editor: GraphEditor) -> list[str]:
    """The names in the file, if they are as many as the network has classes."""
    if classes is not None and len(beside.names) != classes:
        editor.warnings.append(
            f"{_place(beside, editor)} is not used: it names {len(beside.names)} "
            f"classes, and the network has {classes}"
        )
        return []
    shown = ", ".join(beside.names[:5]) + (", …" if len(beside.names) > 5 else "")
    place = _place(beside, editor)
    editor.warnings.append(f"class names are taken from {place}: {shown}")
    return beside.names


def _place(beside: NamesFile, editor: GraphEditor) -> str:
    """Where the names are; of a zip, not the folder that it was extracted to."""
    source = editor.context.source
    if source.extracted:
        return f"{beside.path.name} in {source.files[0]}"
    return str(beside.path)


def _is_teachable_machine(beside: NamesFile, editor: GraphEditor) -> bool:
    shapes = _input_shapes(editor)
    return beside.is_teachable_machine and shapes == [TEACHABLE_MACHINE]


def _takes_photos(editor: GraphEditor) -> bool:
    shapes = _input_shapes(editor)
    return len(shapes) == 1 and len(shapes[0] or ()) == 4


def _input_shapes(editor: GraphEditor) -> list:
    nodes = editor.nodes.values()
    return [sizes_of(n.attr["shape"].shape) for n in nodes if n.op in PLACEHOLDERS]


def _shape(editor: GraphEditor, name: str) -> tuple[int, ...] | None:
    if name in editor.weights:
        return tuple(editor.weights[name].shape)
    node = editor.nodes[name]
    return tuple(dim.size for dim in node.attr["value"].tensor.tensor_shape.dim)
