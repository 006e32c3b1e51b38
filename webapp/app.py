"""The web app: `create_app`, and `python webapp/app.py`, which serves it.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import socket
import sys
from pathlib import Path
from threading import Event

if __name__ == "__main__":  # Python put webapp/ first; imports start at its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from helpers.commands.missing_packages import leave_without_packages

    leave_without_packages()

import click
from flask import Flask
from flask.json.provider import DefaultJSONProvider

from helpers.data.decoding import MAX_BYTES, MAX_PIXELS
from helpers.serving.allocator import use_one_arena
from helpers.serving.trials import Trials
from webapp import loading, options, security
from webapp.environment import load_from_environment
from webapp.metrics import Metrics
from webapp.proxy_headers import ProxyHeaders, TrustedProxies
from webapp.requests.hosts import AllowedHosts
from webapp.requests.uploads import PhotoRequest
from webapp.serving import access_log, capacity, scheduler
from webapp.serving.admission import Admission
from webapp.serving.body_budget import BodyBudget
from webapp.serving.in_flight import InFlightCounter
from webapp.serving.listener import bind
from webapp.serving.repository import Repository
from webapp.serving.restart import inherited_listener
from webapp.serving.server import Server, leave_on_signal
from webapp.serving.shared_state import WorkerState
from webapp.serving.state_folder import remove_abandoned
from webapp.serving.supervisor import Supervisor
from webapp.serving.worker import has_answered, worker_context
from webapp.views import (
    errors,
    model_repository,
    models,
    open_inference,
    operations,
    page,
    predict,
    tensorflow_serving,
)

FORM_BYTES = 100_000  # of a form, beside its photo
# Requests that may take long, for they compute many images or load a model, are in no
# batch of photos: those whose path has one of these parts, from so many bytes on.
LONG = {"/v2/models/": 1_000_000, "/explain": 0, "/v1/": 0, "/v2/repository/models/": 0}


def create_app(library=None, **settings) -> Flask:
    """The Flask app that answers with the library's models.

    Without a library, the models and all settings are those of the environment
    variables, so that other servers can start it: `gunicorn 'webapp.app:create_app()'`.

    Args:
      library: a `helpers.serving.library.Library`; the caller closes it.
      settings: MAX_BYTES and MAX_PIXELS of a photo; PATIENCE, seconds that it may
        wait; MAX_INSTANCES of one request of /v1 or /v2; PREFIX, the path that a
        proxy serves the app at; TRUSTED_PROXIES, whose headers are believed;
        CORS_ORIGINS; ALLOWED_HOSTS; REPOSITORY_TOKEN.
    """
    reloader = None
    if library is None:
        library, reloader, stated = load_from_environment()
        settings = stated | settings
    app = Flask("webapp")
    app.request_class = PhotoRequest
    app.json = DefaultJSONProvider(app)
    app.json.sort_keys = False
    app.config.from_mapping(MAX_BYTES=MAX_BYTES, MAX_PIXELS=MAX_PIXELS)
    app.config.from_mapping(
        PATIENCE=scheduler.PATIENCE, MAX_INSTANCES=options.MAX_INSTANCES
    )
    app.config.from_mapping(PREFIX="", TRUSTED_PROXIES=TrustedProxies())
    app.config.from_mapping(CORS_ORIGINS=frozenset(), REPOSITORY_TOKEN="")
    app.config.from_mapping(ALLOWED_HOSTS=AllowedHosts())
    app.config.from_mapping(settings)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_BYTES"] + FORM_BYTES
    app.extensions["library"] = library
    app.extensions["metrics"] = Metrics(library)
    app.extensions["admission"] = Admission(
        app.config["PATIENCE"], refused=app.extensions["metrics"].rejected
    )
    app.extensions["ready"] = Event()
    app.extensions["ready"].set()
    if reloader:
        watch_reloading(app, reloader)
    access_log.log_requests(app)
    app.extensions["metrics"].count(app)
    security.protect(app)
    errors.answer_errors(app)
    apis = (tensorflow_serving, open_inference, model_repository)
    for view in (page, predict, models, *apis, operations):
        app.register_blueprint(view.blueprint)
    prefix, trusted = app.config["PREFIX"], app.config["TRUSTED_PROXIES"]
    if prefix or trusted != TrustedProxies():
        proxies = ProxyHeaders(app.wsgi_app, prefix, trusted)
        app.wsgi_app = proxies  # type: ignore[method-assign]
    return app


@click.command(
    epilog="The options from --classes on state what neither a graph's model card nor "
    "the .json file beside it states; with --override-cards they replace it."
)
@options.options
def main(host: str, port: int, **given) -> None:
    """Serve frozen graphs: a page for people, POST /predict for programs.

    Ctrl-C answers what was accepted and stops; a second one stops at once.
    """
    use_one_arena()
    leave_on_signal(has_answered())
    worker = worker_context()
    access_log.write_to_stdout(given["log_style"])
    source = loading.model_source(given["model"], given["models"])
    settings, shared = options.load_settings(given), worker and worker.state.folder
    trials = Trials(settings, options.trial_limits(given), shared)
    load_model, every = loading.ModelLoader(settings, trials), given["reload_every"]
    try:
        inherited = worker.listener if worker else inherited_listener()
        listener = inherited or bind(host, port)
        if not worker:
            prepare(given["workers"])
        if given["workers"] > 1 and not worker:
            sys.exit(Supervisor(listener, given["workers"]).run())
        share = worker.state.synchronized if worker else lambda load: load
        library = loading.load(
            source,
            load_model,
            share=share,
            waits=not every,
            is_first=worker.is_first if worker else not inherited,
        )
        app = create_app(library, **options.limits({**given, "host": host}))
        patient = share(load_model.patient(loading.LOOK_SECONDS))
        repository = Repository(library, source, patient, shared, every=every)
        app.extensions["repository"] = repository
        server = make_server(
            app, listener, worker and worker.state, **options.server_settings(given)
        )
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    announce = worker.report if worker else click.echo
    announce(f"Serving {', '.join(library.names) or 'no model'} at {server.url}")
    reloading = loading.reloading(library, repository.published, every, patient)
    with library, reloading as reloader, trials:
        if reloader:
            watch_reloading(app, reloader)
        server.run(on_stop=app.extensions["ready"].clear)


def watch_reloading(app: Flask, reloader) -> None:
    """Show in /readyz and /metrics when the reloader has looked for models."""
    app.extensions["reloader"] = reloader
    app.extensions["metrics"].watch_reloading(lambda: reloader.age)


def prepare(workers: int) -> None:
    """Remove what a killed server has left, and warn if memory may not suffice."""
    remove_abandoned()
    if warning := capacity.warning(workers):
        click.echo(f"Warning: {warning}.", err=True)


def make_server(
    app: Flask,
    listener: socket.socket,
    state: WorkerState | None = None,
    *,
    admitted: int = options.ADMITTED,
    keep_alive: float = options.KEEP_ALIVE,
    deadline: float = scheduler.DEADLINE,
    body_bytes: int = options.BODY_BYTES,
    **clients,
) -> Server:
    """The server of the app; warns if other machines can reach it.

    Args:
      clients: `client_seconds` and `connections` of `Server`.
    """
    metrics, in_flight = app.extensions["metrics"], InFlightCounter()
    if state:
        in_flight = InFlightCounter(state.slots, state.number)
    metrics.watch(in_flight.count)
    scheduling = scheduler.Scheduler(
        limit=admitted,
        in_flight=in_flight,
        long=LONG,
        deadline=deadline,
        patience=app.config["PATIENCE"],
        refused=metrics.refused,
    )
    max_body = app.config["MAX_CONTENT_LENGTH"]
    server = Server(
        app,
        listener,
        scheduler=scheduling,
        state=state,
        max_body=max_body,
        bodies=BodyBudget(max(body_bytes, 2 * max_body + 1), metrics.refused),
        keep_alive=keep_alive,
        **clients,
    )
    if not server.is_loopback:
        click.echo(
            "Warning: everyone who can reach this machine can use this server; it asks "
            "for no password and encrypts nothing.",
            err=True,
        )
    return server


if __name__ == "__main__":
    main()
