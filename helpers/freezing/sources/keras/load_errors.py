"""Say why Keras did not load a file."""

import importlib.metadata
import re

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.freezing.sources.keras.keras_contents import KerasContents

UNKNOWN = (
    re.compile(r"Unknown ([a-z]+) function '\{[^{}]*'config': '(\w+)'"),
    re.compile(r"Unknown ([a-z]+)(?: function)?: ?'?([\w>.]+)'?"),
    re.compile(r"Could not locate (class|function) '([\w>.]+)'"),
    re.compile(r"Could not deserialize (class|function) '([\w>.]+)'"),
    re.compile(r"Could not (?:find|interpret) ([a-z]+)[^:']*: ?'?([\w>.]+)'?"),
)
INNERMOST = "Exception encountered:"  # what Keras writes before an error's cause
CALLED = re.compile(r"encountered when calling layer ('[^']*')[^\n]*\n+(\S[^\n]*)")
HUB = "KerasLayer"  # of tensorflow_hub


def explain(contents: KerasContents, error: Exception, keras: str) -> FreezeError:
    """The error that names the missing class, or else what the loader said.

    Args:
      error: what the loader of `keras`, such as "tf_keras", raised.
    """
    path, text = contents.path, str(error)
    for pattern in UNKNOWN:
        if found := pattern.search(text):
            kind, name = found.groups()
            where = "tensorflow_hub" if name == HUB else "MODULE"
            return FreezeError(
                f"{path} needs the {kind} {name!r}, which Keras does not have; the "
                "file holds its name only, not its code",
                f"bring it with --custom {where}: the dotted name, or the path of the "
                ".py file, of a module that defines it",
            )
    package = "tf_keras" if keras == "tf_keras" else "keras"
    here = f"{package} {importlib.metadata.version(package)}"
    version = f"Keras {contents.version}" if contents.version else "an unknown Keras"
    return FreezeError(
        f"{path} was written by {version}, and {here} does not load it: "
        f"{_cause(error)}",
        "open it in Python with that version and export it: model.export('folder') or "
        "tf.saved_model.save, and freeze the SavedModel",
    )


def _cause(error: Exception) -> str:
    """The first sentences of an error, without the config that Keras quotes."""
    text = getattr(error, "message", str(error)).rpartition(INNERMOST)[2].strip()
    text = (
        error_summary(ValueError(text))
        if INNERMOST in str(error)
        else error_summary(error)
    )
    if found := CALLED.search(str(error)):
        text = f"layer {found[1]} fails: {found[2]}"
    text = re.split(r"(?: Full object config| using config| config=\{)", text)[0]
    return text if len(text) <= 300 else f"{text[:297]}…"
