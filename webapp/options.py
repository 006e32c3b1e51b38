"""The options of `python webapp/app.py`, each with its environment variable."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from helpers.data.decoding import MAX_BYTES, MAX_PIXELS
from helpers.serving import allowed_ops
from helpers.serving.spec_options import SPEC_OPTIONS, stated_fields
from helpers.serving.trial import PER_FILE_BYTE, Limits
from webapp.loading import NamedFile
from webapp.option_types import HOSTS, PROXIES, Origins, Prefix
from webapp.option_variables import option
from webapp.serving import capacity, client_limits, scheduler

FROZEN = Path(__file__).resolve().parents[1] / "checkpoints" / "frozen"
KEEP_ALIVE = 75.0  # seconds; nginx closes its idle connections after 60
BODY_BYTES = 256_000_000  # of all bodies of a process
ADMITTED = 100  # photos in flight
MAX_INSTANCES = 64
MODELS = (
    option(
        "--model",
        type=NamedFile(),
        multiple=True,
        help="Serve this frozen graph under this name; may be given several times. "
        "Then --models is ignored.",
    ),
    option(
        "--models",
        type=click.Path(path_type=Path),
        default=FROZEN,
        show_default="checkpoints/frozen",
        help="Serve the newest NAME/VERSION.pb of every NAME in this folder, and the "
        'versions that NAME/labels.json gives a label, like {"stable": 3}.',
    ),
    option(
        "--reload-every",
        type=click.FloatRange(0),
        metavar="SECONDS",
        default=2.0,
        help="How often to look for new versions; 0: never.",
    ),
    option(
        "--load-seconds",
        type=click.FloatRange(1),
        metavar="SECONDS",
        default=Limits().seconds,
        help="How long loading a model file and running it on test pictures may take. "
        "Each file is tried in a process of its own first, and is refused until it "
        "changes if it takes more, or ends the process.",
    ),
    option(
        "--load-cpu-seconds",
        type=click.FloatRange(1),
        metavar="SECONDS",
        default=Limits().cpu_seconds,
        help="How much CPU time that may take, of all cores together.",
    ),
    option(
        "--load-megabytes",
        type=click.FloatRange(1),
        metavar="MB",
        default=Limits().megabytes,
        help=f"How much memory that may take, beside {PER_FILE_BYTE} times the size of "
        "the file.",
    ),
    option(
        "--repository-token",
        default="",
        show_default="none",
        help="Programs that send it may load and unload models by the Open Inference "
        "Protocol. Better set by the variable: other users can see a command line.",
    ),
    option(
        allowed_ops.NAME,
        type=allowed_ops.OpNames(),
        default=(),
        show_default="none",
        help=allowed_ops.HELP,
    ),
)
ADDRESS = (
    option(
        "--host",
        default="127.0.0.1",
        help="Address to listen on; 0.0.0.0 or :: listens on every network interface, "
        "unix:/run/app.sock on a unix socket.",
    ),
    option(
        "--port",
        type=click.IntRange(0, 65535),
        default=5000,
        help="Port to listen on; 0 takes a free one.",
    ),
    option(
        "--allowed-hosts",
        type=HOSTS,
        default="",
        show_default="none",
        help="Host names that the app is asked by, like photos.example.com; "
        ".example.com: all names below it, too; *: any. Always allowed are addresses "
        "and localhost, and this machine's own name if --host is not loopback. Others "
        "get 400: a page of another site could make its name lead here.",
    ),
    option(
        "--keep-alive",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=KEEP_ALIVE,
        help="How long a connection may be idle; longer than a proxy keeps it, which "
        "for nginx is 60.",
    ),
    option(
        "--client-seconds",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=client_limits.SECONDS,
        help="How long a client may take to send the head of a request, and may pause. "
        f"A body and an answer have a second more for each {client_limits.RATE:,} "
        "bytes. Then it gets 408.",
    ),
    option(
        "--connections",
        type=click.IntRange(10, 100_000),
        default=client_limits.CONNECTIONS,
        help="Connections of each worker, at most; one idle for long makes room for a "
        "new one.",
    ),
)
PROXY = (
    option(
        "--prefix",
        type=Prefix(),
        default="",
        show_default="none",
        help="The path that a proxy serves the app at, like /cats.",
    ),
    option(
        "--trusted-proxies",
        type=PROXIES,
        default="",
        show_default="none",
        help="Proxies whose X-Forwarded-Proto, -Host, -Port and -Prefix are believed, "
        "like 127.0.0.1,10.0.0.0/8; unix: those on the unix socket.",
    ),
    option(
        "--cors-origins",
        type=Origins(),
        default="",
        show_default="none",
        help="Pages of these origins may ask too, like https://www.example.com; *: of "
        "all.",
    ),
)
LIMITS = (
    option(
        "--workers",
        type=click.IntRange(1, capacity.MAX_WORKERS),
        default=capacity.workers,
        show_default="one for each core, as memory allows",
        help="Processes, each with models of its own; limits, metrics and versions are "
        "common to all.",
    ),
    option(
        "--admitted",
        type=click.IntRange(1, 200),
        default=ADMITTED,
        help="Photos in flight at once, at most; others get 503 and Retry-After.",
    ),
    option(
        "--precision",
        type=click.Choice(["auto", "float32"]),
        default="auto",
        help="auto computes in bfloat16 where the CPU has it and the answers for test "
        "pictures are the same.",
    ),
    option(
        "--patience",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=scheduler.PATIENCE,
        help="How long a photo may wait for earlier ones; then it gets 504.",
    ),
    option(
        "--deadline",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=scheduler.DEADLINE,
        help="How long a model may compute for one request; then it gets 504, and the "
        "worker is replaced.",
    ),
    option(
        "--max-megabytes",
        type=click.FloatRange(0.1),
        default=MAX_BYTES / 1e6,
        help="The largest photo, as a file.",
    ),
    option(
        "--body-megabytes",
        type=click.FloatRange(1),
        metavar="MB",
        default=BODY_BYTES / 1e6,
        help="The request bodies that each worker has in memory, all together; others "
        "get 503 and Retry-After. There is always room for two of the largest photos.",
    ),
    option(
        "--max-megapixels",
        type=click.FloatRange(0.1),
        default=MAX_PIXELS / 1e6,
        help="The largest photo, once it is decoded.",
    ),
    option(
        "--max-instances",
        type=click.IntRange(1),
        default=MAX_INSTANCES,
        help="The most instances in one request of /v1 or /v2.",
    ),
    option(
        "--log-style",
        type=click.Choice(["json", "text"]),
        default=lambda: "text" if sys.stdout.isatty() else "json",
        show_default="text on a terminal, else json",
        help="The format of log lines.",
    ),
)
MODEL_SPEC = (
    option(
        "--override-cards",
        is_flag=True,
        help="The options below replace what model cards state, instead of adding what "
        "they lack.",
    ),
    *(option(spec.name, **spec.settings) for spec in SPEC_OPTIONS),
)


def options(command: Callable) -> Callable:
    """Add all options to the command, in the order of --help."""
    for add in reversed((*MODELS, *ADDRESS, *PROXY, *LIMITS, *MODEL_SPEC)):
        command = add(command)
    return command


def limits(given: dict) -> dict:
    """The settings of `create_app` that the options give."""
    return {
        "PATIENCE": given["patience"],
        "MAX_BYTES": int(given["max_megabytes"] * 1e6),
        "MAX_PIXELS": int(given["max_megapixels"] * 1e6),
        "MAX_INSTANCES": given["max_instances"],
        "PREFIX": given["prefix"],
        "ALLOWED_HOSTS": given["allowed_hosts"].with_own_names(given["host"]),
        "TRUSTED_PROXIES": given["trusted_proxies"],
        "CORS_ORIGINS": given["cors_origins"],
        "REPOSITORY_TOKEN": given["repository_token"],
    }


def server_settings(given: dict) -> dict:
    """The settings of `make_server` that the options give."""
    names = ("admitted", "keep_alive", "deadline", "client_seconds", "connections")
    body_bytes = int(given["body_megabytes"] * 1e6)
    return {name: given[name] for name in names} | {"body_bytes": body_bytes}


def trial_limits(given: dict) -> Limits:
    """The limits of the process in which each model file is tried."""
    names = ("load_seconds", "load_cpu_seconds", "load_megabytes")
    return Limits(*(given[name] for name in names))


def load_settings(given: dict) -> dict:
    """The arguments of `FrozenModel.load` that the options give."""
    return {
        "stated" if given["override_cards"] else "defaults": stated_fields(given),
        "allow_ops": given["allow_ops"],
        "threads": capacity.threads(given["workers"]),
        "quick": given["precision"] == "auto",
    }
