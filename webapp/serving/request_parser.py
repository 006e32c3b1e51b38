"""Parses one request more strictly than waitress, with its body in memory.

The class extends an undocumented one of waitress: requirements.txt pins it, and
tests/webapp/serving/test_server.py fails when it changes.
"""

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest

from webapp.serving.body_budget import BodyShare
from webapp.serving.body_buffers import DiscardedBody, LengthReceiver
from webapp.serving.chunked_bodies import ChunkReceiver
from webapp.serving.framing import check_head, check_start


class Parser(HTTPRequestParser):
    """Refuses ambiguous framing; discards bodies that the app will refuse.

    The body takes its share of the budget of `adj.body_budget`.
    """

    content_length: int
    completed: bool
    expect_continue: bool
    body_rcv: ChunkReceiver | LengthReceiver | FixedStreamReceiver | None

    def __init__(self, adj) -> None:
        super().__init__(adj)
        self.share = BodyShare(adj.body_budget)

    def received(self, data: bytes) -> int:
        """Take the next bytes of the connection; returns how many are this request's.

        What begins like no request is refused at once, not when its head has ended.
        """
        if self.body_rcv is None and not self.completed:
            new = len(self.header_plus)
            head = self.header_plus + data[: self.adj.max_request_header_size]
            end = head.find(b"\r\n\r\n")
            try:
                check_start(head, new, len(head) if end < 0 else end)
            except ParsingError as error:
                self.error, self.completed = BadRequest(str(error)), True
                return len(data)
        return super().received(data)

    def parse_header(self, header_plus: bytes) -> None:
        if self.header_bytes_received < self.adj.max_request_header_size:
            check_head(header_plus.rstrip(b"\r\n"))
        super().parse_header(header_plus)
        if self.chunked:
            self.body_rcv = ChunkReceiver(self.adj.inbuf_overflow - 1, self.share)
        elif self.content_length >= self.adj.inbuf_overflow:  # the app answers 413
            self._discard()
        elif not self.share.budget.has_room(self.content_length):
            self.error = self.share.budget.refuse()
            self.content_length, self.body_rcv = 0, None
            self.expect_continue = False
        elif self.content_length:
            self.body_rcv = LengthReceiver(self.content_length, self.share)

    def _discard(self) -> None:
        self.body_rcv = FixedStreamReceiver(self.content_length, DiscardedBody())
        if self.expect_continue:  # answered with the error, not with 100 Continue
            self.expect_continue = False
            self.headers["CONNECTION"] = "close"
            self.content_length = 0
            self.body_rcv = None

    def close(self) -> None:
        """Free the body."""
        super().close()
        self.share.release()
