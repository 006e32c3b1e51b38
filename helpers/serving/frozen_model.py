"""FrozenModel: one frozen graph and one session, safe to call from many threads.

Taught in notebooks/04_run_the_frozen_graph.ipynb.
"""

import os
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.graphs.tensor_text import type_text
from helpers.serving.model_file import errors_named, read_model
from helpers.serving.model_spec import ModelSpec
from helpers.serving.non_finite import NonFiniteAnswer as NonFiniteAnswer  # of the API
from helpers.serving.non_finite import finite
from helpers.serving.open_session import fastest_session, open_session
from helpers.serving.probing import check_answers, predict_encoded
from helpers.serving.run_errors import refused_inputs
from helpers.serving.single_runs import answer_singly, answers_batches
from helpers.serving.tensor_feeds import checked_feeds


class FrozenModel:
    """A frozen graph in a tf.Graph and a session of its own.

    Attributes:
      card: the model card; it states all that model_spec requires.
      notes: what was assumed when the model was loaded, a sentence each.
      output_is: what `predict` answers: "probabilities", rows that sum to 1;
        "sigmoid", independent probabilities, one a class; or "values".
      class_names: in the order of a row; () where the answers are values.
      photos: what becomes of a photo, with a `describe`; None: it takes none.
      preprocessing: `photos` if the network takes pixels; None where it takes none, or
        decodes photos itself.
      image_size: the side of the square that a photo becomes, or (height, width);
        None without preprocessing.
      image_shape: height, width and 3; None without preprocessing.
      inputs, outputs: the network's own tensors, by name.
      x: the network's first input; `predict` feeds uint8 images instead.
      y_pred: the tensor that `predict` answers.
      bfloat16: whether the session runs in bfloat16.
    """

    def __init__(
        self,
        graph_def: tf1.GraphDef,
        spec: ModelSpec,
        path: Path,
        *,
        threads: int = 0,
        quick: bool = False,
    ):
        self.card, self.path = spec.card, path
        self.photos = spec.photos
        self._process = os.getpid()
        self._is_closed = False
        self.preprocessing, self._encoding = spec.preprocessing, spec.encoding
        pixels = spec.preprocessing
        self.image_shape = pixels.image_shape if pixels else None
        self.image_size = _size(*self.image_shape[:2]) if self.image_shape else None
        start = fastest_session if quick else open_session
        opened = start(graph_def, spec, threads=threads)
        self.graph, self.session = opened.graph, opened.session
        self.inputs, self.outputs = opened.inputs, opened.outputs
        self.x, self.y_pred = next(iter(opened.inputs.values())), opened.y_pred
        self._run: Callable[[np.ndarray], np.ndarray] | None = opened.run
        self._fed = opened.images  # the placeholder for decoded photos
        self.bfloat16 = opened.bfloat16
        found = check_answers(graph_def, spec, opened)
        self.output_is, self.class_names = found.output_is, found.class_names
        self.notes = (*spec.notes, *found.notes)

    @classmethod
    def load(
        cls,
        path: str | Path,
        defaults: dict | None = None,
        *,
        stated: dict | None = None,
        allow_ops: Collection[str] = (),
        threads: int = 0,
        quick: bool = False,
    ) -> "FrozenModel":
        """Load a frozen `.pb` file, check its answers for test pictures, warm it up.

        Args:
          defaults: card fields for what neither the card in the graph nor the `.json`
            file beside it states.
          stated: card fields that replace those of the graph and the file.
          allow_ops: names of ops that the graph may have though they are unsafe.
          threads: intra-op threads; 0 means one per core.
          quick: run in bfloat16 if the CPU supports it and the probabilities agree.
        Raises:
          OSError: the file cannot be read.
          ValueError: it is not a frozen graph, a card field is missing or invalid, the
            answers are not what the card says, or an op accesses something outside
            the graph.
        """
        path = Path(path)
        graph_def, spec = read_model(path, defaults, stated, allow_ops)
        with errors_named(path, graph_def, spec):
            return cls(graph_def, spec, path, threads=threads, quick=quick)

    @property
    def takes_photos(self) -> bool:
        """Whether `decode` and `predict` answer; if not, `run` does."""
        return self.photos is not None

    def decode(self, photo: bytes, **limits: int) -> np.ndarray:
        """A photo's bytes as `predict` takes one: uint8 [height, width, 3].

        For a network that decodes photos itself, an array of type object without axes,
        which holds the bytes of the photo, decoded, checked and encoded again.

        Args:
          limits: max_bytes and max_pixels of decode_photo.
        Raises:
          PhotoError: the bytes are no usable photo.
          ValueError: the network takes no photos.
        """
        if self.photos is None:
            raise ValueError(self._takes())
        return self.photos.decode(photo, **limits)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities, or the first output's values, for decoded photos.

        Args:
          images: uint8 RGB, shape [N, height, width, 3]; or type object, shape [N].
        Returns:
          float32, shape [N, len(class_names)]; each row of "probabilities" sums to 1.
          For "values", the first output; its first axis is N.
        Raises:
          NonFiniteAnswer: the network answers NaN or an infinite number.
          RefusedInput: the network cannot be run on them.
          RuntimeError: the model is closed, or was loaded before a fork.
          ValueError: the images have another shape or dtype.
        """
        self._check_open()
        run, wanted = self._run, self.image_shape
        if run is None:
            raise ValueError(self._takes())
        if wanted is None:
            return self._predict_encoded(run, images)
        if images.dtype != np.uint8:
            raise ValueError(f"images are {images.dtype}, not uint8 from 0 to 255")
        if images.ndim != 4 or images.shape[1:] != wanted:
            sizes = ", ".join(map(str, wanted))
            raise ValueError(f"images have shape {images.shape}, not (N, {sizes})")
        if not len(images):  # TensorFlow's convolutions reject an empty batch
            return np.empty([0, *self._sizes()], np.float32)
        with refused_inputs():
            if len(images) == 1 or not self.takes_batches:
                return finite(answer_singly(run, images))
            return finite(run(images))

    def _predict_encoded(self, run: Callable, photos: np.ndarray) -> np.ndarray:
        if photos.dtype != object or photos.ndim != 1:
            raise ValueError(
                f"photos are {photos.dtype} of shape {photos.shape}, not a vector of "
                "bytes as `decode` returns them"
            )
        if not len(photos):
            return np.empty([0, *self._sizes()], np.float32)
        assert self._encoding
        with refused_inputs():
            return finite(predict_encoded(run, photos, self._encoding))

    def run(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All outputs of the network, its own numbers, for values of its inputs.

        Args:
          feeds: arrays by input name, with the axis of the batch.
        Raises:
          NonFiniteAnswer: an output is NaN or infinite.
          RefusedInput: the network cannot be run on them.
          RuntimeError: the model is closed, or was loaded before a fork.
          ValueError: inputs are missing or unknown, or have other shapes or types.
        """
        self._check_open()
        return self._run_outputs(checked_feeds(feeds, self.inputs))

    @cached_property
    def takes_batches(self) -> bool:
        """Whether a batch gets the same answers as its photos one at a time.

        It does not if the graph has a batch size of 1, or mixes the photos of a batch.
        """
        run, shape = self._run, self.image_shape
        assert run  # `predict` has checked that the model is open
        assert shape
        is_values = self.output_is == "values"
        return answers_batches(run, shape[:2], is_values=is_values)

    def _check_open(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError(
                f"{self.path} was loaded in process {self._process}, before a fork; "
                "its session would hang here: load it in the process that predicts"
            )
        if self._is_closed:
            raise RuntimeError(f"{self.path} is closed: load it again")

    def _takes(self) -> str:
        """What the network takes instead of photos."""
        inputs = ", ".join(
            f"{name} ({type_text(tensor)})" for name, tensor in self.inputs.items()
        )
        return f"{self.path.name} takes no photos: its inputs are {inputs}"

    def _sizes(self) -> list[int]:
        """The shape of one answer."""
        if self.class_names:
            return [len(self.class_names)]
        shape = self.y_pred.shape
        return [size or 0 for size in shape[1:]] if shape.rank else []

    def run_photo(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """All outputs of the network, its own numbers, for one decoded photo.

        Args:
          image: as `decode` returns it.
        Raises: what `run` raises.
        """
        self._check_open()
        if self._fed is None:
            raise ValueError(self._takes())
        is_batch = self._fed.shape.rank != 0
        return self._run_outputs({self._fed: image[None] if is_batch else image})

    def _run_outputs(self, fed: dict) -> dict[str, np.ndarray]:
        with refused_inputs():
            found = self.session.run(self.outputs, fed)
        return {name: finite(np.asarray(array)) for name, array in found.items()}

    def label(self, row: np.ndarray) -> str | None:
        """The likeliest class of one row; None if it is below the card's threshold."""
        best = int(row.argmax())
        if row[best] < self.card.get("threshold", 0):
            return None
        return self.class_names[best]

    def named(self, row: np.ndarray, top: int | None = None) -> dict[str, float]:
        """One row by class name.

        Args:
          top: where there are more classes, the likeliest of them, in that order.
        """
        if top is not None and top < len(self.class_names):
            best = np.argsort(-row, kind="stable")[:top]
            return {self.class_names[place]: float(row[place]) for place in best}
        return dict(zip(self.class_names, map(float, row), strict=True))

    def close(self) -> None:
        """Close the session and free its memory; `predict` raises from now on."""
        self._is_closed, self._run = True, None
        self.session.close()

    def __enter__(self) -> "FrozenModel":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


def _size(height: int, width: int) -> int | tuple[int, int]:
    return height if height == width else (height, width)
