"""Class names in the card of a frozen graph, and warnings where they are missing."""

import json

import keras
import pytest

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.graphs.card_fields import refuse_unknown

TWO = ["Cat", "Dog"]


def saved(folder, units, activation, shape=(8, 8, 3)):
    """A Keras file of a network with one layer over the means of its input."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.GlobalAveragePooling2D()] if len(shape) == 3 else []
    dense = keras.layers.Dense(units, activation=activation)
    model = keras.Sequential([keras.layers.Input(shape), *layers, dense])
    model.save(folder / "model.keras")
    return folder / "model.keras"


def frozen(path, **options):
    return freeze(path, output=path.with_suffix(".pb"), prove=False, **options)


def warning(report, words) -> str:
    return next((text for text in report.warnings if words in text), "")


def test_a_labels_file_beside_the_model_names_the_classes(tmp_path):
    path = saved(tmp_path, 2, "softmax")
    (tmp_path / "labels.txt").write_text("0 Cat\n1 Dog\n")
    report = frozen(path)
    assert report.card["class_names"] == TWO
    taken = f"class names are taken from {tmp_path / 'labels.txt'}: Cat, Dog"
    assert taken in report.warnings
    assert "pixels" not in report.card  # not Teachable Machine's 224 pixels


def test_a_teachable_machine_model_says_its_pixels(tmp_path):
    path = saved(tmp_path, 2, "softmax", (224, 224, 3))
    content = {"packageName": "@teachablemachine/image", "labels": TWO}
    (tmp_path / "metadata.json").write_text(json.dumps(content))
    report = frozen(path)
    assert report.card["pixels"] == "teachable-machine"
    assert warning(report, "pixels are taken as Teachable Machine scales them")


def test_a_file_of_another_number_of_classes_is_not_taken(tmp_path):
    path = saved(tmp_path, 3, "softmax")
    (tmp_path / "labels.txt").write_text("Cat\nDog\n")
    report = frozen(path)
    assert "class_names" not in report.card
    assert warning(report, "is not used: it names 2 classes, and the network has 3")


@pytest.mark.parametrize("given", ["Cat,Dog", TWO, "names.json"])
def test_the_names_that_are_given_win(tmp_path, monkeypatch, given):
    path = saved(tmp_path, 2, "softmax")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.txt").write_text("a\nb\n")
    (tmp_path / "names.json").write_text('{"Cat": 0, "Dog": 1}')
    report = frozen(path, class_names=given)
    assert report.card["class_names"] == TWO
    assert not warning(report, "class names")


@pytest.mark.parametrize(
    ("units", "activation", "names", "sentence"),
    [
        (3, "softmax", "Cat,Dog", "2 class names were given, and .* has 3 classes"),
        (
            1,
            "sigmoid",
            "Cat",
            r"1 class names .* \(one sigmoid tells two classes",
        ),
        (2, "softmax", "nowhere.txt", "there is no file nowhere.txt with class names"),
    ],
)
def test_names_that_do_not_fit_are_refused(
    tmp_path, units, activation, names, sentence
):
    path = saved(tmp_path, units, activation)
    with pytest.raises(FreezeError, match=sentence):
        frozen(path, class_names=names)
    assert not path.with_suffix(".pb").exists()


def test_one_sigmoid_gets_its_two_classes(tmp_path):
    report = frozen(saved(tmp_path, 1, "sigmoid"), class_names=TWO)
    assert report.card["output_is"] == "sigmoid"
    assert warning(
        report, "is taken as the probability of 'Dog', the second of the two"
    )


@pytest.mark.parametrize(
    ("units", "activation", "words"),
    [
        (3, "softmax", "the 3 class names are missing"),
        (1, "sigmoid", "the 2 class names are missing"),
        (5, None, "the 5 class names are missing"),
    ],
)
def test_missing_names_are_said_and_how_to_give_them(
    tmp_path, units, activation, words
):
    report = frozen(saved(tmp_path, units, activation))
    assert "--classes cat,dog or --classes FILE" in warning(report, words)


def test_a_regression_is_not_asked_for_class_names(tmp_path):
    assert not warning(frozen(saved(tmp_path, 1, None, (4,))), "class names")


def test_every_field_of_the_card_is_known(tmp_path):
    report = frozen(saved(tmp_path, 1, "sigmoid"), class_names=TWO, plain=True)
    refuse_unknown(report.card, "the card")
