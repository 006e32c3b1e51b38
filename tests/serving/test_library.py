"""Library: look-up by name and version; each model loaded alone is the oracle."""

import shutil

import numpy as np
import pytest

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.library import Library, UnknownModel
from helpers.serving.versions import model_files, version_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small, resnet):
    """A models folder, with files in it that are not models."""
    root = tmp_path_factory.mktemp("frozen")
    copies = {
        "alpha/1.pb": small,
        "dogs-cats/1.pb": resnet,
        "dogs-cats-small/2.pb": resnet,
        "dogs-cats-small/9.pb": resnet,
        "dogs-cats-small/10.pb": small,
        "dogs-cats-small/draft.pb": resnet,
        "1.pb": resnet,
    }
    for name, network in copies.items():
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(network.path, root / name)
    (root / "empty").mkdir()
    return root


@pytest.fixture(scope="module")
def library(folder):
    with Library.load_folder(folder) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), np.uint8)


def test_dogs_cats_is_first_and_the_default(library):
    assert library.names == ("dogs-cats", "alpha", "dogs-cats-small")
    assert library.model() is library.model("dogs-cats")
    assert library.model().name == "dogs-cats"


def test_the_newest_version_is_served_by_number_not_by_spelling(library, folder):
    served = library.model("dogs-cats-small")
    assert (served.name, served.version) == ("dogs-cats-small", 10)
    assert served.model.path == folder / "dogs-cats-small" / "10.pb"


def test_only_numbered_files_in_named_folders_are_models(folder):
    assert model_files(folder) == {
        "dogs-cats": folder / "dogs-cats" / "1.pb",
        "alpha": folder / "alpha" / "1.pb",
        "dogs-cats-small": folder / "dogs-cats-small" / "10.pb",
    }


def test_every_model_has_one_graph_and_one_session_of_its_own(library):
    models = [library.model(name).model for name in library.names]
    assert models == [library.model(name).model for name in library.names]
    assert len({id(model.graph) for model in models}) == 3
    assert len({id(model.session) for model in models}) == 3
    assert all(model.session.graph is model.graph for model in models)


def test_each_model_answers_as_it_does_alone(library, small, resnet, images):
    for name, network in (("alpha", small), ("dogs-cats", resnet)):
        with FrozenModel.load(network.path) as alone:
            expected = alone.predict(images)
        np.testing.assert_allclose(
            library.model(name).model.predict(images), expected, atol=1e-6
        )


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("dogs-cat", "dogs-cats"),
        ("dogs-cats-smal", "dogs-cats-small"),
        ("Alpha", "alpha"),
    ],
)
def test_an_unknown_name_gets_the_closest(library, name, closest):
    with pytest.raises(UnknownModel) as unknown:
        library.model(name)
    message = f"there is no model {name!r}: did you mean {closest!r}?"
    assert str(unknown.value) == message
    assert isinstance(unknown.value, LookupError)


def test_an_empty_name_is_unknown(library):
    with pytest.raises(UnknownModel, match="there is no model ''"):
        library.model("")


def test_files_are_served_under_the_names_they_are_given(small):
    with Library.load({"mine": small.path, "yours": small.path}) as library:
        assert library.names == ("mine", "yours")
        assert library.model("yours").version == 1


@pytest.mark.parametrize(
    ("file", "version"), [("1.pb", 1), ("12.pb", 12), ("mine.pb", 1), ("v2.pb", 1)]
)
def test_the_version_is_the_number_in_the_files_name(tmp_path, file, version):
    assert version_of(tmp_path / file) == version


def test_a_model_made_elsewhere_can_be_served(small):
    model = FrozenModel.load(small.path)
    with Library({"small": {1: model, 3: model}}) as library:
        assert library.model("small") == ("small", 3, model)


def test_closing_the_library_closes_its_models(small, images):
    with Library.load({"small": small.path}) as library:
        model = library.model().model
    with pytest.raises(RuntimeError, match="is closed"):
        model.predict(images)


@pytest.mark.parametrize("there", ["empty", "missing"])
def test_a_folder_without_models_is_one_sentence(folder, there):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        Library.load_folder(folder / there)
    assert str(refused.value) == (
        f"there is no model in {folder / there}: expected NAME/VERSION.pb, for "
        "instance dogs-cats/1.pb, as `python -m helpers freeze --output` writes it"
    )
