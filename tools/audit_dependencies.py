"""Looks up known vulnerabilities of every package in requirements.lock.

    PYTHONPATH=TOOLS python tools/audit_dependencies.py

TOOLS is a folder with pip-audit. The exit status is 1 if a package has a vulnerability
that IGNORED does not name. It is 0 if no vulnerability data can be reached from here: a
line says so, for then nothing is known.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SERVICES = ("pypi", "osv")  # the first that knows the packages is asked
SECONDS = 120  # for one service
# Identifiers of vulnerabilities that do not concern this project, each with the reason.
IGNORED: dict[str, str] = {}


class Audit(NamedTuple):
    """What one service knows: of how many packages, and the vulnerable ones."""

    known: int
    unknown: list[str]
    findings: list[str]


def read_report(text: str) -> Audit:
    """The audit that pip-audit has printed as JSON; of nothing if it printed none."""
    packages = json.loads(text)["dependencies"] if text.strip() else []
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    findings = [
        f"{one['name']} {one['version']}: {found['id']}, {_remedy(found)}"
        for one in packages
        for found in one.get("vulns", [])
    ]
    return Audit(len(packages) - len(unknown), unknown, findings)


def _remedy(found: dict) -> str:
    versions = found["fix_versions"]
    return f"fixed in {', '.join(versions)}" if versions else "not fixed in any version"


def audit(lock: Path, service: str, *more: str) -> Audit:
    """Ask one service about the packages of a lock file.

    Args:
      more: further arguments of pip-audit.
    """
    ignored = [f"--ignore-vuln={identifier}" for identifier in IGNORED]
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock)]
    command += ["--no-deps", "--disable-pip", "--format=json", "--timeout=10"]
    command += ["--progress-spinner=off", f"--vulnerability-service={service}"]
    try:
        ended = subprocess.run(
            [*command, *ignored, *more], capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Audit(0, [], [])
    if "No module named pip_audit" in ended.stderr:
        raise SystemExit("pip-audit is not installed: put its folder into PYTHONPATH")
    return read_report(ended.stdout)


def main(arguments: Sequence[str]) -> int:
    """Print the audit of a lock file; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", type=Path, nargs="?", default=LOCK)
    parser.add_argument("--service", choices=SERVICES, action="append")
    parser.add_argument("--osv-url", help="of a service with the interface of OSV")
    given = parser.parse_args(arguments)
    more = [f"--osv-url={given.osv_url}"] if given.osv_url else []
    for service in given.service or SERVICES:
        found = audit(given.lock, service, *more)
        if found.known:
            break
    else:
        print("Dependencies not audited: no vulnerability data can be reached.")
        return 0
    for line in found.findings:
        print(line)
    print(
        f"{found.known} dependencies audited by {service}: {len(found.findings)} found"
    )
    if found.unknown:
        print(f"{service} does not know {', '.join(found.unknown)}")
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
