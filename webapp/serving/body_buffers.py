"""Keeps request bodies in memory, within the budget of all bodies."""

from io import BytesIO

from waitress.receiver import FixedStreamReceiver
from waitress.utilities import Error

from webapp.serving.body_budget import BodyShare


class BodyBuffer:
    """A request body in memory, as the pieces that arrived; they are joined once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def append(self, data: bytes) -> None:
        self._pieces.append(data)

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def getfile(self) -> BytesIO:
        """The whole body; its `read` does not copy the bytes."""
        self._pieces = [b"".join(self._pieces)]
        return BytesIO(self._pieces[0])

    def close(self) -> None:
        self._pieces = []


class DiscardedBody(BodyBuffer):
    """A body that is read, so that the client gets the answer, but not kept."""

    def append(self, data: bytes) -> None:
        """Drop the data."""


class LengthReceiver(FixedStreamReceiver):
    """A body of a known length; `error` is set when the budget has no more room."""

    remain: int
    error: Error | None

    def __init__(self, length: int, share: BodyShare) -> None:
        super().__init__(length, BodyBuffer())
        self._share = share

    def received(self, data: bytes) -> int:
        """Take the next bytes; returns how many of them belong to this body."""
        if self._share.take(min(len(data), self.remain)):
            return super().received(data)
        self.error = self._share.budget.refuse()
        return len(data)
