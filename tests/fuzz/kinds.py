"""A kind of bad input: how its cases are made, what reads them, what may be raised."""

import linecache
import traceback
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OWN = (str(ROOT / "helpers"), str(ROOT / "webapp"))
LONGEST_SENTENCE = 2000  # characters of a message


class Finding(Exception):
    """A target answered what it must not answer; the message says what."""


class Kind:
    """One kind; made once in each process, and then run on many cases.

    Attributes:
      name: on the command line.
      share: of the cases of a whole run, in parts of a thousand.
      seconds: of CPU time that a case may take.
      mib: by which a case may let the process grow.
      refusals: the exceptions that refuse a case; they have to be raised on purpose.

    Args:
      folder: an empty one, for its files.
    """

    name = ""
    share = 0.0
    seconds = 2.0
    mib = 300
    refusals: tuple[type[Exception], ...] = (ValueError,)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, rng: Random) -> Any:
        """A case, the same one for the same state of `rng`."""
        raise NotImplementedError

    def run(self, case: Any) -> bool | None:
        """Read the case; returns False where it was refused without an exception.

        Raises:
          Finding: the answer is none that the kind allows.
          Exception: judged by `is_refusal`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End what was started."""

    def is_refusal(self, error: BaseException) -> bool:
        """Whether the project refused the case on purpose, with a sentence."""
        return isinstance(error, self.refusals) and is_deliberate(error)


def is_deliberate(error: BaseException) -> bool:
    """Whether a `raise` statement of this project raised it, with a short message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()
    is_raised = last.filename.startswith(OWN) and line.startswith("raise")
    return is_raised and 0 < len(str(error)) < LONGEST_SENTENCE


def case_rng(kind: str, seed: int) -> Random:
    """The source of a case's randomness."""
    return Random(f"{kind}:{seed}")


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files, by their paths in the folder; other files there are removed."""
    for path in [*folder.rglob("*")]:
        if path.is_file() and str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
