"""Training on drawings: what it learns, writes, survives and refuses."""

import threading
from collections import Counter
from itertools import count, groupby, islice

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import card_of
from helpers.data.drawings import draw
from helpers.data.photos import drawn_examples
from helpers.training import input_pipeline as feeding
from helpers.training.augmentation import Augmenter, random_views
from helpers.training.history import read_history
from helpers.training.input_pipeline import Feed, Material, Mixture, gather, prefetched
from helpers.training.loop import Trainer
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build
from helpers.training.recipes import RECIPES, Lap, Recipe
from helpers.training.runs import told

EPOCHS, STEPS = 4, 5
LAP = Lap(rate=2e-3, decays=True)
RECIPE = Recipe(laps=(LAP,), batch_size=16)
CARD = {
    "network": "small",
    "class_names": ["cat", "dog"],
    "image_size": 32,
    "seed": 1,
    "epochs": EPOCHS,
    "data": "96 drawings",
}
FILES = {
    "checkpoint",
    "history.csv",
    "model-ckpt.data-00000-of-00001",
    "model-ckpt.index",
    "model-ckpt.meta",
}


class Lesson:
    """A training in a folder, its steps watched and stopped where it is wanted."""

    def __init__(self, folder, material, **card):
        self.rates, self.sizes = [], []
        self.trainer = Trainer(CARD | card, material, folder)

    def run(self, stop=None):
        """The epochs; Ctrl-C comes right after the step numbered `stop`."""
        take_step = NetworkSession.step

        def watched(session, images, targets, rate):
            result = take_step(session, images, targets, rate)
            self.rates.append(rate)
            self.sizes.append(images.shape[1])
            if len(self.rates) == stop:
                raise KeyboardInterrupt
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NetworkSession, "step", watched)
            return list(self.trainer.run())


@pytest.fixture(scope="module", autouse=True)
def _recipe_for_a_few_drawings():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "small", RECIPE)
        yield


@pytest.fixture(scope="module")
def material():
    """96 drawings of 32 pixels: 75 to learn from, in five steps."""
    drawn = drawn_examples(96, size=32)
    return Material(drawn.of("train"), {"drawings": drawn})


@pytest.fixture(scope="module")
def whole(tmp_path_factory, material):
    """A training that nobody interrupted."""
    lesson = Lesson(tmp_path_factory.mktemp("whole"), material)
    lesson.epochs = lesson.run()
    lesson.weights = stored(lesson.trainer)
    lesson.card = lesson.trainer.finish()
    yield lesson
    lesson.trainer.close()


@pytest.fixture(scope="module")
def resumed(tmp_path_factory, material):
    """The same training, interrupted in its second epoch, then resumed."""
    folder = tmp_path_factory.mktemp("resumed")
    first = Lesson(folder, material)
    with pytest.raises(KeyboardInterrupt):
        first.run(stop=STEPS + 2)
    first.weights = stored(first.trainer)
    first.history = read_history(folder)
    second = Lesson(folder, material)
    second.found = second.trainer.done
    second.run()
    second.weights = stored(second.trainer)
    yield first, second
    first.trainer.close()
    second.trainer.close()


@pytest.fixture
def copied(tmp_path, whole):
    """A finished training's folder, to be spoilt."""
    for path in whole.trainer.out.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def photos(tmp_path):
    """Makes a data set of drawings: so many PNG files of each kind."""

    def make(*kinds, each=12):
        for kind in kinds:
            (tmp_path / "pets" / f"{kind}s").mkdir(parents=True)
            for seed in range(each):
                path = tmp_path / "pets" / f"{kind}s" / f"{seed}.png"
                draw(kind, seed, size=32).save(path)
        return tmp_path / "pets"

    return make


def small_resnet(monkeypatch, lap):
    """Has the resnet learn in this lap, from the drawings of 44 pixels it returns."""
    recipe = RECIPES["resnet"]._replace(laps=(lap,), batch_size=16, image_size=32)
    monkeypatch.setitem(RECIPES, "resnet", recipe)
    held_out = {"drawings": drawn_examples(40, size=32)}
    return Material(drawn_examples(40, size=44).of("train"), held_out)


def stored(trainer):
    """All variables in a checkpoint; TensorFlow reads it."""
    reader = tf.train.load_checkpoint(trainer.prefix)
    return {
        name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
    }


def picture(seed=0, size=40):
    return np.asarray(draw("cat", seed, size))


# ---- what a training does


def test_training_lowers_the_loss(whole):
    assert whole.epochs[-1].loss < 0.95 * whole.epochs[0].loss


def test_training_raises_the_accuracy_on_what_is_learnt(whole, material):
    assert whole.trainer.examiner.accuracy(material.train) > 0.6


def test_every_epoch_takes_every_step(whole):
    assert [epoch.epoch for epoch in whole.epochs] == [1, 2, 3, 4]
    assert len(whole.rates) == EPOCHS * STEPS == whole.weights["training/global_step"]


def test_the_four_files_and_the_history_are_all_that_is_written(whole):
    assert {path.name for path in whole.trainer.out.iterdir()} == FILES


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"accuracy": 0.968}, "96.8% right"),
        ({"not_sure": 0.9}, "90.0% not sure"),
        ({"accuracy": 0.5, "not_sure": 0.02}, "50.0% right, 2.0% not sure"),
    ],
)
def test_a_result_is_told_in_the_shares_it_has(shares, words):
    assert told("photos", {"count": 2422, **shares}) == f"2,422 photos: {words}"


def test_the_card_keeps_the_history_and_the_minutes(whole):
    lines = read_history(whole.trainer.out)
    kept = whole.card["history"]
    assert kept["validation"] == [line["validation"] for line in lines]
    assert len(kept["loss"]) == len(kept["accuracy"]) == EPOCHS
    assert whole.card["minutes"] >= 0


def test_the_history_has_a_line_an_epoch(whole):
    lines = read_history(whole.trainer.out)
    for line, epoch in zip(lines, whole.epochs, strict=True):
        assert line == pytest.approx(epoch._asdict(), rel=1e-4)


def test_the_learning_rate_rises_and_decays_to_nothing(whole):
    highest = int(np.argmax(whole.rates))
    assert 0 < highest < len(whole.rates) - 1
    assert np.all(np.diff(whole.rates[: highest + 1]) > 0)
    assert np.all(np.diff(whole.rates[highest:]) < 0)
    assert whole.rates[-1] < 0.02 * LAP.rate


def test_a_second_lap_warms_up_anew_from_what_was_learned(
    tmp_path, material, monkeypatch
):
    laps = (LAP._replace(epochs=8), LAP._replace(epochs=4, rate=1e-3))
    monkeypatch.setitem(RECIPES, "small", RECIPE._replace(laps=laps))
    lesson = Lesson(tmp_path, material, epochs=6)  # so the laps have 4 and 2
    epochs = lesson.run()
    one, two = lesson.rates[: 4 * STEPS], lesson.rates[4 * STEPS :]
    assert 0.9e-3 < max(one) < 2e-3
    assert one[-1] < 0.02 * LAP.rate
    assert two[0] == 0
    assert 0.2e-3 < max(two) < 1e-3
    assert epochs[4].loss < epochs[0].loss


def test_the_laps_of_a_recipe_follow_each_other():
    recipe = RECIPES["resnet"]
    first, second = recipe.laps
    steps = 7 * recipe.epochs
    assert recipe.at(0, steps) == (first, 0)
    assert recipe.at(7 * first.epochs, steps) == (second, 0)
    assert recipe.at(steps, steps) == (second, 1)
    places = [recipe.at(done, steps) for done in range(steps)]
    sizes = [lap.size_at(share) for lap, share in places]
    assert [size for size, _ in groupby(sizes)] == [80, 96, 112, 96, 112]


def test_a_training_that_goes_on_forgets_its_temperature(tmp_path, monkeypatch):
    material = small_resnet(monkeypatch, Lap())
    first = Lesson(tmp_path, material, network="resnet", epochs=1)
    first.run()
    first.trainer.examiner.set_temperature(2.0)
    first.trainer.examiner.save(first.trainer.prefix)
    second = Lesson(tmp_path, material, network="resnet", epochs=2)
    second.run()
    assert stored(second.trainer)["head/temperature"] == 1


def test_the_lessons_own_recipe_keeps_its_rate(tmp_path, material, monkeypatch):
    monkeypatch.setitem(RECIPES, "small", RECIPE._replace(laps=(Lap(),)))
    lesson = Lesson(tmp_path, material, epochs=1)
    lesson.run()
    assert lesson.rates == [1e-4] * STEPS


def test_the_results_are_on_the_card_in_the_meta_file(whole, material):
    card = card_of(f"{whole.trainer.prefix}.meta")
    assert card == whole.card
    result = card["held_out"]["drawings"]
    assert result["count"] == len(material.held_out["drawings"].of("test").labels)
    assert card["epochs"] == EPOCHS


def test_the_class_names_are_on_the_card_in_their_order(whole):
    assert card_of(f"{whole.trainer.prefix}.meta")["class_names"] == ["cat", "dog"]


def test_the_checkpoint_answers_as_the_session_that_learned(whole, material):
    images = material.train.images[:8]
    with_card = NetworkSession(build("small", CARD))
    with_card.restore(whole.trainer.prefix)
    expected = whole.trainer.examiner.predict(images)
    np.testing.assert_allclose(with_card.predict(images), expected, atol=1e-6)


# ---- interrupted, resumed, damaged, another's


def test_an_interruption_saves_what_was_learned(resumed):
    first, _ = resumed
    assert first.weights["training/global_step"] == STEPS + 2
    assert [line["epoch"] for line in first.history] == [1]


def test_a_resumed_training_goes_on_at_that_step(resumed):
    _, second = resumed
    assert second.found == STEPS + 2
    assert len(second.rates) == EPOCHS * STEPS - (STEPS + 2)


def test_a_resumed_training_goes_on_at_that_learning_rate(resumed, whole):
    first, second = resumed
    assert first.rates + second.rates == whole.rates


def test_interrupted_and_resumed_learns_what_uninterrupted_does(resumed, whole):
    _, second = resumed
    assert second.weights.keys() == whole.weights.keys()
    for name, value in whole.weights.items():
        np.testing.assert_allclose(second.weights[name], value, atol=1e-5)


def test_the_history_of_a_resumed_training_has_each_epoch_once(resumed):
    lines = read_history(resumed[1].trainer.out)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]


def test_the_expected_time_is_asked_without_learning_anything(tmp_path, material):
    lesson = Lesson(tmp_path, material)
    assert 0 < lesson.trainer.expected_minutes() < 60
    assert (lesson.trainer.done, list(tmp_path.iterdir())) == (0, [])


def test_a_finished_training_is_expected_to_take_no_time(copied, material):
    assert Lesson(copied, material).trainer.expected_minutes() == 0


def test_a_finished_training_does_nothing_more(copied, material):
    lesson = Lesson(copied, material)
    assert lesson.trainer.share == 1
    assert lesson.run() == []


def test_more_epochs_go_on_where_the_last_ended(copied, material):
    lesson = Lesson(copied, material, epochs=EPOCHS + 1)
    assert [epoch.epoch for epoch in lesson.run()] == [EPOCHS + 1]


def test_the_card_counts_epochs_that_were_trained_not_wanted(copied, material):
    lesson = Lesson(copied, material, epochs=1)
    assert lesson.trainer.finish()["epochs"] == EPOCHS


@pytest.mark.parametrize(
    ("fact", "other", "was"),
    [
        pytest.param("network", "alexnet", "'small', not 'alexnet'", id="network"),
        pytest.param(
            "class_names",
            ["ant", "bee"],
            "['cat', 'dog'], not ['ant', 'bee']",
            id="classes",
        ),
        pytest.param("image_size", 64, "32, not 64", id="size"),
        pytest.param("seed", 2, "1, not 2", id="seed"),
        pytest.param("data", "3 moles", "'96 drawings', not '3 moles'", id="data"),
    ],
)
def test_another_trainings_folder_is_refused(whole, material, fact, other, was):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        Trainer(CARD | {fact: other}, material, whole.trainer.out)
    assert str(refused.value) == (
        f"{whole.trainer.out} holds another training: its {fact} is {was}; "
        "choose another folder with --out, or remove this one"
    )


def test_a_flipped_byte_in_a_checkpoint_is_one_sentence(copied, material):
    data = copied / "model-ckpt.data-00000-of-00001"
    spoilt = bytearray(data.read_bytes())
    spoilt[5000] ^= 1
    data.write_bytes(spoilt)
    with pytest.raises(ValueError, match="cannot be restored: it is damaged, or"):
        Lesson(copied, material, epochs=EPOCHS + 1).run()


@pytest.mark.parametrize("share", [0, 0.5], ids=["empty", "half"])
@pytest.mark.parametrize("suffix", ["meta", "index", "data-00000-of-00001"])
def test_a_checkpoint_cut_short_is_refused(copied, material, suffix, share):
    path = copied / f"model-ckpt.{suffix}"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"model-ckpt\.(meta|index|data)"):
        Trainer(CARD, material, copied)


def test_a_checkpoint_without_its_data_is_refused(copied, material):
    (copied / "model-ckpt.data-00000-of-00001").unlink()
    with pytest.raises(ValueError, match="data-00000-of-00001 is missing"):
        Trainer(CARD, material, copied)


def test_a_graph_that_was_written_before_its_variables_starts_anew(copied, material):
    (copied / "model-ckpt.index").unlink()
    assert Trainer(CARD, material, copied).done == 0


# ---- the network with training-only parts


def test_resnet_learns_in_stages_of_growing_pictures(tmp_path, monkeypatch):
    material = small_resnet(monkeypatch, Lap(stages=((0, 24), (0.5, 32))))
    lesson = Lesson(tmp_path, material, network="resnet", epochs=2)
    epochs = lesson.run()
    assert lesson.sizes == [24] * lesson.trainer.feed.steps + [32] * (
        lesson.trainer.feed.steps
    )
    assert np.isfinite([epoch.loss for epoch in epochs]).all()
    card = lesson.trainer.finish()
    assert {"temperature", "threshold", "held_out"} <= card.keys()
    final = stored(lesson.trainer)
    average = final["stem/kernel/ExponentialMovingAverage"]
    assert np.array_equal(final["stem/kernel"], average)


# ---- feeding


@pytest.fixture(scope="module")
def feed(material):
    return Feed(material.train, 16, smoothing=0.0)


def test_an_epoch_shows_every_example_once(feed, material):
    shown = np.concatenate([images for images, _ in feed.epoch([1, 0], 0, None)])
    seen = Counter(np.round(image * 255).astype(np.uint8).tobytes() for image in shown)
    assert seen == Counter(image.tobytes() for image in material.train.images)


def test_pictures_are_fed_as_floats_from_0_to_1(feed):
    images, _ = next(feed.epoch([1, 0], 0, None))
    assert images.dtype == np.float32
    assert 0 <= images.min() < 0.2 < 0.8 < images.max() <= 1


def test_the_same_seed_feeds_the_same_and_another_epoch_another_order(feed):
    first, again, later = (next(feed.epoch([1, e], 0, None))[0] for e in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_an_epoch_can_begin_in_the_middle(feed):
    whole = list(feed.epoch([1, 0], 0, None))
    rest = list(feed.epoch([1, 0], 3, None))
    assert len(rest) == len(whole) - 3
    assert np.array_equal(rest[0][0], whole[3][0])


def test_augmented_batches_in_the_middle_are_the_same_too(feed):
    augmenter = Augmenter(24)
    whole = list(feed.epoch([1, 0], 0, augmenter))
    (rest,) = feed.epoch([1, 0], feed.steps - 1, augmenter)
    augmenter.close()
    assert np.array_equal(rest[0], whole[-1][0])
    assert np.array_equal(rest[1], whole[-1][1])


def test_targets_are_one_hot(feed, material):
    targets = feed.targets(np.arange(8))
    assert np.array_equal(targets, np.eye(2)[material.train.labels[:8]])


def test_a_picture_of_nothing_known_wants_all_classes_alike(material):
    unknown = material.train._replace(labels=np.full_like(material.train.labels, -1))
    targets = Feed(unknown, 16, smoothing=0.1).targets(np.arange(3))
    np.testing.assert_allclose(targets, np.full((3, 2), 0.5))


def test_smoothing_takes_a_little_from_the_right_class(material):
    targets = Feed(material.train, 16, smoothing=0.1).targets(np.arange(8))
    expected = np.where(np.eye(2)[material.train.labels[:8]], 0.95, 0.05)
    np.testing.assert_allclose(targets, expected, rtol=1e-6)


def test_items_made_ahead_come_in_their_order():
    assert list(prefetched(iter(range(20)))) == list(range(20))


def test_items_are_made_in_another_thread():
    makers = (threading.get_ident() for _ in range(3))
    assert threading.get_ident() not in set(prefetched(makers))


def test_an_error_in_the_making_is_raised_where_the_items_are_used():
    def broken():
        yield 1
        raise OSError("the disk is gone")

    items = prefetched(broken())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    items = prefetched(count())
    assert list(islice(items, 5)) == [0, 1, 2, 3, 4]
    items.close()
    assert threading.active_count() == before


# ---- what is learned from


@pytest.fixture
def few(monkeypatch):
    """Thirty drawings in the place of two thousand."""
    monkeypatch.setattr(feeding, "DRAWINGS", 30)


def test_a_folder_without_photos_gives_drawings(tmp_path, few):
    material = gather(tmp_path, 32, Mixture())
    assert material.train.source == "30 drawings"
    assert list(material.held_out) == ["drawings"]
    assert set(material.train.splits) == {"train"}


def test_a_tenth_of_drawings_is_mixed_in(photos, few):
    material = gather(photos("cat", "dog", each=40), 32, Mixture(drawings=0.1))
    total = len(material.train.labels)
    learnt = (material.held_out["photos"].splits == "train").sum()
    assert total - learnt == pytest.approx(0.1 * total, abs=0.5)
    assert list(material.held_out) == ["photos", "drawings"]


def test_other_classes_are_not_mixed_with_cats_and_dogs(photos, few):
    material = gather(photos("cat", "dog", "rabbit"), 32, Mixture(drawings=0.1))
    assert material.train.class_names == ("cat", "dog", "rabbit")
    assert list(material.held_out) == ["photos"]
    assert len(material.train.labels) < 36


def test_outliers_are_labelled_as_no_class(photos):
    folder = photos("fish", "house", each=30)
    material = gather(folder, 32, Mixture(drawings=0, outliers=0.2))
    known = (material.train.labels >= 0).sum()
    assert (material.train.labels == -1).sum() == round(0.2 * known)


def test_what_is_examined_is_never_learned(photos, few):
    material = gather(photos("fish", "house", each=30), 32, Mixture(drawings=0))
    learnt = {image.tobytes() for image in material.train.images}
    for split in ("validation", "test"):
        part = material.held_out["photos"].of(split)
        assert len(part.labels)
        assert learnt.isdisjoint(image.tobytes() for image in part.images)


def test_pictures_that_will_be_cropped_are_larger(tmp_path, few):
    material = gather(tmp_path, 32, Mixture(augments=True))
    assert material.train.images.shape[1] == 32 + feeding.MARGIN
    assert material.held_out["drawings"].images.shape[1] == 32


# ---- other views


@pytest.fixture(scope="module")
def augmenter():
    made = Augmenter(32)
    yield made
    made.close()


def test_a_view_is_a_float_picture_of_the_wanted_size(augmenter):
    images = np.stack([picture(seed) for seed in range(16)])
    views = augmenter(images, np.random.default_rng(0))
    assert (views.shape, views.dtype) == ((16, 32, 32, 3), np.float32)
    assert views.min() >= 0
    assert views.max() <= 1


def test_views_are_the_same_for_the_same_seed(augmenter):
    images = np.stack([picture()] * 4)
    first, again = (augmenter(images, np.random.default_rng([1, 2])) for _ in range(2))
    assert np.array_equal(first, again)


def test_no_two_views_of_a_picture_are_alike(augmenter):
    views = augmenter(np.stack([picture()] * 16), np.random.default_rng(0))
    assert len({view.tobytes() for view in views}) == 16


def test_views_keep_the_light_on_average(augmenter):
    images = np.stack([picture(seed) for seed in range(64)])
    views = augmenter(images, np.random.default_rng(0))
    assert views.mean() == pytest.approx(images.mean() / 255, abs=0.1)


def test_crops_lie_inside_the_picture_and_half_of_them_are_flipped():
    views = random_views(1000, 32, np.random.default_rng(0))
    top, left, bottom, right = views.boxes.T
    assert views.boxes.min() >= 0
    assert views.boxes.max() <= 1 + 1e-6
    assert np.all(top < bottom)
    assert (left > right).mean() == pytest.approx(0.5, abs=0.06)


def test_crops_have_other_shapes():
    top, left, bottom, right = random_views(1000, 32, np.random.default_rng(0)).boxes.T
    shapes = np.abs(right - left) / (bottom - top)
    assert shapes.min() < 0.85
    assert shapes.max() > 1.18


def test_gentle_views_stay_nearer_to_the_photo():
    full, gentle = (
        random_views(1000, 32, np.random.default_rng(0), strength)
        for strength in (1.0, 0.5)
    )
    for views, smallest in ((full, 0.49), (gentle, 0.73)):
        assert (views.boxes[:, 2] - views.boxes[:, 0]).min() > smallest
    assert np.abs(gentle.light).max() < np.abs(full.light).max()
    spread = [np.abs(views.colours - np.eye(3)).mean() for views in (gentle, full)]
    assert spread[0] < spread[1]


def test_views_of_no_strength_are_the_photo_or_its_mirror_image():
    views = random_views(50, 32, np.random.default_rng(0), 0.0)
    assert np.ptp(np.sort(views.boxes[:, [1, 3]], axis=1), axis=0).max() == 0
    assert views.colours == pytest.approx(np.tile(np.eye(3), (50, 1, 1)), abs=1e-6)
    assert not views.light.any()
    assert not views.thumbnails.any()


# ---- sessions


def test_many_pictures_are_predicted_in_parts(small):
    images = np.random.default_rng(0).integers(0, 256, (300, 32, 32, 3), np.uint8)
    answers = small.session.predict(images)
    assert answers.shape == (300, 2)
    np.testing.assert_allclose(
        answers[200:203], small.session.predict(images[200:203]), atol=1e-6
    )


def test_a_restored_session_answers_as_the_saved_one(small, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    other = NetworkSession(build("small", CARD | {"seed": 9}))
    assert not np.allclose(other.predict(images), small.session.predict(images))
    other.restore(small.prefix)
    assert np.array_equal(other.predict(images), small.session.predict(images))


def test_another_networks_checkpoint_is_refused(small, resnet):
    with pytest.raises(ValueError, match="damaged, or another network's"):
        small.session.restore(resnet.prefix)


def test_a_rate_of_nothing_teaches_nothing(small):
    images = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    before = small.session.predict((images * 255).astype(np.uint8))
    small.session.step(images, np.eye(2)[[0, 1, 0, 1]], 0.0)
    assert np.array_equal(
        before, small.session.predict((images * 255).astype(np.uint8))
    )
