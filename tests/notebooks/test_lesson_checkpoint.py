"""`lesson_checkpoint`, which stands in for notebook 01, makes the same checkpoint."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ci]

ROOT = Path(__file__).parents[2]


def test_lesson_card_is_the_one_that_notebook_01_writes():
    from helpers.training.lesson_checkpoint import LESSON_CARD

    (path,) = ROOT.glob("notebooks/01_*.ipynb")
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    (source,) = [source for source in sources if source.startswith("card = ")]
    lines = [part for part in ast.parse(source).body if "card" in ast.unparse(part)]
    examples = SimpleNamespace(source="2 drawings", class_names=("cat", "dog"))
    scope = {"examples": examples, "size": 128}
    exec(ast.unparse(lines[:4]), scope)
    assert scope["card"] == LESSON_CARD | {"data": "2 drawings"}


@pytest.fixture(scope="module")
def lesson(tmp_path_factory) -> Path:
    """The folder that lesson_checkpoint fills in a new process."""
    folder = tmp_path_factory.mktemp("checkpoints") / "lesson"
    make = "import sys; from helpers.training import lesson_checkpoint as make; "
    make += "print(make(sys.argv[1]))"
    command = [sys.executable, "-c", make, str(folder)]
    output = subprocess.check_output(command, cwd=ROOT, text=True)
    assert output.startswith(
        "notebook 01 has not been run: training its network on 240 "
    )
    assert output.endswith(f"{folder}/model-ckpt\n")
    return folder


def test_lesson_checkpoint_is_the_four_files_and_nothing_else(lesson):
    assert sorted(file.name for file in lesson.iterdir()) == [
        "checkpoint",
        "model-ckpt.data-00000-of-00001",
        "model-ckpt.index",
        "model-ckpt.meta",
    ]


def test_lesson_checkpoint_is_found_where_its_checkpoint_file_says(lesson):
    import tensorflow as tf

    assert tf.train.latest_checkpoint(str(lesson)) == f"{lesson}/model-ckpt"


def test_lesson_checkpoint_is_made_once(lesson, capsys):
    from helpers.training.lesson_checkpoint import lesson_checkpoint

    before = {file: file.stat().st_mtime_ns for file in lesson.iterdir()}
    assert lesson_checkpoint(lesson) == f"{lesson}/model-ckpt"
    assert {file: file.stat().st_mtime_ns for file in lesson.iterdir()} == before
    assert capsys.readouterr().out == f"{lesson}/model-ckpt is there\n"


def test_a_network_of_another_size_is_left_alone(tmp_path, lesson, capsys):
    from helpers.training import NetworkSession, build
    from helpers.training import lesson_checkpoint as make
    from helpers.training.lesson_checkpoint import LESSON_CARD

    card = LESSON_CARD | {"class_names": ["a", "b", "c"], "image_size": 64}
    prefix = str(tmp_path / "lesson" / "model-ckpt")
    session = NetworkSession(build("small", card))
    session.save(prefix)
    session.write_meta(prefix, card)
    session.close()
    shutil.copytree(lesson, tmp_path / "lesson-unchanged")
    assert make(tmp_path / "lesson") == f"{tmp_path}/lesson-unchanged/model-ckpt"
    assert capsys.readouterr().out.startswith(
        f"{prefix} is of another network, 64 pixels and 3 classes: taking the lesson's"
    )
