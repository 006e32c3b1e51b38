"""CheckpointFolder: which checkpoint is the latest, and what is swept."""

import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint_prefix import find_prefix
from helpers.training.checkpoint_folder import CheckpointFolder

ENDS = ("meta", "index", "data-00000-of-00001")


@pytest.fixture
def checkpoints(tmp_path):
    return CheckpointFolder(tmp_path)


@pytest.fixture
def write(small):
    """Writes the files of an untrained network's checkpoint."""

    def copy(prefix):
        for end in ENDS:
            shutil.copy(f"{small.prefix}.{end}", f"{prefix}.{end}")

    return copy


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def files(*names):
    return sorted([f"{name}.{end}" for name in names for end in ENDS] + ["checkpoint"])


def test_each_save_takes_the_place_of_the_one_before(checkpoints, write, tmp_path):
    for name in ("model-ckpt-5", "model-ckpt-10"):
        assert checkpoints.save(name, write) == str(tmp_path / name)
        assert names_in(tmp_path) == files(name)
        assert tf.train.latest_checkpoint(str(tmp_path)) == checkpoints.latest()
        assert find_prefix(tmp_path) == (str(tmp_path / name), ())


def test_the_finished_checkpoint_is_kept_until_it_is_replaced(
    checkpoints, write, tmp_path
):
    checkpoints.save("model-ckpt", write)
    checkpoints.save("model-ckpt-5", write)
    assert names_in(tmp_path) == files("model-ckpt", "model-ckpt-5")
    checkpoints.save("model-ckpt", write)
    assert names_in(tmp_path) == files("model-ckpt")


def test_a_save_that_fails_leaves_the_one_before_alone(checkpoints, write, tmp_path):
    def fail(prefix):
        Path(f"{prefix}.data-00000-of-00001").write_bytes(b"x")
        raise OSError("no room")

    checkpoints.save("model-ckpt-5", write)
    with pytest.raises(OSError, match="no room"):
        checkpoints.save("model-ckpt-10", fail)
    assert names_in(tmp_path) == files("model-ckpt-5")


def test_a_folder_of_another_machine_is_resumed(checkpoints, write, tmp_path):
    write(str(tmp_path / "model-ckpt-5"))
    state = tmp_path / "checkpoint"
    for named in ("/home/ann/run/model-ckpt-5", r"C:\\\\run\\\\model-ckpt-5"):
        state.write_text(f'model_checkpoint_path: "{named}"\n')
        assert checkpoints.latest() == str(tmp_path / "model-ckpt-5")


@pytest.mark.parametrize("state", [None, "", 'model_checkpoint_path: "gone"\n'])
def test_without_a_checkpoint_file_the_files_alone_are_enough(
    checkpoints, write, tmp_path, state
):
    write(str(tmp_path / "model-ckpt"))
    if state is not None:
        (tmp_path / "checkpoint").write_text(state)
    assert checkpoints.latest() == checkpoints.finished


def write_steps(prefix, steps):
    """A checkpoint that has the number of steps only."""
    names, values = ["training/global_step"], [tf.constant(steps)]
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""], tensors=values
    )


def test_of_two_checkpoints_without_a_checkpoint_file_the_later_is_taken(
    checkpoints, tmp_path
):
    for name, steps in (("model-ckpt", 8), ("model-ckpt-9", 9), ("model-ckpt-10", 10)):
        write_steps(str(tmp_path / name), steps)
    assert checkpoints.latest() == str(tmp_path / "model-ckpt-10")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model-ckpt-9"\n')
    assert checkpoints.latest() == str(tmp_path / "model-ckpt-9")


def test_a_folder_that_is_not_there_has_no_checkpoint(tmp_path):
    checkpoints = CheckpointFolder(tmp_path / "none")
    checkpoints.sweep()
    assert checkpoints.latest() is None


def test_what_killed_runs_left_is_swept(checkpoints, write, tmp_path):
    checkpoints.save("model-ckpt-10", write)
    whole = names_in(tmp_path)
    write(str(tmp_path / "model-ckpt-5"))  # killed before it was deleted
    write(str(tmp_path / "model-ckpt-15"))  # killed while it was renamed
    (tmp_path / "model-ckpt-15.index").unlink()
    (tmp_path / ".model-ckpt.part").mkdir()
    (tmp_path / ".model-ckpt.part" / "model-ckpt-20.index").write_bytes(b"x")
    (tmp_path / "model-ckpt.index.tempstate123").write_bytes(b"x")
    (tmp_path / ".checkpoint.part").write_bytes(b"x")
    (tmp_path / ".history.csv.part").write_bytes(b"x")
    checkpoints.sweep()
    assert names_in(tmp_path) == whole


def test_what_may_be_somebody_elses_is_not_swept(checkpoints, write, small, tmp_path):
    checkpoints.save("model-ckpt-10", write)
    write(str(tmp_path / "model-ckpt-5"))
    small.session.write_meta(str(tmp_path / "model-ckpt-5"), {"seed": 9})
    for name in ("model-5.index", "notes.txt", ".part", "model-ckpt-5.backup"):
        (tmp_path / name).write_text("x")
    before = names_in(tmp_path)
    checkpoints.sweep()
    assert names_in(tmp_path) == before


def test_checkpoints_without_a_card_are_not_swept(checkpoints, tmp_path):
    for name in ("model-ckpt-5", "model-ckpt-6"):
        write_steps(str(tmp_path / name), 5)
    before = names_in(tmp_path)
    checkpoints.sweep()
    assert names_in(tmp_path) == before
