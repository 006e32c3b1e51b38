"""Trainer: phases, checkpoints, resuming, and the folders that it rejects."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from helpers.checkpoints.checkpoint import card_of
from helpers.data.photos import drawn_examples
from helpers.training.history import Epoch, add_epoch, read_history
from helpers.training.input_pipeline import TrainingData
from helpers.training.lesson_checkpoint import FILES
from helpers.training.loop import Trainer
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build
from helpers.training.recipes import RECIPES, Phase, Recipe

pytestmark = pytest.mark.slow

EPOCHS, STEPS = 4, 5
PHASE = Phase(rate=2e-3, decays=True)
RECIPE = Recipe(phases=(PHASE,), batch_size=16)
CARD = {
    "network": "small",
    "class_names": ["cat", "dog"],
    "image_size": 32,
    "seed": 1,
    "epochs": EPOCHS,
    "data": "96 drawings",
}


class Lesson:
    """A training in a folder; records its steps, and interrupts it if wanted."""

    def __init__(self, folder, examples, **card):
        self.rates, self.sizes = [], []
        self.trainer = Trainer(CARD | card, examples, folder)

    def run(self, stop=None):
        """The epochs; raises KeyboardInterrupt after the step numbered `stop`."""
        take_step = NetworkSession.step

        def recorded(session, images, targets, rate):
            result = take_step(session, images, targets, rate)
            self.rates.append(rate)
            self.sizes.append(images.shape[1])
            if len(self.rates) == stop:
                raise KeyboardInterrupt
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NetworkSession, "step", recorded)
            return list(self.trainer.run())


@pytest.fixture(scope="module", autouse=True)
def _recipe_for_a_few_drawings():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "small", RECIPE)
        yield


@pytest.fixture(scope="module")
def examples():
    """96 drawings of 32 pixels; 75 of them to train on, in five steps."""
    drawn = drawn_examples(96, size=32)
    return TrainingData(drawn.of("train"), {"drawings": drawn})


@pytest.fixture(scope="module")
def whole(tmp_path_factory, examples):
    """A training without interruption."""
    lesson = Lesson(tmp_path_factory.mktemp("whole"), examples)
    lesson.epochs = lesson.run()
    lesson.weights = stored(lesson.trainer)
    lesson.card = lesson.trainer.finish()
    yield lesson
    lesson.trainer.close()


@pytest.fixture(scope="module")
def resumed(tmp_path_factory, examples):
    """The same training, interrupted in its second epoch and then resumed."""
    folder = tmp_path_factory.mktemp("resumed")
    first = Lesson(folder, examples)
    with pytest.raises(KeyboardInterrupt):
        first.run(stop=STEPS + 2)
    first.weights = stored(first.trainer)
    first.history = read_history(folder)
    second = Lesson(folder, examples)
    second.found = second.trainer.done
    second.run()
    second.weights = stored(second.trainer)
    yield first, second
    first.trainer.close()
    second.trainer.close()


@pytest.fixture
def copied(tmp_path, whole):
    """A copy of the folder of a finished training."""
    for path in whole.trainer.out.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def small_resnet(monkeypatch, phase):
    """Gives the recipe of the resnet one phase; returns drawings to train on."""
    recipe = RECIPES["resnet"]._replace(phases=(phase,), batch_size=16, image_size=32)
    monkeypatch.setitem(RECIPES, "resnet", recipe)
    held_out = {"drawings": drawn_examples(40, size=32)}
    return TrainingData(drawn_examples(40, size=44).of("train"), held_out)


def stored(trainer):
    """All variables in a checkpoint, as TensorFlow reads them."""
    reader = tf.train.load_checkpoint(trainer.prefix)
    return {
        name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
    }


# Training


def test_training_lowers_the_loss_and_raises_the_accuracy(whole, examples):
    assert whole.epochs[-1].loss < 0.95 * whole.epochs[0].loss
    assert whole.trainer.evaluator.accuracy(examples.train) > 0.6


def test_every_epoch_takes_every_step(whole):
    assert [epoch.epoch for epoch in whole.epochs] == [1, 2, 3, 4]
    assert len(whole.rates) == EPOCHS * STEPS == whole.weights["training/global_step"]


def test_the_four_files_and_the_history_are_all_that_is_written(whole):
    written = {path.name for path in whole.trainer.out.iterdir()}
    assert written == {*FILES, "checkpoint", "history.csv", "training.png"}


def test_the_curve_is_a_picture_beside_the_checkpoint(whole):
    with Image.open(whole.trainer.out / "training.png") as curve:
        assert (curve.format, curve.size) == ("PNG", (990, 352))
        assert len(curve.convert("RGB").getcolors(1 << 20)) > 10


def test_the_history_has_a_line_an_epoch_and_is_on_the_card(whole):
    lines, kept = read_history(whole.trainer.out), whole.card["history"]
    for line, epoch in zip(lines, whole.epochs, strict=True):
        assert line == pytest.approx(epoch._asdict(), rel=1e-4)
    assert kept["validation"] == [line["validation"] for line in lines]
    assert len(kept["loss"]) == len(kept["accuracy"]) == EPOCHS
    assert whole.card["minutes"] >= 0


def test_the_learning_rate_rises_and_decays_to_nothing(whole):
    highest = int(np.argmax(whole.rates))
    assert 0 < highest < len(whole.rates) - 1
    assert np.all(np.diff(whole.rates[: highest + 1]) > 0)
    assert np.all(np.diff(whole.rates[highest:]) < 0)
    assert whole.rates[-1] < 0.02 * PHASE.rate


def test_a_second_phase_restarts_the_schedule_with_the_learned_weights(
    tmp_path, examples, monkeypatch
):
    phases = (PHASE._replace(epochs=8), PHASE._replace(epochs=4, rate=1e-3))
    monkeypatch.setitem(RECIPES, "small", RECIPE._replace(phases=phases))
    lesson = Lesson(tmp_path, examples, epochs=6)  # so the phases have 4 and 2
    epochs = lesson.run()
    one, two = lesson.rates[: 4 * STEPS], lesson.rates[4 * STEPS :]
    assert 0.9e-3 < max(one) < 2e-3
    assert one[-1] < 0.02 * PHASE.rate
    assert two[0] == 0
    assert 0.2e-3 < max(two) < 1e-3
    assert epochs[4].loss < epochs[0].loss


@pytest.mark.ci
def test_a_resumed_training_resets_the_temperature(tmp_path, monkeypatch):
    examples = small_resnet(monkeypatch, Phase())
    first = Lesson(tmp_path, examples, network="resnet", epochs=1)
    first.run()
    first.trainer.evaluator.set_temperature(2.0)
    first.trainer.evaluator.save(first.trainer.prefix)
    second = Lesson(tmp_path, examples, network="resnet", epochs=2)
    second.run()
    assert stored(second.trainer)["head/temperature"] == 1


def test_the_lessons_own_recipe_keeps_its_rate(tmp_path, examples, monkeypatch):
    monkeypatch.setitem(RECIPES, "small", RECIPE._replace(phases=(Phase(),)))
    lesson = Lesson(tmp_path, examples, epochs=1)
    lesson.run()
    assert lesson.rates == [1e-4] * STEPS


def test_the_results_are_on_the_card_in_the_meta_file(whole, examples):
    card = card_of(f"{whole.trainer.prefix}.meta")
    assert card == whole.card
    result = card["held_out"]["drawings"]
    assert result["count"] == len(examples.held_out["drawings"].of("test").labels)
    assert card["epochs"] == EPOCHS


def test_the_checkpoint_answers_as_the_session_that_learned(whole, examples):
    images = examples.train.images[:8]
    with_card = NetworkSession(build("small", CARD))
    with_card.restore(whole.trainer.prefix)
    expected = whole.trainer.evaluator.predict(images)
    np.testing.assert_allclose(with_card.predict(images), expected, atol=1e-6)


# Resuming, damaged checkpoints, other trainings


def test_an_interruption_saves_what_was_learned(resumed):
    first, _ = resumed
    assert first.weights["training/global_step"] == STEPS + 2
    assert [line["epoch"] for line in first.history] == [1]


def test_a_resumed_training_continues_at_that_step_and_learning_rate(resumed, whole):
    first, second = resumed
    assert second.found == len(first.rates) == STEPS + 2
    assert first.rates + second.rates == whole.rates


def test_interrupted_and_resumed_learns_what_uninterrupted_does(resumed, whole):
    _, second = resumed
    lines = read_history(second.trainer.out)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert second.weights.keys() == whole.weights.keys()
    for name, value in whole.weights.items():
        np.testing.assert_allclose(second.weights[name], value, atol=1e-5)


def test_the_expected_time_is_measured_without_training(tmp_path, examples):
    lesson = Lesson(tmp_path, examples)
    assert 0 < lesson.trainer.expected_minutes() < 60
    assert (lesson.trainer.done, list(tmp_path.iterdir())) == (0, [])


@pytest.mark.parametrize("year_in_seconds", [0, 4102444800], ids=["1970", "2100"])
def test_the_clock_and_the_times_of_the_files_do_not_matter(
    copied, examples, year_in_seconds
):
    for path in copied.iterdir():
        os.utime(path, (year_in_seconds, year_in_seconds))
    trainer = Trainer(CARD, examples, copied)
    assert (trainer.done, trainer.share) == (EPOCHS * STEPS, 1)


def test_an_epoch_that_was_not_validated_is_validated_by_the_next_run(copied, examples):
    last = read_history(copied)[-1]
    add_epoch(copied, Epoch(**last)._replace(validation=math.nan))
    assert list(Trainer(CARD, examples, copied).run()) == []
    assert read_history(copied)[-1] == last


def test_epochs_after_the_checkpoint_are_dropped_from_the_history(copied, examples):
    last = Epoch(**read_history(copied)[-1])
    add_epoch(copied, last._replace(epoch=EPOCHS + 1))
    assert list(Trainer(CARD, examples, copied).run()) == []
    assert len(read_history(copied)) == EPOCHS


def test_ctrl_c_while_a_checkpoint_is_written_loses_nothing(
    tmp_path, examples, monkeypatch
):
    write, calls = NetworkSession.save, []

    def interrupted(session, prefix, **options):
        calls.append(prefix)
        if len(calls) == 1:
            raise KeyboardInterrupt
        write(session, prefix, **options)

    monkeypatch.setattr(NetworkSession, "save", interrupted)
    lesson = Lesson(tmp_path, examples)
    with pytest.raises(KeyboardInterrupt):
        lesson.run()
    assert Trainer(CARD, examples, tmp_path).done == STEPS


def test_a_finished_training_is_kept_while_more_epochs_are_trained(copied, examples):
    before = {path.name: path.read_bytes() for path in copied.glob("model-ckpt.*")}
    lesson = Lesson(copied, examples, epochs=EPOCHS + 1)
    assert [epoch.epoch for epoch in lesson.run()] == [EPOCHS + 1]
    for name, content in before.items():
        assert (copied / name).read_bytes() == content
    assert Path(lesson.trainer.prefix).name == f"model-ckpt-{(EPOCHS + 1) * STEPS}"
    lesson.trainer.finish()
    assert sorted(path.name for path in copied.glob("model-ckpt*")) == sorted(FILES)
    assert Path(lesson.trainer.prefix).name == "model-ckpt"


def test_a_finished_training_has_nothing_to_do(copied, examples):
    lesson = Lesson(copied, examples)
    assert lesson.trainer.share == 1
    assert lesson.trainer.expected_minutes() == 0
    assert lesson.run() == []


def test_the_card_counts_epochs_that_were_trained_not_wanted(copied, examples):
    lesson = Lesson(copied, examples, epochs=1)
    assert lesson.trainer.finish()["epochs"] == EPOCHS


@pytest.mark.parametrize(
    ("field", "other", "message"),
    [
        ("network", "alexnet", "'small', not 'alexnet'"),
        ("class_names", ["ant", "bee"], "['cat', 'dog'], not ['ant', 'bee']"),
        ("image_size", 64, "32, not 64"),
        ("seed", 2, "1, not 2"),
        ("data", "3 moles", "'96 drawings', not '3 moles'"),
    ],
)
def test_another_trainings_folder_is_refused(whole, examples, field, other, message):
    with pytest.raises(ValueError, match="choose another folder") as refused:
        Trainer(CARD | {field: other}, examples, whole.trainer.out)
    assert str(refused.value) == (
        f"{whole.trainer.out} holds another training: its {field} is {message}; "
        "choose another folder with --out, or remove this one"
    )


def test_a_flipped_byte_in_a_checkpoint_is_one_sentence(copied, examples):
    data = copied / "model-ckpt.data-00000-of-00001"
    spoilt = bytearray(data.read_bytes())
    spoilt[5000] ^= 1
    data.write_bytes(spoilt)
    with pytest.raises(ValueError, match="cannot be restored: it is damaged, or"):
        Lesson(copied, examples, epochs=EPOCHS + 1).run()


@pytest.mark.ci
def test_phases_are_scaled_for_smaller_images(tmp_path, monkeypatch):
    examples = small_resnet(monkeypatch, Phase(sizes=((0, 16), (0.5, 32))))
    monkeypatch.setitem(RECIPES, "resnet", RECIPES["resnet"]._replace(image_size=64))
    trainer = Lesson(tmp_path, examples, network="resnet", epochs=2).trainer
    sizes = [trainer._size(done) for done in range(trainer.steps)]
    assert set(sizes) == {8, 16}


@pytest.mark.parametrize("share", [0, 0.5])
@pytest.mark.parametrize("suffix", ["meta", "index", "data-00000-of-00001"])
def test_a_checkpoint_cut_short_is_refused(copied, examples, suffix, share):
    path = copied / f"model-ckpt.{suffix}"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"model-ckpt\.(meta|index|data)"):
        Trainer(CARD, examples, copied)


def test_a_meta_file_without_an_index_starts_anew(copied, examples):
    (copied / "model-ckpt.index").unlink()
    assert Trainer(CARD, examples, copied).done == 0


# The network with a training phase of its own


@pytest.mark.ci
def test_resnet_trains_on_images_of_growing_size(tmp_path, monkeypatch):
    examples = small_resnet(monkeypatch, Phase(sizes=((0, 24), (0.5, 32))))
    lesson = Lesson(tmp_path, examples, network="resnet", epochs=2)
    epochs = lesson.run()
    assert lesson.sizes == np.repeat([24, 32], lesson.trainer.feed.steps).tolist()
    assert np.isfinite([epoch.loss for epoch in epochs]).all()
    card = lesson.trainer.finish()
    assert {"temperature", "threshold", "held_out"} <= card.keys()
    final = stored(lesson.trainer)
    average = final["stem/conv1/kernel/ExponentialMovingAverage"]
    assert np.array_equal(final["stem/conv1/kernel"], average)
