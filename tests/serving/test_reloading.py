"""Reloading a library whose files change; the models are tiny."""

import gc
import json
import os
import threading
import weakref
from functools import partial

import numpy as np
import pytest

from helpers.serving import frozen_model
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.library import Library, UnknownModel
from helpers.serving.reloading import Reloader, follow
from helpers.serving.trials import NotTried
from helpers.serving.versions import published_as, published_in
from tests.serving.made_graphs import image_net, softmax, write_graph
from tests.waiting import wait_for
from tests.webapp.running_app import write_model

IMAGES = np.zeros([1, 128, 128, 3], np.uint8)


def publish(path, **card):
    """Write a model beside `path` and rename it, as a publisher should."""
    beside = write_model(path.with_suffix(".new"), **card)
    os.replace(beside, path)
    return path


@pytest.fixture
def folder(tmp_path):
    publish(tmp_path / "cats" / "1.pb")
    publish(tmp_path / "birds" / "1.pb", class_names=["crow", "owl"])
    return tmp_path


@pytest.fixture
def library(folder):
    with Library.load_folder(folder) as library:
        yield library


@pytest.fixture
def update(folder, library):
    """Publishes a version of cats, if one is given; reloads; returns the failures."""

    def updated(version=None, **card):
        if version:
            publish(folder / "cats" / f"{version}.pb", **card)
        return follow(library, published_in(folder))

    return updated


def states(library, name="cats"):
    return {v: status.state for v, status in library.statuses(name).items()}


def test_a_new_version_is_served_once_it_is_published(library, update):
    update(2, class_names=["tabby", "lion"])
    served = library.model("cats")
    assert (served.version, served.model.class_names) == (2, ("tabby", "lion"))
    assert library.model("birds").version == 1


def test_what_has_not_changed_is_not_loaded_again(library, update):
    before = library.model("cats").model
    assert update() == []
    assert library.model("cats").model is before


def test_the_version_before_is_closed_and_its_memory_free(folder, library, update):
    model = library.model("cats").model
    session, graph = model.session, weakref.ref(model.graph)
    publish(folder / "cats" / "2.pb")
    del model
    update()
    assert states(library) == {2: "AVAILABLE", 1: "END"}
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run("y_pred:0")
    del session
    gc.collect()
    assert graph() is None


def test_a_version_that_only_garbage_refers_to_is_closed(library, update):
    gc.collect()
    gc.disable()  # it may be long until Python finds a cycle that has become old
    try:
        cycle = [library.model("cats").model]
        cycle.append(cycle)
        del cycle
        update(2)
        assert states(library)[1] == "END"
    finally:
        gc.enable()


def test_a_request_in_flight_ends_on_the_version_it_began_with(library, update):
    held = library.model("cats")
    update(2)
    assert states(library) == {2: "AVAILABLE", 1: "UNLOADING"}
    assert held.model.predict(IMAGES).shape == (1, 2)
    del held
    update()
    assert states(library)[1] == "END"


def test_the_new_version_is_warm_before_it_is_served(library, monkeypatch, update):
    probed, check = [], frozen_model.check_answers

    def noted(*loaded):
        probed.append(library.model("cats").version)
        return check(*loaded)

    monkeypatch.setattr(frozen_model, "check_answers", noted)
    update(2)
    assert probed == [1]


def test_a_broken_version_leaves_the_old_one_serving(folder, library, update):
    before = library.model("cats").model
    (folder / "cats" / "2.pb").write_bytes(b"not a graph")
    (failure,) = update()
    assert str(failure).startswith("version 2 of cats is not served: ")
    assert library.model("cats").model is before
    assert states(library) == {2: "END", 1: "AVAILABLE"}
    assert [name for name, _, _ in library.failures()] == ["cats"]


def test_a_broken_version_is_tried_again_once_it_has_changed(folder, library, update):
    (folder / "cats" / "2.pb").write_bytes(b"not a graph")
    assert len(update()) == 1
    assert update() == []  # not tried again
    assert update(2) == []
    assert library.model("cats").version == 2
    assert library.failures() == []


def test_a_json_beside_it_makes_a_foreign_graph_good(folder, library, update):
    (failure,) = update(2, class_names=[])
    assert "does not say its class names" in str(failure)
    (folder / "cats" / "2.json").write_text('{"class_names": ["tabby", "lion"]}')
    update()
    assert library.model("cats").version == 2


def test_a_file_published_again_and_broken_changes_nothing(folder, library, update):
    (folder / "cats" / "1.pb").write_bytes(b"not a graph")
    (failure,) = update()
    assert "is not a frozen graph" in str(failure)
    assert library.model("cats").model.predict(IMAGES).shape == (1, 2)
    assert library.statuses("cats")[1].state == "AVAILABLE"


def test_a_version_that_is_taken_away_gives_place_to_the_one_before(
    folder, library, update
):
    update(2)
    (folder / "cats" / "2.pb").unlink()
    update()
    assert library.model("cats").version == 1
    assert states(library)[1] == "AVAILABLE"


def test_a_model_without_a_file_is_unloaded(folder, library, update):
    (folder / "cats" / "1.pb").unlink()
    update()
    assert library.names == ("birds",)


def test_a_new_name_is_served(folder, library, update):
    publish(folder / "dogs" / "1.pb")
    update()
    assert library.names == ("birds", "cats", "dogs")


def test_a_single_file_published_again_is_loaded_again(tmp_path):
    files = {"mine": publish(tmp_path / "mine.pb")}
    with Library.load(files) as library:
        publish(tmp_path / "mine.pb", class_names=["tabby", "lion"])
        follow(library, published_as(files))
        assert library.model("mine").model.class_names == ("tabby", "lion")


def label(folder, **labels):
    (folder / "cats" / "labels.json").write_text(json.dumps(labels))


def test_a_label_keeps_its_version_loaded(folder, library, update):
    label(folder, stable=1)
    update(2)
    assert library.model("cats").version == 2
    assert library.model("cats", label="stable").version == 1
    assert library.model("cats", version=1).version == 1


def test_a_label_that_moves_lets_its_version_go(folder, library, update):
    label(folder, stable=1)
    update(2)
    label(folder, stable=2)
    update()
    assert library.model("cats", label="stable").version == 2
    with pytest.raises(UnknownModel, match="version 1 of 'cats' is not loaded: 2 is"):
        library.model("cats", version=1)


def test_an_unknown_label_is_answered_with_the_known(folder, library, update):
    label(folder, stable=1)
    update()
    with pytest.raises(UnknownModel, match="no version labelled 'canary': 'stable'"):
        library.model("cats", label="canary")


@pytest.mark.parametrize("text", ["no json", "[1]", '{"stable": "1"}', "[" * 10**5])
def test_labels_that_are_none_are_skipped_with_one_sentence(folder, text):
    (folder / "cats" / "labels.json").write_text(text)
    published = published_in(folder)
    assert published["cats"].labels is None
    reason = published.skipped["cats/labels.json"]
    assert reason.startswith(("it is not", "it has"))
    assert reason.endswith("its labels stay as they were")


def test_labels_that_become_none_stay_as_they_were(folder, library, update):
    label(folder, stable=1)
    update(2)
    (folder / "cats" / "labels.json").write_text("{")
    update(3)
    assert library.labels("cats") == {"stable": 1}
    assert [served.version for served in library.loaded("cats")] == [3, 1]


def test_an_older_version_is_served_where_the_newest_is_broken(folder, caplog):
    (folder / "cats" / "2.pb").write_bytes(b"not a graph")
    with Library.load_folder(folder) as library:
        assert library.model("cats").version == 1
    assert "version 2 of cats is not served" in caplog.text


def test_a_model_without_a_whole_version_ends_the_start(folder):
    (folder / "cats" / "1.pb").write_bytes(b"not a graph")
    with pytest.raises(ValueError, match=r"cats/1\.pb is not a frozen graph"):
        Library.load_folder(folder)


@pytest.fixture
def reloader(folder, library):
    reloader = Reloader(library, lambda: published_in(folder), every=0.01)
    reloader.start()
    yield reloader
    reloader.stop()


@pytest.mark.usefixtures("reloader")
def test_labels_of_one_model_do_not_hinder_another(folder, library, caplog):
    label(folder, stable="one")
    wait_for(lambda: "cats/labels.json is skipped" in caplog.text)
    publish(folder / "birds" / "2.pb")
    wait_for(lambda: library.model("birds").version == 2)
    assert caplog.text.count("is skipped") == 1


# Whatever happens while one file is loaded


ERRORS = (RecursionError("too deep"), MemoryError(), OverflowError("1e400"))


def load_or_fail(failing: str, error: Exception):
    """FrozenModel.load that raises this error for the files of one model."""

    def load(path):
        if path.parent.name == failing:
            raise error
        return FrozenModel.load(path)

    return load


@pytest.mark.parametrize("error", [*ERRORS, OSError("gone"), TypeError("a bug")])
def test_an_error_of_any_kind_concerns_one_file(folder, library, error):
    for name in ("cats", "birds"):
        publish(folder / name / "2.pb")
    follow(library, published_in(folder), load_or_fail("birds", error))
    assert [library.model(name).version for name in ("cats", "birds")] == [2, 1]
    ((name, version, _),) = library.failures()
    assert (name, version) == ("birds", 2)


def test_a_file_that_cannot_be_read_is_loaded_once_it_can(folder, library):
    publish(folder / "cats" / "2.pb")
    failing = load_or_fail("cats", OSError("too many open files"))
    assert len(follow(library, published_in(folder), failing)) == 1
    assert follow(library, published_in(folder), failing) == []  # said once
    follow(library, published_in(folder))
    assert library.model("cats").version == 2
    assert library.failures() == []


def test_a_file_that_is_still_tried_is_loaded_another_time(folder, library):
    publish(folder / "cats" / "2.pb")
    not_yet = load_or_fail("cats", NotTried("wait"))
    for _ in range(2):
        assert follow(library, published_in(folder), not_yet) == []
        assert states(library) == {2: "LOADING", 1: "AVAILABLE"}
    follow(library, published_in(folder))
    assert states(library)[2] == "AVAILABLE"


def test_a_model_whose_file_cannot_be_read_any_more_stays(folder, library, update):
    (folder / "cats" / "1.pb").unlink()
    os.mkfifo(folder / "cats" / "1.pb")
    (folder / "birds").rename(folder / "owls")
    (folder / "birds").symlink_to("birds")
    update()
    assert {*library.names} == {"owls", "cats", "birds"}


# The thread that reloads


class Ending(BaseException):
    """Ends a thread."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_is_started_again(folder, library, caplog):
    endings = iter([Ending("one"), Ending("two")])

    def source():
        for ending in endings:
            raise ending
        return published_in(folder)

    reloader = Reloader(library, source, every=0.01)
    reloader.start()
    publish(folder / "cats" / "2.pb")
    wait_for(lambda: library.model("cats").version == 2)
    reloader.stop()
    assert caplog.text.count("the thread that reloads the models had ended") == 2


def test_a_thread_that_hangs_is_told(folder, library):
    hangs, ended = threading.Event(), threading.Event()

    def load(path):
        hangs.set()
        assert ended.wait(60)
        return FrozenModel.load(path)

    publish(folder / "cats" / "2.pb")
    source = partial(published_in, folder)
    reloader = Reloader(library, source, every=0.01, load_model=load, late_after=0)
    reloader.start()
    assert hangs.wait(60)
    wait_for(lambda: reloader.problem)
    assert "nothing was reloaded for" in reloader.problem
    ended.set()
    wait_for(lambda: library.model("cats").version == 2)
    reloader.stop()


@pytest.mark.usefixtures("reloader")
def test_no_request_fails_while_versions_change(folder, library):
    answers, ended = [], threading.Event()

    def ask():
        while not ended.is_set():
            answers.append(library.model("cats").model.predict(IMAGES).shape)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in range(2, 8):
        publish(folder / "cats" / f"{version}.pb")
        wait_for(lambda v=version: library.model("cats").version == v)
    ended.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {(1, 2)}
    wait_for(lambda: set(states(library).values()) == {"AVAILABLE", "END"})


def test_new_class_names_beside_a_model_are_loaded(tmp_path):
    write_graph(tmp_path / "cats" / "1.pb", image_net(softmax))
    (tmp_path / "cats" / "labels.txt").write_text("0 Red\n1 Green\n2 Blue\n")
    load = partial(FrozenModel.load, defaults={"pixels": "0..1"})
    with Library.load_published(published_in(tmp_path), load) as library:
        assert library.model("cats").model.class_names == ("Red", "Green", "Blue")
        (tmp_path / "cats" / "labels.txt").write_text("Rouge\nVert\nBleu\n")
        assert follow(library, published_in(tmp_path), load) == []
        assert library.model("cats").model.class_names == ("Rouge", "Vert", "Bleu")
