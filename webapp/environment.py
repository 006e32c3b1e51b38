"""The models and settings that environment variables name, for other servers."""

import atexit
from contextlib import ExitStack

import click

from helpers.serving.trials import Trials
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
    """A library of the models, its Reloader or None, and settings of `create_app`.

    The library follows new versions, and is closed when the process ends.

    Raises:
      click.ClickException: nothing can be served; the message says why.
    """
    given = options_from_environment()
    access_log.write_to_stdout(given["log_style"])
    source = loading.model_source(given["model"], given["models"])
    until_exit, settings = ExitStack(), options.load_settings(given)
    trials = Trials(settings, options.trial_limits(given))
    load_model, every = loading.ModelLoader(settings, trials), given["reload_every"]
    try:
        library = loading.load(source, load_model, waits=not every)
    except (OSError, ValueError) as error:
        trials.close()
        raise click.ClickException(str(error)) from error
    until_exit.enter_context(library)
    patient = load_model.patient(loading.LOOK_SECONDS)
    reloader = until_exit.enter_context(
        loading.reloading(library, source, every, patient)
    )
    until_exit.enter_context(trials)
    atexit.register(until_exit.close)
    return library, reloader, options.limits(given)
