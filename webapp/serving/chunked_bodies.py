"""Receives chunked request bodies, in time that grows with their bytes only.

waitress's receiver copies what is left of the bytes for each chunk. This one has no use
for chunk extensions and trailers, which proxies treat in different ways: it refuses
them. Source: RFC 9112, section 7.1.
"""

import re
from io import BytesIO

from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

from webapp.serving.body_budget import BodyShare

SIZE = rb"([0-9A-Fa-f]{1,8})\r\n"
FIRST, NEXT, END = map(re.compile, (SIZE, rb"\r\n" + SIZE, rb"\r\n"))
SIZE_SO_FAR = rb"([0-9A-Fa-f]{1,8}\r?)?"
UNFINISHED = {  # what a line may look like as long as more of it is to come
    FIRST: re.compile(SIZE_SO_FAR),
    NEXT: re.compile(rb"(\r(\n" + SIZE_SO_FAR + rb")?)?"),
    END: re.compile(rb"\r?"),
}


class ChunkBuffer:
    """The bytes of the chunks, joined as they come.

    In a list, as in BodyBuffer, tiny chunks would take many times their size.
    """

    def __init__(self) -> None:
        self._file = BytesIO()

    def append(self, data: bytes) -> None:
        self._file.write(data)

    def __len__(self) -> int:
        return self._file.getbuffer().nbytes

    def getfile(self) -> BytesIO:
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self._file = BytesIO()


class ChunkReceiver:
    """One chunked body; the interface is that of waitress's receivers.

    Args:
      most: the bytes of a body that are kept; `error` is set when more have come.
      share: what the body takes of the budget; `error` is set when that has no room.
    """

    def __init__(self, most: int, share: BodyShare) -> None:
        self.completed = False
        self.error: Error | None = None
        self._buffer, self._most, self._share = ChunkBuffer(), most, share
        self._length, self._missing = 0, 0  # of the body, and of the current chunk
        self._line, self._rest = FIRST, b""

    def received(self, data: bytes) -> int:
        """Take the next bytes; returns how many of them belong to this body."""
        data, kept = self._rest + data, len(self._rest)
        self._rest, place = b"", 0
        while place < len(data) and not (self.completed or self.error):
            if self._missing:
                place = self._take(data, place)
            elif line := self._line.match(data, place):
                place = line.end()
                self._begin(line)
            elif UNFINISHED[self._line].fullmatch(data, place):
                self._rest = data[place:]
                break
            else:
                self.error = BadRequest("a chunk has no size, or another length")
        return place - kept if self.completed else len(data) - kept

    def _take(self, data: bytes, place: int) -> int:
        piece = data[place : place + self._missing]
        if not self._share.take(len(piece)):
            self.error = self._share.budget.refuse()
            return len(data)
        self._buffer.append(piece)
        self._missing -= len(piece)
        return place + len(piece)

    def _begin(self, line: re.Match) -> None:
        if self._line is END:
            self.completed = True
            return
        self._missing = int(line[1], 16)
        self._length += self._missing
        self._line = NEXT if self._missing else END
        if self._length > self._most:
            self.error = RequestEntityTooLarge(f"more than {self._most} bytes")

    def __len__(self) -> int:
        return len(self._buffer)

    def getfile(self) -> BytesIO:
        return self._buffer.getfile()

    def getbuf(self) -> ChunkBuffer:
        return self._buffer
