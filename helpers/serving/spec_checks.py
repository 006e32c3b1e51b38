"""Asks for the card fields that a frozen graph does not state, by name.

Graphs of the lesson have the ops `x` and `y_pred`, take 128 x 128 pixels and scale them
to 0..1. For the fields of any other graph there are no defaults.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from helpers.data.decoding import IMAGE_SIZE
from helpers.graphs.candidates import Candidate, input_candidates, output_candidates
from helpers.graphs.card_fields import OUTPUT_KINDS, PIXELS
from helpers.graphs.tensor_text import shape_text

LESSON_FIELDS: dict[str, Any] = {
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
    "image_size": IMAGE_SIZE,
}
EXAMPLES: dict[str, Any] = {  # of the required fields, in the order they are asked for
    "class_names": ["cat", "dog"],
    "input": "images:0",
    "output": "softmax:0",
    "pixels": "0..1",
    "image_size": 224,
    "output_is": "sigmoid",
}
CHOICES = {"pixels": PIXELS, "output_is": OUTPUT_KINDS}
OPTIONS = {field: f"--{field.replace('_', '-')}" for field in EXAMPLES} | {
    "class_names": "--classes"
}
WORDS = {"class_names": "class names", "output_is": "kind of output"}
PLURAL = ("class_names", "pixels")


class MissingFields(ValueError):
    """A graph's card lacks required fields.

    Attributes:
      fields: their names.
      output_is: what the card or the graph says of the output; None: it is missing.
      proposal: a range of pixels, and the reason for it; None where it is not missing.
    """

    def __init__(
        self,
        text: str,
        fields: Collection[str],
        output_is: str | None,
        proposal: tuple[str, str] | None,
    ):
        super().__init__(text)
        self.fields, self.output_is = frozenset(fields), output_is
        self.proposal = proposal


def refuse_missing(
    missing: Collection[str],
    graph_def,
    card: dict,
    path: Path,
    proposal: tuple[str, str] | None = None,
) -> None:
    """Ask for the missing fields, if there are any.

    Args:
      proposal: a range of pixels as an example, and the reason for it.
    Raises:
      MissingFields: the message names them, the `.json` file to write them into, the
        options, and likely inputs and outputs of the graph.
    """
    if not missing:
        return
    outputs = output_candidates(graph_def) if "output" in missing else []
    ends = [found.tensor for found in outputs] or [card.get("output", "")]
    inputs = input_candidates(graph_def, ends) if "input" in missing else []
    found = {"input": inputs, "output": outputs}
    fields = [field for field in EXAMPLES if field in missing]
    example = {field: EXAMPLES[field] for field in fields}
    example |= {role: found[role][0].tensor for role in found if found[role]}
    why = ""
    if "pixels" in missing and proposal:
        example["pixels"], reason = proposal
        why = f"; {reason}" if reason else ""
    if "class_names" in missing and "output_is" not in missing:
        why += "; if its outputs are no classes, give --output-is values instead"
    guesses = "".join(
        f"; {role}s found in it: {', '.join(map(_described, found[role][:5]))}"
        for role in ("input", "output")
        if found[role]
    )
    choices = "".join(
        f"; {field} is one of {', '.join(CHOICES[field])}"
        for field in fields
        if field in CHOICES
    )
    words = [WORDS.get(field, field.replace("_", " ")) for field in fields]
    them = "them" if len(fields) > 1 or fields[0] in PLURAL else "it"
    beside = f"{path.with_suffix('.json').name} beside it"
    raise MissingFields(
        f"{path} does not say its {_joined(words)}: put {them} into {beside}, for "
        f"instance {json.dumps(example)}, or give "
        f"{_joined([OPTIONS[field] for field in fields])}{choices}{why}{guesses}",
        missing,
        card.get("output_is"),
        proposal,
    )


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _described(found: Candidate) -> str:
    if found.shape is None:
        return f"{found.tensor} ({found.dtype})"
    return f"{found.tensor} ({found.dtype} {shape_text(found.shape)})"
