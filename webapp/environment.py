"""The models and settings that environment variables name, for other servers."""

import atexit
from contextlib import ExitStack

import click

from webapp import loading, options
from webapp.serving import access_log


def options_from_environment() -> dict:
    """The options as the environment variables alone give them.

    Raises:
      click.ClickException: a variable has a value that its option does not take.
    """
    command = click.command("create_app")(options.options(lambda **given: None))
    return command.make_context("create_app", []).params


def load_from_environment() -> tuple:
    """A library of the models, and the settings of `create_app`.

    The library follows new versions, and is closed when the process ends.

    Raises:
      click.ClickException: nothing can be served; the message says why.
    """
    given = options_from_environment()
    access_log.write_to_stdout(given["log_style"])
    source = loading.model_source(given["model"], given["models"])
    load_model = loading.model_loader(options.load_settings(given))
    until_exit = ExitStack()
    try:
        library = until_exit.enter_context(loading.load(source, load_model))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    every = given["reload_every"]
    until_exit.enter_context(loading.reloading(library, source, every, load_model))
    atexit.register(until_exit.close)
    return library, options.limits(given)
