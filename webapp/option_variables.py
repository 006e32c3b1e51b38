"""Command line options that environment variables may also set."""

from collections.abc import Callable

import click

VARIABLES = "FREEZE_SERVE_"  # other programs set HOST, MODEL and the like


def variable(name: str) -> str:
    """The environment variable of an option: FREEZE_SERVE_MAX_MEGABYTES."""
    return VARIABLES + name.removeprefix("--").replace("-", "_").upper()


def option(name: str, **settings) -> Callable:
    """A click option that its environment variable may also set."""
    settings.setdefault("show_default", "default" in settings)
    return click.option(name, envvar=variable(name), show_envvar=True, **settings)
