"""FrozenModel: one frozen graph and one session, safe to call from many threads.

Taught in notebooks/04_run_the_frozen_graph.ipynb.
"""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.serving.model_file import errors_named, read_model
from helpers.serving.open_session import fastest_session, open_session
from helpers.serving.precision import agree, predict_singly, probe_images


class FrozenModel:
    """A frozen graph in a tf.Graph and a session of its own.

    Attributes:
      card: the model card; it states all that model_spec requires.
      x: float32 tensor, the network's own input; `predict` feeds uint8 images instead.
      y_pred: the tensor of class probabilities.
      bfloat16: whether the session runs in bfloat16.
    """

    def __init__(
        self, graph_def: tf1.GraphDef, card: dict, path: Path, *, threads=0, quick=False
    ):
        self.card, self.path = card, path
        self.class_names = tuple(card["class_names"])
        self.image_size = card["image_size"]
        self._process = os.getpid()
        self._shape = (self.image_size, self.image_size, 3)
        start = fastest_session if quick else open_session
        opened = start(graph_def, card, threads=threads)
        self.graph, self.session = opened.graph, opened.session
        self.x, self.y_pred = opened.x, opened.y_pred
        self._run: Callable[[np.ndarray], np.ndarray] | None = opened.run
        self.bfloat16 = opened.bfloat16
        answer = self.predict(np.zeros([1, *self._shape], np.uint8))  # warm up
        if np.shape(answer) != (1, len(self.class_names)):
            raise ValueError(
                f"for one photo {card['output']} has shape {np.shape(answer)}, and "
                f"{len(self.class_names)} class names need (1, {len(self.class_names)})"
            )

    @classmethod
    def load(
        cls,
        path: str | Path,
        defaults: dict | None = None,
        *,
        threads: int = 0,
        quick: bool = False,
    ) -> "FrozenModel":
        """Load a frozen `.pb` file, and run one prediction to warm it up.

        Args:
          defaults: card fields for what neither the card in the graph nor the `.json`
            file beside it states.
          threads: intra-op threads; 0 means one per core.
          quick: run in bfloat16 if the CPU supports it and the probabilities agree.
        Raises:
          OSError: the file cannot be read.
          ValueError: it is not a frozen graph, a card field is missing or invalid, or
            an op accesses something outside the graph.
        """
        path = Path(path)
        graph_def, card = read_model(path, defaults)
        with errors_named(path, graph_def):
            return cls(graph_def, card, path, threads=threads, quick=quick)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities for a batch of decoded photos.

        Args:
          images: uint8 RGB, shape [N, image_size, image_size, 3].
        Returns:
          float32, shape [N, len(class_names)]; each row sums to 1.
        Raises:
          RuntimeError: the model is closed, or was loaded before a fork.
          ValueError: the images have another shape or dtype.
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
        if not len(images):  # TensorFlow's convolutions reject an empty batch
            return np.empty([0, len(self.class_names)], np.float32)
        if len(images) > 1 and not self._takes_batches:
            return predict_singly(run, images)[:, 0]
        return run(images)

    @cached_property
    def _takes_batches(self) -> bool:
        """Whether a batch gets the same probabilities as its photos one at a time.

        It does not if the graph has a batch size of 1, or mixes the photos of a batch.
        """
        run = self._run
        assert run  # `predict` has checked that the model is open
        images = probe_images(self.image_size, 2)
        alone = predict_singly(run, images)[:, 0]
        try:
            together = run(images)
        except (tf.errors.OpError, ValueError):
            return False
        return together.shape == alone.shape and agree(together, alone)

    def label(self, probabilities: np.ndarray) -> str | None:
        """The likeliest class of one row; None if it is below the card's threshold."""
        best = int(probabilities.argmax())
        if probabilities[best] < self.card.get("threshold", 0):
            return None
        return self.class_names[best]

    def named(self, probabilities: np.ndarray) -> dict[str, float]:
        """One row of probabilities by class name."""
        return dict(zip(self.class_names, map(float, probabilities), strict=True))

    def close(self) -> None:
        """Close the session and free its memory; `predict` raises from now on."""
        self._run = None
        self.session.close()

    def __enter__(self) -> "FrozenModel":
        return self

    def __exit__(self, *exception) -> None:
        self.close()
