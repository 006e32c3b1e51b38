"""The audit of dependencies: what pip-audit prints, and its answers of a service."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tools import audit_dependencies as audit

SCRIPT = audit.__file__
FINDING = {"id": "GHSA-1", "fix_versions": ["1.1", "2.0"], "aliases": []}
KNOWN = {"name": "broken", "version": "1.0", "vulns": [FINDING]}
CLEAN = {"name": "sound", "version": "2.0", "vulns": []}
SKIPPED = {"name": "private", "skip_reason": "not found"}


def report(*packages: dict) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_finding_names_the_package_and_the_version_that_is_fixed():
    found = audit.read_report(report(KNOWN, CLEAN, SKIPPED))
    assert found.findings == ["broken 1.0: GHSA-1, fixed in 1.1, 2.0"]
    assert (found.known, found.unknown) == (2, ["private"])


def test_a_finding_without_a_remedy_is_one():
    unfixed = {**KNOWN, "vulns": [{**FINDING, "fix_versions": []}]}
    (line,) = audit.read_report(report(unfixed)).findings
    assert line.endswith("not fixed in any version")


@pytest.mark.parametrize("text", ["", "\n", report(), report(SKIPPED)])
def test_nothing_is_known_of_what_no_service_answers(text):
    assert audit.read_report(text).known == 0


def test_every_vulnerability_that_is_ignored_has_a_reason():
    assert all(len(reason) > 20 for reason in audit.IGNORED.values())


# pip-audit itself, which .ci/run installs, with a service of this machine


class Service(BaseHTTPRequestHandler):
    """Answers as OSV does: Flask 0.1 has a vulnerability, other packages have none."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_broken = asked["package"]["name"] == "flask"
        found = {"id": "PYSEC-1", "aliases": [], "summary": "", "details": "", **RANGES}
        body = json.dumps({"vulns": [found]} if is_broken else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """No line on standard error."""


EVENTS = [{"introduced": "0"}, {"fixed": "1.0"}]
AFFECTED = {
    "package": {"name": "flask", "ecosystem": "PyPI"},
    "ranges": [{"type": "ECOSYSTEM", "events": EVENTS}],
    "versions": ["0.1"],
}
RANGES = {"affected": [AFFECTED], "modified": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def url():
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def run(lock: Path, url: str) -> subprocess.CompletedProcess:
    tools = os.environ.get("TOOLS") or pytest.skip("TOOLS, with pip-audit, is not set")
    return subprocess.run(
        [sys.executable, SCRIPT, lock, "--service=osv", f"--osv-url={url}"],
        env={**os.environ, "PYTHONPATH": tools},
        capture_output=True,
        text=True,
    )


@pytest.mark.ci
def test_a_vulnerable_package_fails_the_audit(tmp_path, url):
    lock = tmp_path / "lock.txt"
    lock.write_text("click==8.3.0\nflask==0.1\n")
    ended = run(lock, url)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == (
        "flask 0.1: PYSEC-1, fixed in 1.0\n2 dependencies audited by osv: 1 found\n"
    )


@pytest.mark.ci
def test_sound_packages_pass_the_audit(tmp_path, url):
    lock = tmp_path / "lock.txt"
    lock.write_text("click==8.3.0\n")
    ended = run(lock, url)
    assert (ended.returncode, ended.stdout) == (
        0,
        "1 dependencies audited by osv: 0 found\n",
    )


@pytest.mark.ci
def test_a_service_that_cannot_be_reached_is_said_and_does_not_fail(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text("click==8.3.0\n")
    ended = run(lock, "http://127.0.0.1:1/v1/query")
    assert ended.returncode == 0
    assert ended.stdout.startswith("Dependencies not audited: ")
