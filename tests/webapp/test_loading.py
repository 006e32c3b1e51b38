"""Loading at the start: what can be served is served, what cannot is said."""

from functools import partial
from pathlib import Path

import pytest

from helpers.serving.trials import NotTried
from helpers.serving.versions import published_in
from tests.serving.hostile_graphs import good, sparse, write
from webapp import loading
from webapp.loading import ModelLoader, load


@pytest.fixture
def folder(tmp_path) -> Path:
    """Models that can be served, and others that cannot."""
    for name in ("a", "c"):
        write(tmp_path / name / "1.pb", good())
    (tmp_path / "a" / "2.pb").write_bytes(b"no graph")
    write(tmp_path / "b" / "1.pb", good()).write_bytes(b"")
    sparse(tmp_path / "zeros" / "1.pb")
    return tmp_path


def loaded(folder, load_model=None, **settings):
    source = partial(published_in, folder)
    with load(source, load_model or ModelLoader({}), **settings) as library:
        return library


def test_what_can_be_served_is_and_the_rest_is_said(folder, caplog):
    library = loaded(folder)
    assert [(m.name, m.version) for m in library.newest()] == [("a", 1), ("c", 1)]
    failed = [(name, version) for name, version, _ in library.failures()]
    assert failed == [("a", 2), ("b", 1), ("zeros", 1)]
    assert caplog.text.count("is not served: ") == 3


def test_nothing_to_serve_at_the_first_start_is_an_error_with_all_sentences(folder):
    for name in ("a", "c"):
        (folder / name / "1.pb").unlink()
    (folder / "c").rmdir()
    with pytest.raises(ValueError, match=r"a/2\.pb is not a frozen") as refused:
        loaded(folder)
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert lines[1] == f"{folder}/b/1.pb holds no graph: freeze the checkpoint again"


@pytest.mark.parametrize("there", [True, False])
def test_a_worker_that_replaces_another_serves_even_nothing(tmp_path, there, caplog):
    if there:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "1.pb").write_bytes(b"no graph")
    assert loaded(tmp_path, is_first=False).names == ()
    assert "a/1.pb" in caplog.text if there else "nothing is loaded" in caplog.text


class SlowTrials:
    """The verdict on `a` comes at the third call, as if its trial took long."""

    def __init__(self) -> None:
        self.patience: list[float | None] = []

    def announce(self, paths) -> None:
        self.announced = [path.parent.name for path in paths]

    def check(self, path, patience) -> None:
        if path.parent.name == "a":
            self.patience.append(patience)
            if patience is not None and len(self.patience) < 3:
                raise NotTried


def test_a_file_that_takes_long_does_not_hold_up_the_others(folder):
    (folder / "a" / "2.pb").unlink()
    trials = SlowTrials()
    library = loaded(folder, ModelLoader({}, trials), waits=False)
    assert library.names == ("c",)
    assert library.statuses("a")[1].state == "LOADING"
    assert trials.announced == ["a", "b", "c", "zeros"]
    assert 0 < trials.patience[0] <= loading.START_SECONDS


def test_it_is_waited_for_if_there_is_no_other(folder):
    for name in ("b", "c", "zeros"):
        (folder / name / "1.pb").unlink()
    (folder / "a" / "2.pb").unlink()
    trials = SlowTrials()
    assert loaded(folder, ModelLoader({}, trials), waits=False).names == ("a",)
    assert len(trials.patience) == 3


def test_without_reloading_every_file_is_waited_for(folder):
    (folder / "a" / "2.pb").unlink()
    trials = SlowTrials()
    library = loaded(folder, ModelLoader({}, trials), waits=True)
    assert library.names == ("a", "c")
    assert trials.patience == [None]
