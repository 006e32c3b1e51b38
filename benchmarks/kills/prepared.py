"""Makes the photos, the archive and the checkpoints that the killed commands read."""

import functools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.kills import commands
from benchmarks.kills.commands import Command
from helpers.data import cats_dogs
from helpers.data.downloads import sha256_of
from helpers.data.drawings import CLASS_NAMES, draw

PHOTOS, SIZE = 24, 32  # of each class; pixels
EPOCHS = 2


class Material:
    """What the commands read; made when it is first needed, but for the photos."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.photos, self.archive = folder / "photos", folder / "pets.zip"
        for name in CLASS_NAMES:
            (self.photos / name).mkdir(parents=True)
            for seed in range(PHOTOS):
                draw(name, seed, SIZE).save(self.photos / name / f"{seed}.png")
        shutil.make_archive(str(self.archive.with_suffix("")), "zip", self.photos)

    @cached_property
    def trained(self) -> Path:
        """The folder of a finished training."""
        train = functools.partial(commands.train, self.photos, EPOCHS)
        return commands.in_a_process(train, self.folder / "trained")


COMMANDS: dict[str, Callable[[Material], Command]] = {
    "train": lambda m: commands.training(m.photos, None, EPOCHS),
    "train, more epochs": lambda m: commands.training(m.photos, m.trained, EPOCHS + 1),
    "save": lambda m: commands.saving(m.trained),
    "freeze": lambda m: commands.freezing(m.trained, plain=False),
    "freeze --plain": lambda m: commands.freezing(m.trained, plain=True),
    "download": lambda m: commands.downloading(m.photos, None),
    "download --from": lambda m: commands.downloading(m.photos, m.archive),
}


@contextmanager
def prepared(folder: Path, names: Sequence[str]) -> Iterator[list[Command]]:
    """The commands of these names, with what they read made in a folder.

    No session is made in this process, because it forks.
    """
    material = Material(folder)
    with served(material.archive):
        yield [COMMANDS[name](material) for name in names]


@contextmanager
def served(archive: Path) -> Iterator[None]:
    """Serve the archive on 127.0.0.1, and make it the one that is downloaded."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(archive.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    process = commands.FORK.Process(target=server.serve_forever, daemon=True)
    process.start()
    server.server_close()
    cats_dogs.CATS_DOGS_URL = f"http://127.0.0.1:{server.server_port}/{archive.name}"
    cats_dogs.CATS_DOGS_SHA256 = sha256_of(archive)
    cats_dogs.CATS_DOGS_BYTES = archive.stat().st_size
    try:
        yield
    finally:
        process.terminate()
        process.join()
