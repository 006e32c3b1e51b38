"""Mutated models of each kind that `freeze` reads; each is frozen and proved."""

import io
from pathlib import Path
from random import Random

import tensorflow as tf

from helpers.checkpoints.file_contents import MESSAGES
from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.saved_models import build_v1, save_function
from tests.freezing.small_models import V2
from tests.fuzz.archives import mutate_zip
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.checkpoint_kinds import (
    DATA,
    INDEX,
    PREFIX,
    checkpoint_files,
    mutate_index,
)
from tests.fuzz.graph_kinds import mutate_graph
from tests.fuzz.kinds import Finding, Kind, write_files

SECONDS = 20.0  # a whole model takes up to two


class FrozenCheckpoints(Kind):
    """Checkpoints with a mutated graph or mutated values."""

    name = "freeze-checkpoint"
    share = 5
    seconds = SECONDS
    refusals = (FreezeError,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = checkpoint_files(V2)

    def make(self, rng: Random) -> dict[str, bytes]:
        files = dict(rng.choice(self.seeds))
        chosen, name = rng.random(), f"{PREFIX}.meta"
        if chosen < 0.7:
            files[name] = mutate_graph(files[name], MESSAGES["MetaGraphDef"], rng)
        elif chosen < 0.9:
            files[INDEX] = mutate_index(files[INDEX], rng)
        else:
            files[DATA] = mutate_bytes(files[DATA], rng)
        return files

    def source(self, case: dict[str, bytes]) -> Path:
        """Where the model is that the case's files are of."""
        return write_files(self.folder / "case", case) / PREFIX

    def run(self, case: dict[str, bytes]) -> None:
        source = self.source(case)
        output = self.folder / "frozen" / "1.pb"
        output.parent.mkdir(exist_ok=True)
        output.unlink(missing_ok=True)
        try:
            freeze(source, output=output)
        finally:
            left = [path.name for path in output.parent.iterdir() if path != output]
            if left:
                raise Finding(f"freezing left {left}")


class FrozenSavedModels(FrozenCheckpoints):
    """SavedModels of TensorFlow 1 and 2."""

    name = "freeze-saved-model"
    share = 3

    def __init__(self, folder: Path) -> None:
        Kind.__init__(self, folder)
        old = build_v1(folder / "old")
        new = save_function(
            lambda m, x: tf.matmul(x, m.kernel) + m.bias, folder / "new"
        )
        self.seeds = [
            {str(p.relative_to(model)): p.read_bytes() for p in model.rglob("*.*")}
            for model in (old, new)
        ]

    def make(self, rng: Random) -> dict[str, bytes]:
        files = dict(rng.choice(self.seeds))
        chosen, values = rng.random(), "variables/variables"
        if chosen < 0.75:
            kind = MESSAGES["SavedModel"]
            files["saved_model.pb"] = mutate_graph(files["saved_model.pb"], kind, rng)
        elif chosen < 0.9:
            files[f"{values}.index"] = mutate_index(files[f"{values}.index"], rng)
        else:
            name = f"{values}.data-00000-of-00001"
            files[name] = mutate_bytes(files[name], rng)
        return files

    def source(self, case: dict[str, bytes]) -> Path:
        return write_files(self.folder / "case", case)


class FrozenKeras(FrozenCheckpoints):
    """Keras files, zips and HDF5."""

    name = "freeze-keras"
    share = 3
    file_name = "model.keras"

    def __init__(self, folder: Path) -> None:
        import keras

        Kind.__init__(self, folder)
        layers = keras.layers
        model = keras.Sequential(
            [
                layers.Input((4,)),
                layers.Dense(3, "relu"),
                layers.BatchNormalization(),
                layers.Dense(2, "softmax"),
            ]
        )
        path = folder / self.file_name
        model.save(path)
        self.seed = path.read_bytes()

    def make(self, rng: Random) -> dict[str, bytes]:
        return {self.file_name: mutate_zip(self.seed, rng, mutate_hdf5)}

    def source(self, case: dict[str, bytes]) -> Path:
        return write_files(self.folder / "case", case) / self.file_name


class FrozenHdf5(FrozenKeras):
    """The older form of Keras files."""

    name = "freeze-h5"
    share = 4
    file_name = "model.h5"

    def make(self, rng: Random) -> dict[str, bytes]:
        return {self.file_name: mutate_hdf5(self.seed, rng)}


def mutate_hdf5(data: bytes, rng: Random) -> bytes:
    """The file with its bytes changed, or the JSON in its attributes."""
    import h5py

    from tests.fuzz.json_mutations import mutate_json_text

    if rng.random() < 0.6:
        return mutate_bytes(data, rng)
    file = io.BytesIO(data)
    with h5py.File(file, "r+") as opened:
        texts = [name for name, value in opened.attrs.items() if value[:1] == "{"]
        if not texts:
            return mutate_bytes(data, rng)
        name = rng.choice(texts)
        text = opened.attrs[name].encode()
        changed = mutate_json_text(text, rng)[
            :60_000
        ]  # attributes are limited to 64 KiB
        opened.attrs[name] = changed.decode("utf-8", "replace").replace("\0", "?")
    return file.getvalue()
