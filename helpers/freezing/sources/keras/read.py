"""Read a Keras model that is one file with the generation of Keras that wrote it."""

import logging
import os
import warnings as python_warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.keras.code_policy import allow_code
from helpers.freezing.sources.keras.config_upgrade import upgraded
from helpers.freezing.sources.keras.custom_modules import custom_objects
from helpers.freezing.sources.keras.hdf5_by_parts import load_by_parts
from helpers.freezing.sources.keras.keras_2 import keras_2_for_imports
from helpers.freezing.sources.keras.keras_contents import KerasContents, read_contents
from helpers.freezing.sources.keras.load_errors import cause_of, explain
from helpers.freezing.sources.keras.loaded_weights import differences
from helpers.freezing.sources.keras.rewritten_file import rewritten
from helpers.freezing.sources.source import Source
from helpers.freezing.sources.source_options import SourceOptions
from helpers.freezing.sources.traced_function import trace

NAMES = {2: "tf_keras", 3: "Keras 3"}
LOGGERS = ("tensorflow", "absl")


class Loaded(NamedTuple):
    """A file as one generation of Keras loads and traces it."""

    generation: int
    source: Source
    difference: str | None  # between the file's weights and the model's


def read_keras(path: Path, options: SourceOptions) -> Source:
    """The traced forward pass of a Keras model, whatever the file's name.

    The generation of Keras that wrote the file reads it. The other one is tried where
    that fails, and said, since some layers have another meaning in it.

    Raises:
      FreezeError: neither loads it, or the file holds code and is not trusted.
    """
    contents = read_contents(path)
    order = (2, 3) if contents.generation < 3 else (3, 2)
    errors: dict[int, Exception] = {}
    found: list[Loaded] = []
    for generation in order:
        try:
            loaded = _read(contents, generation, options)
        except Exception as error:  # loaders raise whatever their layers raise
            if isinstance(error, FreezeError) and not (errors or found):
                raise
            errors[generation] = error
            continue
        found.append(loaded)
        if loaded.difference is None:
            break
    if not found:
        raise explain(contents, errors[order[0]], NAMES[order[0]])
    taken = found[-1] if found[-1].difference is None else found[0]
    notes = _notes(contents, taken, order[0], errors.get(order[0]) or found[0])
    return taken.source._replace(warnings=(*taken.source.warnings, *notes))


def _notes(
    contents: KerasContents, taken: Loaded, first: int, result: Exception | Loaded
) -> Iterator[str]:
    """What has to be said of a file that was not loaded as it was saved.

    Args:
      first: the generation that was tried first, as it wrote the file.
      result: the error of that generation, or the model as it loads it.
    """
    name = NAMES[taken.generation]
    if taken.difference:
        yield f"{name} converted weights of {contents.path}: {taken.difference}"
    if taken.generation != first:
        why = (
            f"does not load it: {cause_of(result)}"
            if isinstance(result, Exception)
            else f"changes its weights: {result.difference}"
        )
        yield (
            f"{contents.path} was written by {contents.writer}; {name} loaded it, "
            "whose layers may differ (such as hard_sigmoid), because "
            f"{NAMES[first]} {why}"
        )


def _read(contents: KerasContents, generation: int, options: SourceOptions) -> Loaded:
    """The model as one generation of Keras loads and traces it."""
    with _as_keras(generation) as keras, _quiet():
        custom = custom_objects(options.custom)
        known = dict(keras.saving.get_custom_objects()) | custom
        allowed = allow_code(contents, known, keras, trust=options.trust)
        config, custom = allowed.config, custom | allowed.functions
        if generation == 2:
            config = upgraded(config, contents)
        with rewritten(contents, config) as path:
            if generation == 2:
                model = _load_keras_2(keras, path, custom, trust=options.trust)
            else:
                model = _load_keras_3(path, config, custom, trust=options.trust)
        difference = differences(model, contents.weights)
        return Loaded(generation, trace(contents.path, model), difference)


def _as_keras(generation: int) -> AbstractContextManager[Any]:
    """The module of this generation, while it is called Keras."""
    if generation == 2:
        return keras_2_for_imports()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return nullcontext(keras)


def _load_keras_2(
    keras: Any, path: Path, custom: dict[str, Any], *, trust: bool
) -> Any:
    """The model, without its optimizer, losses and metrics."""
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    with SafeModeScope(not trust):  # its HDF5 loader takes no notice of `safe_mode`
        return keras.models.load_model(
            path, custom_objects=custom, compile=False, safe_mode=not trust
        )


def _load_keras_3(
    path: Path, config: dict[str, Any], custom: dict[str, Any], *, trust: bool
) -> Any:
    """The model, without its optimizer, losses and metrics."""
    from keras.saving import load_model

    try:
        return load_model(
            path, custom_objects=custom, compile=False, safe_mode=not trust
        )
    except Exception as error:  # as above: whatever its layers raise
        if path.suffix == ".keras":
            raise
        with suppress(Exception):  # the first error tells more
            return load_by_parts(path, config, custom, trust=trust)
        raise error


@contextmanager
def _quiet() -> Iterator[None]:
    """Within it, Keras and TensorFlow log errors only."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
