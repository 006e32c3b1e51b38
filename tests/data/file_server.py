"""HTTP handlers that serve one file, correctly or with one fault each."""

from http.server import BaseHTTPRequestHandler


class Correct(BaseHTTPRequestHandler):
    """Serves `server.content`, whole or from the requested byte on."""

    def do_GET(self):
        self.server.ranges.append(self.headers["Range"])
        self.answer(int((self.headers["Range"] or "bytes=0-")[6:-1]))

    def answer(self, start):
        content = self.server.content
        if start >= len(content):
            return self.send_error(416)
        headers = {"Content-Length": len(content) - start}
        if start:
            end = len(content) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self.begin(206 if start else 200, headers)
        self.send(content[start:])

    def begin(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def send(self, content):
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


class BreaksOff(Correct):
    """Sends 30,000 bytes a connection."""

    def send(self, content):
        super().send(content[:30_000])


class IgnoresRange(Correct):
    def answer(self, start):
        super().answer(0)


class NeverResumes(BreaksOff, IgnoresRange):
    pass


class SendsAnotherPart(Correct):
    """Sends an earlier part than the requested one."""

    def answer(self, start):
        super().answer(max(0, start - 10))


class AnnouncesTooMuch(Correct):
    def begin(self, status, headers):
        super().begin(status, headers | {"Content-Length": 200_000})


class AnnouncesNothing(Correct):
    """Sends the content twice, without a length."""

    def answer(self, start):
        self.begin(200, {})
        self.send(2 * self.server.content)


class SendsWrongBytes(Correct):
    def send(self, content):
        super().send(bytes(len(content)))


class BusyAtFirst(Correct):
    def answer(self, start):
        if len(self.server.ranges) < 3:
            return self.send_error(503)
        return super().answer(start)


class HasNothing(Correct):
    def answer(self, start):
        self.send_error(404)


class RedirectsToAFile(Correct):
    def answer(self, start):
        self.begin(302, {"Location": "file:///etc/passwd"})
