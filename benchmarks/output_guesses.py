"""Prints how well the outputs of training graphs are guessed when none is named.

    SHARED=../shared python benchmarks/output_guesses.py

Three figures for each set: the true output is among the first three candidates, it is
the first, and a wrong output is taken without a question. The sets are the graphs that
tests/graphs/training_graphs makes, in four forms, and the checkpoints in SHARED.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.graphs.training_graphs.guesses import (
    FORMS,
    Figures,
    cases,
    figures,
    guess,
)
from tests.graphs.training_graphs.published import published_cases


def rows() -> Iterator[tuple[str, Figures]]:
    """Each set of graphs and its figures."""
    for form in FORMS:
        yield f"made here, {form}", figures(map(guess, cases([form])))
    shared = Path(os.environ.get("SHARED", ROOT.parent / "shared"))
    if shared.is_dir():
        yield f"found, {shared}", figures(map(guess, published_cases(shared)))
    else:
        print(f"no checkpoints: {shared} is not there", file=sys.stderr)


def main() -> None:
    heads = ("graphs", "first three", "first", "silently wrong")
    print(f"{'':32}" + "".join(f"{head:>16}" for head in heads))
    for label, found in rows():
        print(f"{label:32}" + "".join(f"{number:>16}" for number in found), flush=True)


if __name__ == "__main__":
    main()
