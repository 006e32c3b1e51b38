"""The lock of a training's folder, which a second training finds taken."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from helpers.locks import locked
from helpers.training.save_errors import save_errors
from helpers.whole_files import made_folder


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Make a folder and lock it; a folder that stays empty is deleted at the end.

    Raises:
      ValueError: another process trains in it.
      SaveError: it cannot be made.
    """
    with ExitStack() as made:
        with save_errors(folder):
            made.enter_context(made_folder(folder))
        with locked(folder) as free:
            if not free:
                raise ValueError(
                    f"another training runs in {folder}: wait until it ends, or choose "
                    "another folder with --out"
                )
            yield
