"""Published and made checkpoints in the shared folder, with their right outputs."""

import json
from collections.abc import Iterator
from pathlib import Path

from helpers.checkpoints.checkpoint import read_meta
from tests.graphs.training_graphs.guesses import Case

# Of shared/outputs: the folder, its right outputs, and whether one may be taken.
OUTPUTS = {
    "second-input-after-first-layer": (("Sigmoid",), True),
    "two-inputs-x-and-y": (("same",), True),
    "mnist-for-beginners-logits": (("Add",), True),
    "saver-of-one-variable": (("prediction",), True),
    "loss-is-a-sum-of-means": (("xw_plus_b_4", "xw_plus_b_5", "Maximum"), False),
    "a3c-continuous-log-prob": (("Tanh", "add", "xw_plus_b_3"), False),
}


def published_cases(shared: Path) -> Iterator[Case]:
    """The cases of shared/checkpoints and shared/outputs."""
    listed = json.loads((shared / "checkpoints/cases.json").read_text())["cases"]
    for item in listed:
        meta = read_meta(f"{shared / 'checkpoints' / item['prefix']}.meta")
        meta.signature_def.clear()  # guessed by the edges alone
        right = tuple(item["outputs"])
        yield Case(item["name"], meta, right, len(right) == 1)
    for name, (right, may_take) in OUTPUTS.items():
        meta = read_meta(shared / "outputs" / name / "model.ckpt.meta")
        yield Case(name, meta, right, may_take)
