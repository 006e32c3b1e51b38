"""Runs the Dockerfile's steps in a folder, without Docker, and checks what they make.

    python tests/deploy/run_dockerfile.py [FOLDER]

A stage is a folder; absolute paths of the image are below it. The base image is the
Python that this environment was made from. The app is then started as the image would,
as another user if this is root, and asked as HEALTHCHECK asks it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PORT = "5987"
BASE_PYTHON = Path(sys.base_prefix) / "bin" / "python3"  # also inside an environment
OWN = re.compile(r"(?<![\w./-])/(?=(?:venv|app|build)\b)")  # what the stages make


class Step(NamedTuple):
    """An instruction of a Dockerfile and its text."""

    name: str
    text: str


def steps_of(dockerfile: str) -> list[Step]:
    """The instructions, with continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", dockerfile))
    lines = [line for line in joined.splitlines() if line.strip()]
    return [Step(*line.split(None, 1)) for line in lines]


class Image:
    """A stage that is being built in a folder."""

    def __init__(self, folder: Path, stages: dict[str, "Image"]) -> None:
        self.folder, self._stages = folder, stages
        self.workdir, self.environment = folder, dict[str, str]()
        self.settings = dict[str, str]()
        folder.mkdir(parents=True)

    def run(self, step: Step) -> None:
        """Do one instruction.

        Raises:
          ValueError: the instruction is not known here.
        """
        if step.name == "WORKDIR":
            self.workdir = self.inside(step.text)
            self.workdir.mkdir(parents=True, exist_ok=True)
        elif step.name == "COPY":
            self._copy(shlex.split(step.text))
        elif step.name == "RUN":
            command = ["sh", "-ec", self.located(step.text)]
            path = f"{self.folder}/bin:{os.environ['PATH']}"
            subprocess.run(
                command, cwd=self.workdir, check=True, env={**os.environ, "PATH": path}
            )
        elif step.name == "ENV":
            self.environment |= dict(w.split("=", 1) for w in shlex.split(step.text))
        elif step.name in ("USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"):
            self.settings[step.name] = step.text
        else:
            raise ValueError(f"{step.name} is not an instruction that is run here")

    def inside(self, path: str) -> Path:
        """Where a path of the image is."""
        return (
            self.folder / path.lstrip("/") if path[:1] == "/" else self.workdir / path
        )

    def located(self, text: str) -> str:
        """The text with the paths that the stages make where they are."""
        return OWN.sub(f"{self.folder}/", text)

    def argv(self, name: str) -> list[str]:
        """The command of ENTRYPOINT or HEALTHCHECK."""
        text = self.settings[name]
        return [self.located(word) for word in json.loads(text[text.index("[") :])]

    def _copy(self, words: list[str]) -> None:
        options = [word for word in words if word.startswith("--from=")]
        *sources, target = [word for word in words if word not in options]
        for source in sources:
            if options:
                path = self._stages[options[0].removeprefix("--from=")].inside(source)
            else:
                path = ROOT / source
            into = self.inside(target)
            into = into / path.name if target.endswith("/") else into
            into.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, into, symlinks=True)
            else:
                shutil.copy2(path, into)


def build(folder: Path) -> Image:
    """The last stage of the Dockerfile, built in a folder."""
    stages: dict[str, Image] = {}
    for number, step in enumerate(steps_of((ROOT / "Dockerfile").read_text())):
        print(step.name, step.text, flush=True)
        if step.name == "FROM":
            name = step.text.partition(" AS ")[2] or str(number)
            image = stages[name] = Image(folder / name, stages)
            (image.folder / "bin").mkdir()
            (image.folder / "bin" / "python").symlink_to(BASE_PYTHON)
        else:
            image.run(step)
    return image


def serve(image: Image) -> None:
    """Start the app as the image does, wait until it is healthy, and stop it."""
    environment = {"PATH": os.environ["PATH"], "FREEZE_SERVE_PORT": PORT}
    command, prefix = image.argv("ENTRYPOINT"), []
    if os.geteuid() == 0:
        user, group = image.settings["USER"].split(":")
        prefix = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        prefix += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    app = subprocess.Popen(
        [*prefix, *command], env=environment | image.environment, cwd=image.workdir
    )
    try:
        deadline = time.monotonic() + 120
        check = image.argv("HEALTHCHECK")
        while subprocess.call(check, env=environment, stderr=subprocess.DEVNULL):
            if app.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the image's app is not healthy")
            time.sleep(0.5)
    finally:
        app.terminate()
        status = app.wait(60)
    if status:
        raise SystemExit(f"the image's app ended with {status}")


def size_mb(folder: Path) -> float:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.lstat().st_size for path in files) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        folder.chmod(0o755)
        image = build(folder)
        serve(image)
        print(f"healthy; {size_mb(image.folder):.0f} MB beside Python and Debian")


if __name__ == "__main__":
    main()
