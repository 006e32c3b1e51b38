"""The lock of a training's folder, which a second training finds taken."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from helpers.locks import locked
from helpers.training.save_errors import save_errors


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Make a folder and lock it; a folder that stays empty is deleted at the end.

    Raises:
      ValueError: another process trains in it.
      SaveError: it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    with save_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder) as free:
            if not free:
                raise ValueError(
                    f"another training runs in {folder}: wait until it ends, or choose "
                    "another folder with --out"
                )
            yield
    finally:
        for path in missing:
            with suppress(OSError):  # not empty
                path.rmdir()
