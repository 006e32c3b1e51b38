"""What each op of TensorFlow may do in a graph: the classes in op_classes.txt.

tools/classify_ops.py writes the file, and the decisions behind it.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("op_classes.txt")
VERSION = "2.21"  # of the TensorFlow whose ops are in the file

READS, WRITES = "reads files", "writes files"
PYTHON = "runs Python code"
SAVER = "reads or writes checkpoint files"
LOG = "prints, so that a request's values end in the server's log"
WAITS = "waits for data that another program has to send"
STATE = "keeps values of one request for later ones"
STALE_MEMORY = "answers memory that it did not write, which may be of other requests"
REASONS = {  # class: what its ops do
    "pure": "computes only",
    "stateful": "has state that is of one run, or harmless",
    "file-reads": READS,
    "file-writes": WRITES,
    "checkpoints": SAVER,
    "log": LOG,
    "python": PYTHON,
    "network": "opens network connections",
    "accelerators": "drives accelerators and the machines that have them",
    "programs": "runs a program that is hidden in a string",
    "waits": WAITS,
    "state": STATE,
    "unbounded": "may take memory or threads without bound",
    "process": "changes the process",
    "internal": "is TensorFlow's own and trusts what it is given, which can be forged",
}
ALLOWED = ("pure", "stateful")


class OpClass(NamedTuple):
    """The class of an op, and what it could do in a server."""

    name: str
    reason: str

    @property
    def is_allowed(self) -> bool:
        """Whether a served graph may have the op."""
        return self.name in ALLOWED


@cache
def op_classes() -> dict[str, OpClass]:
    """The class of each op of TensorFlow, by the op's name."""
    found: dict[str, OpClass] = {}
    section = OpClass("", "")
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name, _, reason = line[1:].partition("] ")
            section = OpClass(name, reason)
        elif line and not line.startswith("#"):
            found[line] = section
    return found
