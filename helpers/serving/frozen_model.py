"""A frozen graph, loaded once: one graph, one session, ready for many threads.

Taught in notebooks/04_run_the_frozen_graph.ipynb.
"""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.file_contents import content_of
from helpers.freezing.passes.optional.narrow_weights import widen
from helpers.graphs.unsafe_ops import unsafe_ops
from helpers.serving.model_spec import model_spec
from helpers.serving.open_session import fastest_session, open_session
from helpers.serving.precision import agree, one_by_one, probes

VARIABLES = ("Variable", "VariableV2", "VarHandleOp")


class FrozenModel:
    """A frozen graph with its own graph and session; use `FrozenModel.load`."""

    def __init__(
        self, graph_def: tf1.GraphDef, card: dict, path: Path, *, threads=0, quick=False
    ):
        self.card, self.path = card, path
        self.class_names = tuple(card["class_names"])
        self.image_size = card["image_size"]
        self._process = os.getpid()
        self._shape = (self.image_size, self.image_size, 3)
        running = (fastest_session if quick else open_session)(
            graph_def, card, threads=threads
        )
        self.graph, self.session = running.graph, running.session
        self.x, self.y_pred = running.x, running.y_pred
        self._run: Callable[[np.ndarray], np.ndarray] | None = running.run
        self.bfloat16 = running.bfloat16
        answer = self.predict(np.zeros([1, *self._shape], np.uint8))  # slow, so now
        if np.shape(answer) != (1, len(self.class_names)):
            raise ValueError(
                f"for one photo {card['output']} has shape {np.shape(answer)}, and "
                f"{len(self.class_names)} class names need (1, {len(self.class_names)})"
            )

    @classmethod
    def load(
        cls,
        path: str | Path,
        facts: dict | None = None,
        *,
        threads: int = 0,
        quick: bool = False,
    ) -> "FrozenModel":
        """The model in a frozen `.pb`, warmed: its first prediction is behind it.

        Its facts come from the card inside, or from a `.json` of the same name;
        `facts` are for what neither says.

        Args:
          threads: that one operation may use; 0 is one a core.
          quick: run in bfloat16 where the CPU has it and the answers agree.
        Raises:
          OSError: the file cannot be read.
          ValueError: it is no frozen graph, its card misses or mistakes something,
            or it holds an op that reaches outside the graph.
        """
        path = Path(path)
        graph_def = read_graph_def(path)
        for finding in unsafe_ops(graph_def):
            raise ValueError(
                f"{path} is refused: op {finding.node!r} ({finding.op}) {finding.why}"
            )
        card = model_spec(graph_def, path, facts)
        try:
            widen(graph_def)
            return cls(graph_def, card, path, threads=threads, quick=quick)
        except (tf.errors.OpError, ValueError, LookupError, MemoryError) as error:
            reason = _reason(error, graph_def)
            raise ValueError(f"{path} cannot be served: {reason}") from error

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities for a batch of decoded photos.

        Args:
          images: uint8 RGB, shape [N, image_size, image_size, 3].
        Returns:
          float32, shape [N, len(class_names)]; each row sums to 1.
        Raises:
          RuntimeError: the model is closed, or was loaded before a fork.
          ValueError: the last three axes do not fit, or they are not uint8.
        """
        if os.getpid() != self._process:
            raise RuntimeError(
                f"{self.path} was loaded in process {self._process}, before a fork; "
                "its session would hang here: load it in the process that predicts"
            )
        run = self._run
        if run is None:
            raise RuntimeError(f"{self.path} is closed: load it again")
        if images.dtype != np.uint8:
            raise ValueError(f"images are {images.dtype}, not uint8 from 0 to 255")
        if images.ndim != 4 or images.shape[1:] != self._shape:
            raise ValueError(
                f"images have shape {images.shape}, not (N, {self.image_size}, "
                f"{self.image_size}, 3)"
            )
        if not len(images):  # TensorFlow's convolutions want one at least
            return np.empty([0, len(self.class_names)], np.float32)
        if len(images) > 1 and not self._takes_batches:
            return one_by_one(run, images)[:, 0]
        return run(images)

    @cached_property
    def _takes_batches(self) -> bool:
        """Whether photos get the same answers together as each alone.

        They do not where a graph was made for one photo, or compares those of a batch.
        """
        run = self._run
        assert run  # only a model that is open predicts
        images = probes(self.image_size, 2)
        alone = one_by_one(run, images)[:, 0]
        try:
            together = run(images)
        except (tf.errors.OpError, ValueError):
            return False
        return together.shape == alone.shape and agree(together, alone)

    def label(self, probabilities: np.ndarray) -> str | None:
        """The likeliest class of one row, or None: not sure."""
        best = int(probabilities.argmax())
        if probabilities[best] < self.card.get("threshold", 0):
            return None
        return self.class_names[best]

    def named(self, probabilities: np.ndarray) -> dict[str, float]:
        """One row of probabilities by class name."""
        return dict(zip(self.class_names, map(float, probabilities), strict=True))

    def close(self) -> None:
        """Give the session's memory back; predicting is over."""
        self._run = None
        self.session.close()

    def __enter__(self) -> "FrozenModel":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


def read_graph_def(path: Path) -> tf1.GraphDef:
    """The GraphDef in a binary `.pb` file."""
    content = content_of(path)
    if content.kind == "GraphDef" and not content.is_text:
        return content.message
    if content.kind == "empty":
        raise ValueError(f"{path} holds no graph: freeze the checkpoint again")
    raise ValueError(
        f"{path} is not a frozen graph: expected a binary GraphDef, as "
        "`python -m helpers freeze` writes it"
    )


def _reason(error: Exception, graph_def: tf1.GraphDef) -> str:
    """The line of TensorFlow's message that says what is wrong."""
    if isinstance(error, MemoryError):
        return f"it needs more memory than there is: {error}"
    for node in graph_def.node:
        if node.op in VARIABLES and isinstance(
            error, tf.errors.FailedPreconditionError
        ):
            return f"it has variables ({node.name!r}): freeze its checkpoint first"
    frames = ("Graph execution error", "Detected at node", "Node: ", " ")
    lines = (line for line in str(error).splitlines() if line)
    told = next(line for line in lines if not line.startswith(frames))
    return told.partition(". ")[0]
