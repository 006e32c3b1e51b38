"""Gives frozen graphs to other programs, and compares their answers, in one table.

    python benchmarks/consumers.py [WORD]     only the models whose names contain WORD
    python benchmarks/consumers.py --write    all, and write the table into README.md

Each consumer has a virtual environment of its own, made from
consumers/requirements-NAME.txt, and each pair of a file and a consumer has a process.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

BENCHMARKS = Path(__file__).resolve().parent
ROOT = BENCHMARKS.parent
README = BENCHMARKS / "README.md"
SCRIPTS = BENCHMARKS / "consumers"
sys.path.insert(0, str(ROOT))

import numpy as np
from python_process import QUIET, run_python

from helpers.whole_files import write_whole
from tools.generated_files import replace_block

TOLERANCE = 1e-4  # a share of the largest output
SECONDS = 300  # the time limit of one file in one consumer
CAUSES = (
    r"error: \(-\d+:[^)]*\) (.+?) in function",  # OpenCV's messages
    r", Error (No Op registered .+)",  # ONNX Runtime's
    r"Summary:\s*-- (.+?)\s*To facilitate",  # OpenVINO's
    r"error: loc\(.+?\): (.+?)\n",  # of TensorFlow's converters
)
LONGEST = 240  # letters of a cause
VERSIONS = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
# Titles and the packages whose versions the table states, by the name of the consumer.
CONSUMERS = {
    "onnxruntime": {"tf2onnx": "tf2onnx", "ONNX Runtime": "onnxruntime"},
    "openvino": {"OpenVINO": "openvino"},
    "opencv": {"OpenCV": "opencv-python-headless"},
    "tflite": {"TensorFlow Lite": "tensorflow-cpu"},
}


class Environment(NamedTuple):
    """The virtual environment of a consumer."""

    consumer: str
    python: Path
    title: str  # with versions
    failure: str = ""  # why it could not be made


class Model(NamedTuple):
    """A model that make_models.py has written."""

    folder: Path
    name: str
    outputs: list[str]

    def file(self, suffix: str) -> Path:
        """A file of the model, such as NAME-plain.pb."""
        return self.folder / f"{self.name}{suffix}"


class Answer(NamedTuple):
    """What a consumer did with a file."""

    difference: float = np.inf  # from ours, as a share of the largest output
    refusal: str = ""

    @property
    def same(self) -> bool:
        """Whether it answers as this project does."""
        return not self.refusal and self.difference <= TOLERANCE


class Pair(NamedTuple):
    """The answers of a consumer to the two files of a model."""

    frozen: Answer
    plain: Answer | None = None  # None: not asked


def main(arguments: list[str]) -> int:
    """Print the table; the exit status is 1 if a consumer cannot be installed."""
    words = [word for word in arguments if not word.startswith("-")]
    if "--write" in arguments and words:
        print("consumers: --write needs all models: leave WORD out", file=sys.stderr)
        return 2
    environments = [make_environment(consumer) for consumer in CONSUMERS]
    with tempfile.TemporaryDirectory() as name:
        made = run_python(str(SCRIPTS / "make_models.py"), name, **QUIET)
        models = [Model(Path(name), *item) for item in made.items()]
        rows = {
            model.name: [compare(model, each) for each in environments]
            for model in models
            if all(word in model.name for word in words)
        }
    text = table(rows, [each.title for each in environments])
    print(text)
    if "--write" in arguments:
        page = replace_block(README.read_text(), text, "consumers")
        write_whole(README, page.encode())
    return 1 if any(each.failure for each in environments) else 0


def make_environment(consumer: str) -> Environment:
    """Install a consumer, unless its environment has these requirements already."""
    requirements = SCRIPTS / f"requirements-{consumer}.txt"
    home = BENCHMARKS / f".venv-{consumer}"
    python, ready = home / "bin" / "python", home / "ready"
    packages = CONSUMERS[consumer]
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not ready.exists() or ready.read_text() != digest:
        print(f"installing {consumer} into {home.name}", file=sys.stderr)
        pip = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
        for command in ([sys.executable, "-m", "venv", str(home)], pip):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no reason is given"]
                failure = f"it cannot be installed: {lines[-1]}"
                return Environment(consumer, python, ", ".join(packages), failure)
        ready.write_text(digest)
    command = [str(python), "-c", VERSIONS, *packages.values()]
    versions = subprocess.check_output(command, text=True).split()
    titles = [" ".join(pair) for pair in zip(packages, versions, strict=True)]
    return Environment(consumer, python, ", ".join(titles))


def compare(model: Model, environment: Environment) -> Pair:
    """Give a consumer the frozen file, and the plain one if that is not answered."""
    if environment.failure:
        return Pair(Answer(refusal=environment.failure))
    print(f"{model.name}: {environment.consumer}", file=sys.stderr)
    first = ask(model, model.file(".pb"), environment)
    if first.same:
        return Pair(first)
    return Pair(first, ask(model, model.file("-plain.pb"), environment))


def ask(model: Model, file: Path, environment: Environment) -> Answer:
    """Run a consumer on one file, and compare its outputs with the recorded ones."""
    answers = model.folder / f"{file.stem}-{environment.consumer}.npz"
    script = SCRIPTS / f"run_{environment.consumer}.py"
    arguments = [file, model.file(".npz"), ",".join(model.outputs), answers]
    command = [environment.python, script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Answer(refusal=f"no answer in {SECONDS} seconds")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        return Answer(refusal=f"it crashes: {lines[-1]}")
    with np.load(model.file("-answers.npz")) as ours, np.load(answers) as theirs:
        if "refusal" in theirs:
            return Answer(refusal=str(theirs["refusal"]))
        names = model.outputs
        return Answer(max(difference(ours[name], theirs[name]) for name in names))


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of two outputs, as a share of the largest number.

    Infinite if the shapes differ, or if a number is not finite.
    """
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return np.inf
    wide = ours.astype(np.float64)
    return float(np.abs(wide - theirs).max() / np.abs(wide).max())


def table(rows: dict[str, list[Pair]], titles: list[str]) -> str:
    """The Markdown table, and the numbered reasons of what is not answered the same."""
    reasons: list[str] = []
    lines = [["model", *titles], ["---"] * (1 + len(titles))]
    for model, pairs in rows.items():
        lines.append([model, *(cell(pair, reasons) for pair in pairs)])
    notes = [f"{number}. {text}" for number, text in enumerate(reasons, 1)]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *notes])


def cell(pair: Pair, reasons: list[str]) -> str:
    """How a consumer answers a model; a new reason is added to `reasons`."""
    frozen = result(pair.frozen, reasons)
    if pair.plain is None:
        return frozen
    plain = result(pair.plain, reasons)
    return frozen if plain == frozen else f"{frozen}; plain: {plain}"


def result(answer: Answer, reasons: list[str]) -> str:
    """The difference, or the number of the reason of what is not answered the same."""
    if answer.same:
        return f"{answer.difference:.0e}"
    reason = cause(answer.refusal) or f"It differs by {answer.difference:.0e}"
    if reason not in reasons:
        reasons.append(reason)
    word = "refused" if answer.refusal else "differs"
    return f"{word} ({reasons.index(reason) + 1})"


def cause(refusal: str) -> str:
    """The part of a consumer's message that names the cause, in one line."""
    for pattern in CAUSES:
        if found := re.search(pattern, refusal, re.DOTALL):
            refusal = found[1]
            break
    line = " ".join(refusal.split()).replace("|", r"\|")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
