"""Model files tried in a process of their own: real processes, real hostile graphs."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from helpers.serving import trial as trial_module
from helpers.serving import trials as trials_module
from helpers.serving.trial import Limits, Trial
from helpers.serving.trials import NotTried, Trials
from helpers.serving.verdicts import SharedVerdict
from helpers.serving.versions import stamp_of
from tests.serving import hostile_graphs
from tests.serving.hostile_graphs import sparse, write
from tests.waiting import wait_for

BUSY = Limits(seconds=60)  # where other programs use this machine, too
SHORT = Limits(seconds=1.5)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with a file of each kind, some hostile."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("good", "large", "endless"):
        write(folder / f"{name}.pb", getattr(hostile_graphs, name)())
    whole = (folder / "good.pb").read_bytes()
    (folder / "truncated.pb").write_bytes(whole[: len(whole) // 2])
    (folder / "garbage.pb").write_bytes(os.urandom(1000))
    (folder / "text.pb").write_text("no graph\n")
    sparse(folder / "zeros.pb")
    os.mkfifo(folder / "pipe.pb")
    (folder / "loop.pb").symlink_to("loop.pb")
    (folder / "folder.pb").mkdir()
    (folder / "device.pb").symlink_to("/dev/zero")
    return folder


@pytest.fixture(scope="module")
def trial():
    """A process that tries the files of all tests, as long as none ends it."""
    trial = Trial({})
    yield trial
    trial.close()


def test_a_good_file_is_not_refused(trial, files):
    assert trial.refusal(files / "good.pb", BUSY) == ""


@pytest.mark.parametrize("name", ["truncated", "garbage", "text"])
def test_a_file_that_is_no_graph_is_refused_as_when_it_is_loaded(trial, files, name):
    path = files / f"{name}.pb"
    assert f"{path} is not a frozen graph" in trial.refusal(path, BUSY)
    assert trial.is_alive


def test_too_much_memory_is_refused_in_the_process(trial, files):
    refused = trial.refusal(files / "large.pb", BUSY)
    assert refused.startswith(f"{files / 'large.pb'} is refused: ")
    assert "takes more than 2,500 MB of memory (--load-megabytes)" in refused
    assert trial.is_alive
    assert trial.refusal(files / "good.pb", BUSY) == ""


def test_a_file_that_cannot_be_read_is_no_verdict(trial, files):
    for name, error in (("folder", IsADirectoryError), ("loop", OSError)):
        with pytest.raises(error):
            Trials({}).check(files / f"{name}.pb")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("zeros", "has 2,500 MB, and a frozen graph at most 2,147 MB"),
        ("pipe", "is a pipe, not a regular file"),
        ("device", "is a device, not a regular file"),
    ],
)
def test_size_and_kind_are_checked_without_a_process(files, name, sentence):
    trials = Trials({})
    with pytest.raises(ValueError, match=sentence):
        trials.check(files / f"{name}.pb")
    assert trials.processes == []


def test_the_process_has_limits_and_its_own_session(trial, files):
    assert trial.refusal(files / "good.pb", BUSY) == ""
    process = psutil.Process(trial.pid)
    assert process.rlimit(psutil.RLIMIT_CORE)[0] == 0
    assert process.rlimit(psutil.RLIMIT_FSIZE)[0] == 64_000
    assert process.rlimit(psutil.RLIMIT_CPU)[0] > 0
    assert process.nice() > psutil.Process().nice()
    assert os.getsid(trial.pid) == trial.pid


def test_what_kills_the_process_is_refused_with_the_signal(files):
    trial = Trial({})
    tried = trial.refusal(files / "good.pb", BUSY)
    assert tried == ""
    killer = threading.Timer(0.5, os.kill, (trial.pid, signal.SIGSEGV))
    killer.start()
    refused = trial.refusal(files / "endless.pb", BUSY)
    trial.close()
    assert "it ended the process that tried it (SIGSEGV), as a function" in refused


# The last test with this process: the file ends it.


def test_what_never_ends_is_refused_after_its_time(trial, files):
    refused = trial.refusal(files / "endless.pb", SHORT)
    assert refused == (
        f"{files / 'endless.pb'} is refused: loading it and running it on test "
        "pictures took longer than 1.5 s (--load-seconds)"
    )
    assert not trial.is_alive


# Verdicts of several files, and of several processes


@pytest.fixture
def trials(tmp_path):
    with Trials({}, SHORT, tmp_path) as trials:
        yield trials


def shared(folder, path, refused: str) -> None:
    """What another process has found about the file."""
    SharedVerdict(folder, path, stamp_of(path)).write(refused)


def test_a_verdict_of_another_process_needs_no_trial(trials, files, tmp_path):
    shared(tmp_path, files / "good.pb", "")
    shared(tmp_path, files / "endless.pb", "it hangs")
    trials.check(files / "good.pb")
    with pytest.raises(ValueError, match="it hangs"):
        trials.check(files / "endless.pb")
    assert trials.processes == []


def test_a_verdict_holds_until_the_file_changes(files, tmp_path):
    path = tmp_path / "1.pb"
    path.write_bytes((files / "good.pb").read_bytes())
    shared(tmp_path, path, "it hangs")
    before = stamp_of(path)
    assert SharedVerdict(tmp_path, path, before).read() == "it hangs"
    path.with_suffix(".json").write_text("{}")
    assert SharedVerdict(tmp_path, path, stamp_of(path)).read() is None


def test_verdicts_on_files_that_have_gone_are_removed(tmp_path):
    path = tmp_path / "1.pb"
    path.touch()
    for version in range(3):
        shared(tmp_path, path, "it hangs")
        path = path.rename(tmp_path / f"{version + 2}.pb")
    shared(tmp_path, path, "")
    assert len([*tmp_path.glob("verdict-*")]) == 1


def test_a_verdict_that_is_cut_short_is_none(tmp_path):
    verdict = SharedVerdict(tmp_path, tmp_path, (None,))
    verdict.write("it hangs")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert verdict.read() is None


def test_one_process_tries_while_the_others_wait(tmp_path):
    one, other = (SharedVerdict(tmp_path, tmp_path, (None,)) for _ in range(2))
    with one.alone(60, lambda: False):
        waited = time.monotonic()
        with other.alone(0.2, lambda: False):  # it hangs: not waited for any more
            assert time.monotonic() - waited > 0.2


def test_a_full_disk_costs_only_the_memory_of_the_verdict(files, tmp_path, caplog):
    path = files / "garbage.pb"
    verdict = SharedVerdict(tmp_path, path, stamp_of(path))
    verdict._file.symlink_to("/dev/full")
    with Trials({}, BUSY, tmp_path) as trials:
        for _ in range(2):
            with pytest.raises(ValueError, match="is not a frozen graph"):
                trials.check(path)
    assert caplog.text.count("other workers try the file again: [Errno 28]") == 1
    assert verdict.read() is None


def test_without_a_folder_for_verdicts_each_process_tries(tmp_path, caplog):
    verdict = SharedVerdict(tmp_path / "gone", tmp_path, (None,))
    with verdict.alone(60, lambda: False):
        assert "the other workers try this file, too" in caplog.text


def test_a_file_that_is_being_tried_is_not_waited_for_for_ever(trials, files):
    trials.announce([files / "endless.pb"])
    with pytest.raises(NotTried, match="is still being tried"):
        trials.check(files / "endless.pb", patience=0.01)
    assert len(trials.processes) <= 1


def test_closing_ends_the_process_and_what_waits(files, monkeypatch):
    trials = Trials({}, BUSY)
    paths = [files / "endless.pb", files / "good.pb"]
    trials.announce(paths)
    while not trials.processes:
        time.sleep(0.01)
    (pid,) = trials.processes
    trials.close()
    for path in (*paths, files / "large.pb"):
        with pytest.raises(NotTried):
            trials.check(path)
    wait_for(lambda: not psutil.pid_exists(pid))


def test_a_process_that_cannot_be_started_is_tried_again_later(files, monkeypatch):
    started = []
    monkeypatch.setattr(trials_module, "RETRY", 0.5)
    monkeypatch.setattr(trial_module, "_python", lambda: started.append(1) or "/no/py")
    trials = Trials({})
    for _ in range(3):
        with pytest.raises(FileNotFoundError, match="/no/py"):
            trials.check(files / "good.pb")
    assert len(started) == 1  # not at every look
    time.sleep(0.6)
    with pytest.raises(FileNotFoundError, match="/no/py"):
        trials.check(files / "good.pb")
    assert len(started) == 2


@pytest.mark.ci
def test_files_wait_for_a_hanging_one_in_a_second_process(files, monkeypatch):
    monkeypatch.setattr(trials_module, "BLOCKED", 0.1)
    monkeypatch.setattr(trials_module, "IDLE", 0.1)
    with Trials({}, BUSY) as trials:
        trials.announce([files / "endless.pb"])
        trials.check(files / "good.pb")
        assert len(trials.processes) in (1, 2)
        with pytest.raises(NotTried):
            trials.check(files / "endless.pb", patience=0)


@pytest.mark.ci
def test_a_process_ends_with_its_parent(files, tmp_path):
    trial = Trial({})
    assert trial.refusal(files / "good.pb", BUSY) == ""
    trial._process.stdin.close()
    assert trial._process.wait(60) == -signal.SIGKILL
