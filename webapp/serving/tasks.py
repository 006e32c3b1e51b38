"""Answers one parsed request: by the app, or with what the parser refuses.

The classes extend undocumented ones of waitress, as connections.py does.
"""

from http import HTTPStatus

from waitress.channel import ClientDisconnected
from waitress.task import ErrorTask, WSGITask

from webapp.security import HEADERS
from webapp.serving import access_log, admission, body_budget
from webapp.serving.busy_answers import BusyTask, TooMany, problem
from webapp.serving.request_parser import Parser

SENTENCES = {
    400: "This is not valid HTTP ({}): send the request again with another client.",
    408: "{}",
    413: "The request is far too large: send a smaller copy of the photo.",
    431: "The headers are too large: send fewer or shorter ones.",
    503: "{}",
    504: "{}",
}
UNREAD = 64_000_000  # bytes after a refusal that are read and dropped, at most
MISTAKE = "This is our mistake, not yours: send the request again later."


class Task(WSGITask):
    """Passes the time of arrival and the admission to the app, in its environment.

    While the server drains, each answer closes its connection.
    """

    def get_environment(self) -> dict:
        environ = super().get_environment()
        environ[admission.ARRIVED] = self.request.arrived
        environ[admission.TOO_MANY] = self.request.too_many
        environ[body_budget.SHARE] = self.request.share
        return environ

    def build_response_header(self) -> bytes:
        if not self.request.claim():  # given up: the connection is being closed
            raise ClientDisconnected
        self.request.leave()
        if self.channel.server.draining:
            self.set_close_on_finish()
        return super().build_response_header()


class RefusalTask(ErrorTask):
    """Answers what the parser refuses, as `application/problem+json`."""

    def execute(self) -> None:
        error = self.request.error
        title = HTTPStatus(error.code).phrase
        sentence = SENTENCES.get(error.code, MISTAKE).format(error.body)
        body = problem(error.code, sentence)
        request_id = access_log.id_given(self.request.headers.get("X_REQUEST_ID", ""))
        access_log.log_request(request_id, status=error.code, refused=error.body)
        self.status = f"{error.code} {title}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.response_headers.append((access_log.ID, request_id))
        self.response_headers.extend(HEADERS.items())
        if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
            retry_after = str(admission.RETRY_AFTER)
            self.response_headers.append(("Retry-After", retry_after))
        self.set_close_on_finish()
        self.channel.unread = UNREAD
        self.content_length = len(body)
        self.write(body)


def error_task(channel, request: Parser) -> ErrorTask:
    """The task that answers a request with its error."""
    task = BusyTask if isinstance(request.error, TooMany) else RefusalTask
    return task(channel, request)
