"""NetworkSession: runs, trains, saves and restores a network."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.data.photos import Examples
from helpers.graphs.model_card import put_card
from helpers.graphs.session_config import session_config
from helpers.training.networks import Network, average_names, model_variables
from helpers.whole_files import write_whole


class NetworkSession:
    """A network with its own session and saver; the variables are initialised."""

    def __init__(self, network: Network, *, bfloat16: bool = False):
        self.network = network
        self.size = int(network.x.shape[1])
        with network.graph.as_default():
            self._saver = tf1.train.Saver()
            variables = {v.op.name: v for v in tf1.global_variables()}
            self._fold = [
                variables[name].assign(variables[average])
                for name, average in average_names(network.graph).items()
            ]
            initialise = tf1.global_variables_initializer()
            if network.temperature is not None:
                self._temperature = tf1.placeholder(tf.float32, [])
                self._assign = network.temperature.assign(self._temperature)
        config = session_config(bfloat16=bfloat16)
        config.use_per_session_threads = True
        config.inter_op_parallelism_threads = 1  # two ops at once slow each other down
        self.session = tf1.Session(graph=network.graph, config=config)
        self.session.run(initialise)

    def step(self, images, targets, rate: float) -> tuple[float, float]:
        """Train on one batch; returns its loss and accuracy before the step.

        Args:
          images: float32 in [0, 1], shape [N, size, size, 3].
          targets: float32, shape [N, classes].
          rate: the learning rate.
        """
        net = self.network
        feeds = {net.x: images, net.y_true: targets, net.learning_rate: rate}
        if net.is_training is not None:
            feeds[net.is_training] = True
        return self.session.run([net.loss, net.accuracy, net.train_op], feeds)[:2]

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities of uint8 images [N, size, size, 3], shape [N, classes]."""
        return self._in_parts(self.network.y_pred, images)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits of uint8 images [N, size, size, 3], shape [N, classes]."""
        return self._in_parts(self.network.logits, images)

    def _in_parts(self, wanted: tf.Tensor, images: np.ndarray) -> np.ndarray:
        parts = np.array_split(images, max(1, math.ceil(len(images) / 128)))
        feeds = ({self.network.x: part / np.float32(255)} for part in parts)
        return np.concatenate([self.session.run(wanted, feed) for feed in feeds])

    def set_temperature(self, temperature: float) -> None:
        """Divide the logits by this from now on, if the network has a temperature."""
        if self.network.temperature is not None:
            self.session.run(self._assign, {self._temperature: temperature})

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Set the variables of these names, and their moving averages, to the values.

        Raises:
          ValueError: a kernel, bias or average of the network is not among the names.
        """
        with self.network.graph.as_default():
            variables = {v.op.name: v for v in tf1.global_variables()}
        needed = {v.op.name for v in model_variables(self.network.graph)}
        if missing := sorted(needed - set(values)):
            raise ValueError(f"no values for {', '.join(missing)}")
        averages = average_names(self.network.graph)
        for name in needed:
            for variable in {name, averages.get(name, name)}:
                start = variables[variable].initializer
                self.session.run(start, {start.inputs[1]: values[name]})

    def accuracy(self, examples: Examples) -> float:
        """The share of examples whose likeliest class is the label, 0 to 1."""
        right = self.predict(examples.images).argmax(1) == examples.labels
        return float(right.mean())

    def fold_averages(self) -> None:
        """Set each variable that has a moving average to that average."""
        self.session.run(self._fold)

    def save(self, prefix: str, *, write_state: bool = True) -> None:
        """Write all checkpoint files except the `.meta` file.

        Args:
          write_state: write the `checkpoint` file, which names the prefix, too.
        """
        with self.network.graph.as_default():
            self._saver.save(
                self.session, prefix, write_meta_graph=False, write_state=write_state
            )

    def write_meta(self, prefix: str, card: dict) -> None:
        """Write the `.meta` file, with this card in the graph."""
        with self.network.graph.as_default():
            meta = self._saver.export_meta_graph()
        put_card(meta.graph_def, card)
        data = meta.SerializeToString(deterministic=True)
        write_whole(Path(f"{prefix}.meta"), data)

    def restore(self, prefix: str) -> None:
        """Set all variables from a checkpoint.

        Raises:
          ValueError: it is damaged, or of another network.
        """
        try:
            with self.network.graph.as_default():
                self._saver.restore(self.session, prefix)
        except tf.errors.OpError as error:
            raise ValueError(
                f"{prefix} cannot be restored: it is damaged, or another network's; "
                "remove its folder, or take an earlier copy"
            ) from error

    def close(self) -> None:
        self.session.close()
