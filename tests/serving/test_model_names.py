"""Files and folders whose names no model may have, before the start and after it."""

import os
import shutil
import tempfile
from pathlib import Path
from threading import Event

import pytest

from helpers.foreign.texts import printable
from helpers.serving.library import Library, UnknownModel
from helpers.serving.model_names import name_problem
from helpers.serving.reloading import Reloader, follow
from helpers.serving.versions import NoModels, published_in
from tests.webapp.running_app import photo, write_model

REFUSED = {
    b"caf\xe9": "more in it than letters",
    b"two\nlines": "more in it than letters",
    b".hidden": "begins with a dot",
    b"__pycache__": "Python",
    b"x:y": "more in it than letters",
    b"%2F": "more in it than letters",
    b"a b": "more in it than letters",
    b"a?b=c": "more in it than letters",
    b'"><script>': "more in it than letters",
    b"long" * 50: "more than 128 characters",
    "😀".encode(): "more in it than letters",
}
FILES = (
    b"model.pb",
    b"01.pb",
    b"\xff.pb",
    "٣.pb".encode(),
    b"-1.pb",
    b"9" * 99 + b".pb",
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("graph") / "1.pb", image_size=8)


@pytest.fixture
def folder(tmp_path, graph):
    put(tmp_path, b"cats", graph)
    return tmp_path


def put(folder, name: bytes, graph, file: bytes = b"1.pb"):
    """The graph as the file of that name; returns its folder."""
    made = os.path.join(os.fsencode(folder), name)
    os.makedirs(made, exist_ok=True)
    os.link(graph, os.path.join(made, file))
    return made


def remove(folder: bytes) -> None:
    for file in os.listdir(folder):
        os.unlink(os.path.join(folder, file))
    os.rmdir(folder)


@pytest.mark.parametrize("name", ["cats", "a.b-c_1", "é", "猫", "x" * 128])
def test_a_name_that_a_url_carries_is_allowed(name):
    assert name_problem(name) is None


@pytest.mark.parametrize("name", REFUSED)
def test_another_name_is_skipped_with_its_reason(folder, graph, name):
    put(folder, name, graph)
    found = published_in(folder)
    assert list(found) == ["cats"]
    (reason,) = found.skipped.values()
    assert REFUSED[name] in reason


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_no_version_is_skipped_with_its_reason(folder, graph, file):
    put(folder, b"cats", graph, file)
    found = published_in(folder)
    assert list(found["cats"].files) == [1]
    assert list(found.skipped.values()) == ["its name is no version, like 1.pb"]


# Files that are none, and folders that cannot be read


def put_odd(folder) -> None:
    os.mkfifo(folder / "cats" / "2.pb")
    (folder / "cats" / "3.pb").symlink_to("3.pb")
    (folder / "cats" / "4.pb").symlink_to("gone.pb")
    (folder / "cats" / "5.pb").mkdir()
    (folder / "cats" / "6.pb").symlink_to("/dev/zero")
    (folder / "cats" / "labels.json").symlink_to("labels.json")
    (folder / "loop").symlink_to("loop")
    (folder / "gone").symlink_to("nowhere")
    (folder / "file").write_text("no folder")


def test_what_is_no_regular_file_is_skipped_with_its_reason(folder):
    put_odd(folder)
    found = published_in(folder)
    assert list(found) == ["cats"]
    assert list(found["cats"].files) == [1]
    links = "Too many levels of symbolic links"
    assert found.skipped == {
        "cats/2.pb": "it is a pipe, not a regular file",
        "cats/3.pb": f"it cannot be read: {links}",
        "cats/4.pb": "it is a link to a file that is not there",
        "cats/5.pb": "it is a folder, not a regular file",
        "cats/6.pb": "it is a device, not a regular file",
        "cats/labels.json": f"{links}; its labels stay as they were",
        "loop": f"it cannot be read: {links}",
    }
    assert found.unreadable == {"cats", "loop"}


@pytest.fixture
def other_user():
    """A function that does something as a user who is not root."""

    def run(function):
        before = os.geteuid()
        os.seteuid(before or 65534)
        try:
            return function()
        finally:
            os.seteuid(before)

    return run


def test_a_folder_without_permission_is_skipped_and_its_model_stays(
    graph, other_user, caplog
):
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("cats", "birds"):
            (folder / name).mkdir()
            shutil.copy(graph, folder / name / "1.pb")
        with Library.load_folder(folder) as library:
            folder.chmod(0o755)
            (folder / "birds").chmod(0)
            reloader = Reloader(library, lambda: published_in(folder), every=1)
            other_user(reloader.poll)
            assert {*library.names} == {"cats", "birds"}
        assert "birds is skipped: it cannot be read: Permission denied" in caplog.text
        (folder / "birds").chmod(0o755)


@pytest.mark.parametrize("name", [*map(os.fsdecode, REFUSED), "\ud800"])
def test_a_printable_name_is_one_line_of_utf_8(name):
    assert printable(name).encode().decode().isprintable()


def test_a_byte_that_is_no_utf_8_is_shown_as_it_is():
    assert printable(os.fsdecode(b"caf\xe9")) == r"caf\xe9"


def test_names_that_are_skipped_are_logged_at_the_start(folder, graph, caplog):
    put(folder, b"caf\xe9", graph)
    with Library.load_folder(folder) as library:
        assert library.names == ("cats",)
        assert list(library.skipped) == [r"caf\xe9"]
    assert r"caf\xe9 is skipped: its name has more in it" in caplog.text


def test_a_folder_of_such_names_alone_says_so(tmp_path, graph):
    put(tmp_path, b"x:y", graph)
    with pytest.raises(NoModels, match="x:y is skipped: its name has more in it"):
        published_in(tmp_path)


def test_a_name_that_is_skipped_while_running_is_logged_once(folder, graph, caplog):
    with Library.load_folder(folder) as library:
        reloader = Reloader(library, lambda: published_in(folder), every=1)
        made = put(folder, b"caf\xe9", graph)
        for _ in range(3):
            reloader.poll()
        assert caplog.text.count("is skipped") == 1
        remove(made)
        reloader.poll()
        assert library.skipped == {}


# Models whose files go


def test_a_model_whose_folder_is_removed_is_unloaded(folder, graph):
    made = put(folder, b"birds", graph)
    with Library.load_folder(folder) as library:
        session = library.model("birds").model.session
        remove(made)
        follow(library, published_in(folder))
        assert library.names == ("cats",)
        with pytest.raises(UnknownModel, match="there is no model 'birds'"):
            library.model("birds")
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run("y_pred:0")


def test_a_request_in_flight_ends_on_the_model_that_is_unloaded(folder, graph):
    made = put(folder, b"birds", graph)
    with Library.load_folder(folder) as library:
        held = library.model("birds").model
        remove(made)
        follow(library, published_in(folder))
        assert held.run_photo(held.decode(photo()))["y_pred"].shape == (1, 2)


def test_nothing_of_a_model_that_has_gone_is_kept(folder, graph):
    made = put(folder, b"birds", graph)
    with Library.load_folder(folder) as library:
        (folder / "birds" / "2.pb").write_bytes(b"not a graph")
        follow(library, published_in(folder))
        assert [name for name, *_ in library.failures()] == ["birds"]
        remove(made)
        for _ in range(2):
            follow(library, published_in(folder))
        assert (library.known, library.failures()) == (("cats",), [])


def test_the_last_model_is_unloaded_too_and_comes_back(folder, graph):
    with Library.load_folder(folder) as library:
        reloader = Reloader(library, lambda: published_in(folder), every=1)
        remove(os.fsencode(folder / "cats"))
        reloader.poll()
        with pytest.raises(UnknownModel, match="no model is loaded"):
            library.model()
        put(folder, b"cats", graph)
        reloader.poll()
        assert library.model().name == "cats"


def test_models_stay_while_the_models_folder_itself_is_gone(folder, caplog):
    with Library.load_folder(folder) as library:
        reloader = Reloader(library, lambda: published_in(folder), every=1)
        folder.rename(folder.with_name("elsewhere"))
        reloader.poll()
        folder.with_name("elsewhere").rename(folder)
        assert library.model("cats").version == 1
    assert "nothing is reloaded" in caplog.text


def test_the_reloader_lives_on_after_an_error(folder):
    with Library.load_folder(folder) as library:
        listed = iter([RuntimeError("a bug"), published_in(folder)])

        def source():
            found = next(listed, None)
            if isinstance(found, Exception):
                raise found
            polled.set()
            return found or published_in(folder)

        polled = Event()
        reloader = Reloader(library, source, every=0.01)
        reloader.start()
        assert polled.wait(30)
        reloader.stop()
