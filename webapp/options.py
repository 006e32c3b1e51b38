"""The options of `python webapp/app.py`, each with its environment variable."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from helpers.data.decoding import MAX_BYTES, MAX_PIXELS
from webapp.loading import NamedFile
from webapp.serving import capacity

FROZEN = Path(__file__).resolve().parents[1] / "checkpoints" / "frozen"


def option(name: str, variable: str, **settings) -> Callable:
    """An option that may also be set by this environment variable."""
    settings.setdefault("show_default", "default" in settings)
    return click.option(name, envvar=variable, show_envvar=True, **settings)


WHAT = (
    option(
        "--model",
        "MODEL",
        type=NamedFile(),
        multiple=True,
        help="Serve this frozen graph under this name; may be given several times. "
        "Then --models is left alone.",
    ),
    option(
        "--models",
        "MODELS",
        type=click.Path(path_type=Path),
        default=FROZEN,
        show_default="checkpoints/frozen",
        help="Serve the newest NAME/VERSION.pb of every NAME in this folder, and the "
        'versions that NAME/labels.json gives a label, like {"stable": 3}.',
    ),
    option(
        "--reload-every",
        "RELOAD_EVERY",
        type=click.FloatRange(0),
        metavar="SECONDS",
        default=2.0,
        help="Look for new versions as often as this; 0 never looks.",
    ),
)
WHERE = (
    option(
        "--host",
        "HOST",
        default="127.0.0.1",
        help="Address to listen on; 0.0.0.0 is every network this machine is in.",
    ),
    option(
        "--port",
        "PORT",
        type=click.IntRange(0, 65535),
        default=5000,
        help="Port to listen on; 0 takes a free one.",
    ),
)
LIMITS = (
    option(
        "--workers",
        "WORKERS",
        type=click.IntRange(1, capacity.MOST),
        default=capacity.workers,
        show_default="one a core, as memory allows",
        help="Processes, each with models of its own; limits, metrics and versions are "
        "those of all together.",
    ),
    option(
        "--admitted",
        "ADMITTED",
        type=click.IntRange(1, 200),
        default=100,
        help="Photos in flight at once; one more gets 503 and Retry-After.",
    ),
    option(
        "--precision",
        "PRECISION",
        type=click.Choice(["auto", "float32"]),
        default="auto",
        help="auto computes in bfloat16 where the CPU has it and test pictures get the "
        "same answers.",
    ),
    option(
        "--patience",
        "PATIENCE",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=10.0,
        help="How long a photo may wait for those before it.",
    ),
    option(
        "--max-megabytes",
        "MAX_MEGABYTES",
        type=click.FloatRange(0.1),
        default=MAX_BYTES / 1e6,
        help="The largest photo, as a file.",
    ),
    option(
        "--max-megapixels",
        "MAX_MEGAPIXELS",
        type=click.FloatRange(0.1),
        default=MAX_PIXELS / 1e6,
        help="The largest photo, once it is decoded.",
    ),
    option(
        "--log-style",
        "LOG_STYLE",
        type=click.Choice(["json", "text"]),
        default=lambda: "text" if sys.stdout.isatty() else "json",
        show_default="text on a terminal, else json",
        help="How a line of the log is written.",
    ),
)
FACTS = (
    option("--classes", "MODEL_CLASSES", metavar="CAT,DOG", help="Class names."),
    option("--input", "MODEL_INPUT", metavar="TENSOR", help="The tensor photos go in."),
    option("--output", "MODEL_OUTPUT", metavar="TENSOR", help="The probabilities."),
    option(
        "--pixels",
        "MODEL_PIXELS",
        type=click.Choice(["0..1", "-1..1", "0..255"]),
        help="What the input expects of a pixel.",
    ),
    option(
        "--image-size",
        "MODEL_IMAGE_SIZE",
        type=click.IntRange(1, 2048),
        help="The side of the square the input expects.",
    ),
)


def options(command: Callable) -> Callable:
    """All of them, in the order of --help."""
    for add in reversed((*WHAT, *WHERE, *LIMITS, *FACTS)):
        command = add(command)
    return command


def limits(given: dict) -> dict:
    """The app's settings among the options."""
    return {
        "PATIENCE": given["patience"],
        "MAX_BYTES": int(given["max_megabytes"] * 1e6),
        "MAX_PIXELS": int(given["max_megapixels"] * 1e6),
    }


def load_settings(given: dict) -> dict:
    """The settings that `FrozenModel.load` gets."""
    return {
        "facts": facts(given),
        "threads": capacity.threads(given["workers"]),
        "quick": given["precision"] == "auto",
    }


def facts(given: dict) -> dict:
    """What the options say of graphs that do not say it themselves."""
    said = {name: given[name] for name in ("input", "output", "pixels", "image_size")}
    if given["classes"]:
        said["class_names"] = given["classes"].split(",")
    return {name: fact for name, fact in said.items() if fact}
