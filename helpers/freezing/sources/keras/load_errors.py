"""Say why Keras did not load a file."""

import importlib.metadata
import re

from helpers.foreign.texts import shown
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.freezing.sources.keras.keras_contents import KerasContents

UNKNOWN = (
    re.compile(r"Unknown ([a-z]+) function '\{[^{}]*'config': '(\w+)'"),
    re.compile(r"Unknown ([a-z]+)(?: function)?: ?'?([\w>.]+)'?"),
    re.compile(r"Could not locate (class|function) '([\w>.]+)'"),
    re.compile(r"Could not deserialize (class|function) '([\w>.]+)'"),
    re.compile(r"Cannot deserialize object of (type) `([\w>.]+)`"),
    re.compile(r"Could not (?:find|interpret) ([a-z]+)[^:']*: ?'?([\w>.]+)'?"),
)
INNERMOST = "Exception encountered:"  # what Keras writes before an error's cause
CALLED = re.compile(
    r"encountered when calling (?:layer )?([\"'][^\"']*[\"']|\w+(?=\.))"
)
NOT_LOADED = re.compile(r"error message for object <(\w+)[^\n]*:\s*\n+([^\n]+)")
NODE = re.compile(r" for '\{\{node .*?\}\}[^']*'")
BOLD = re.compile(r"\x1b\[\d*m")  # as terminals show it
WRAPPING = ("encountered", "in user code:")  # in what is raised around an error
LONGEST = 300  # characters of a cause
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
            kind = "class" if kind == "type" else kind
            where = "tensorflow_hub" if name == HUB else "MODULE"
            return FreezeError(
                f"{path} needs the {kind} {shown(name)}, which Keras does not have; "
                "the file holds its name only, not its code",
                f"bring it with --custom {where}: the dotted name, or the path of the "
                ".py file, of a module that defines it",
            )
    package = "tf_keras" if keras == "tf_keras" else "keras"
    here = f"{package} {importlib.metadata.version(package)}"
    return FreezeError(
        f"{path} was written by {contents.writer}, and {here} does not load it: "
        f"{cause_of(error)}",
        "export it in the program that made it: model.export('folder'), and freeze the "
        "SavedModel"
        if here.endswith(f" {contents.version}")
        else "open it in Python with that version and export it: "
        "model.export('folder') or tf.saved_model.save, and freeze the SavedModel",
    )


def cause_of(error: Exception) -> str:
    """What an error of a loader says, without the config that Keras quotes.

    Of an error inside a layer, that is the layer and the error that the layer raised.
    """
    outer, inner = _text(error), _innermost(error)
    text = error_summary(ValueError(_text(inner).rpartition(INNERMOST)[2]))
    if not _text(inner).strip():
        is_assertion = isinstance(inner, AssertionError)
        text = (
            "an assertion does not hold"
            if is_assertion
            else f"it raises {type(inner).__name__}"
        )
    elif isinstance(inner, KeyError):
        text = f"there is no {text!r}"
    text = re.split(r"(?: Full object config| using config| config=\{)", text)[0]
    text = NODE.sub("", text)
    if found := NOT_LOADED.search(outer):
        text = f"{found[1]} cannot be loaded: {found[2]}"
    if called := CALLED.findall(outer):
        text = f"layer {called[-1]} fails: {text}"
    if len(text) <= LONGEST:
        return text
    sentences, end, _ = text[:LONGEST].rpartition(". ")
    return f"{sentences}." if end else f"{text[:LONGEST]}…"


def _innermost(error: BaseException) -> BaseException:
    """The first of a chain of errors, each of which repeats what the one before says.

    Keras and AutoGraph raise such errors around the one that a layer raises.
    """
    while (inner := error.__cause__ or error.__context__) is not None:
        if not _repeats(error, inner):
            break
        error = inner
    return error


def _repeats(outer: BaseException, inner: BaseException) -> bool:
    """Whether a line of the outer error ends with what the inner one says."""
    if not _text(inner).strip():
        return any(words in _text(outer) for words in WRAPPING)
    said = {text.strip().splitlines()[0] for text in (_text(inner), str(inner))}
    lines = [line.strip() for line in _text(outer).splitlines()]
    return any(
        line == text or line.endswith(f": {text}") for line in lines for text in said
    )


def _text(error: BaseException) -> str:
    """The message of an error; `str` would quote that of a KeyError."""
    first = error.args[0] if isinstance(error, KeyError) and error.args else error
    return BOLD.sub("", str(getattr(error, "message", first)))
