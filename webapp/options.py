"""The options of `python webapp/app.py`, each with its environment variable."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from helpers.data.decoding import MAX_BYTES, MAX_PIXELS
from helpers.serving.spec_options import SPEC_OPTIONS, stated_fields
from webapp.loading import NamedFile
from webapp.serving import capacity

FROZEN = Path(__file__).resolve().parents[1] / "checkpoints" / "frozen"


def option(name: str, variable: str, **settings) -> Callable:
    """A click option that the environment variable `variable` may also set."""
    settings.setdefault("show_default", "default" in settings)
    return click.option(name, envvar=variable, show_envvar=True, **settings)


MODELS = (
    option(
        "--model",
        "MODEL",
        type=NamedFile(),
        multiple=True,
        help="Serve this frozen graph under this name; may be given several times. "
        "Then --models is ignored.",
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
        help="How often to look for new versions; 0: never.",
    ),
)
ADDRESS = (
    option(
        "--host",
        "HOST",
        default="127.0.0.1",
        help="Address to listen on; 0.0.0.0 listens on every network interface.",
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
        type=click.IntRange(1, capacity.MAX_WORKERS),
        default=capacity.workers,
        show_default="one for each core, as memory allows",
        help="Processes, each with models of its own; limits, metrics and versions are "
        "common to all.",
    ),
    option(
        "--admitted",
        "ADMITTED",
        type=click.IntRange(1, 200),
        default=100,
        help="Photos in flight at once, at most; others get 503 and Retry-After.",
    ),
    option(
        "--precision",
        "PRECISION",
        type=click.Choice(["auto", "float32"]),
        default="auto",
        help="auto computes in bfloat16 where the CPU has it and the answers for test "
        "pictures are the same.",
    ),
    option(
        "--patience",
        "PATIENCE",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=10.0,
        help="How long a photo may wait for earlier ones; then it gets 504.",
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
        help="The format of log lines.",
    ),
)
MODEL_SPEC = tuple(
    option(spec.name, spec.variable, **spec.settings) for spec in SPEC_OPTIONS
)


def options(command: Callable) -> Callable:
    """Add all options to the command, in the order of --help."""
    for add in reversed((*MODELS, *ADDRESS, *LIMITS, *MODEL_SPEC)):
        command = add(command)
    return command


def limits(given: dict) -> dict:
    """The settings of `create_app` that the options give."""
    return {
        "PATIENCE": given["patience"],
        "MAX_BYTES": int(given["max_megabytes"] * 1e6),
        "MAX_PIXELS": int(given["max_megapixels"] * 1e6),
    }


def load_settings(given: dict) -> dict:
    """The arguments of `FrozenModel.load` that the options give."""
    return {
        "defaults": stated_fields(given),
        "threads": capacity.threads(given["workers"]),
        "quick": given["precision"] == "auto",
    }
