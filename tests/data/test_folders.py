"""Folders with links, without permissions and with files that are left out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.data.folders import DEEPEST, LeftOut, describe_left_out, list_folder
from tests.data.made_files import ROOT, make_folder

NOBODY = 65534


def reasons(folder):
    return {path.name: reason for path, reason in list_folder(folder).all_left_out()}


def test_links_in_a_loop_end(pets):
    (pets / "cats" / "up").symlink_to(pets)
    (pets / "cats" / "self").symlink_to("self")
    (pets / "cats" / "gone.jpg").symlink_to("nowhere")
    assert len(list(list_folder(pets).all_photos())) == 50
    assert reasons(pets) == {
        "up": f"it is the folder {pets} again",
        "self": "too many levels of symbolic links",
        "gone.jpg": "a broken link",
    }


def test_a_folder_goes_by_its_own_name_and_not_by_a_link_to_it(pets):
    (pets / "all").symlink_to(pets / "cats")
    listed = list_folder(pets)
    assert [folder.path.name for folder in listed.folders] == ["cats", "dogs"]
    assert reasons(pets) == {"all": f"it is the folder {pets / 'cats'} again"}


def test_a_link_to_a_folder_elsewhere_is_followed(pets, tmp_path):
    make_folder(tmp_path / "elsewhere", [1, 2])
    (pets / "owls").symlink_to(tmp_path / "elsewhere")
    assert [len(folder.photos) for folder in list_folder(pets).folders] == [30, 20, 2]


def test_what_is_no_regular_file_is_left_out(pets):
    os.mkfifo(pets / "pipe.jpg")
    assert reasons(pets) == {"pipe.jpg": "not a regular file"}


def test_folders_below_many_others_are_left_out(tmp_path):
    make_folder(tmp_path / "/".join("a" * (DEEPEST + 60)), [1])
    assert reasons(tmp_path) == {"a": f"more than {DEEPEST} folders deep"}


LIST = """if True:
    import os, sys
    from pathlib import Path
    from helpers.data.folders import list_folder
    if not os.getuid():
        os.setgid(65534), os.setuid(65534)  # nobody; root may read anything
    folder = list_folder(Path(sys.argv[1]))
    print(len(list(folder.all_photos())), *folder.all_left_out(), sep="\\n")
"""


def test_a_folder_that_may_not_be_read_does_not_stop_the_others(tmp_path):
    base = Path(os.path.realpath(tmp_path))
    for path in (base, *list(base.parents)[:-2]):
        if path.stat().st_uid == os.getuid():
            path.chmod(path.stat().st_mode | 0o555)
    make_folder(base / "pets" / "cats", range(3))
    make_folder(base / "pets" / "dogs", range(2))
    locked = base / "pets" / "dogs"
    locked.chmod(0)
    command = [sys.executable, "-c", LIST, str(base / "pets")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    locked.chmod(0o755)
    assert run.stdout.splitlines() == ["3", f"{locked}: permission denied"], run.stderr


@pytest.mark.parametrize(("count", "names"), [(2, "0, 1"), (5, "0, 1, 2, …")])
def test_files_are_grouped_by_folder_and_reason(count, names):
    files = [LeftOut(Path(f"/data/pets/cat/{i}"), "hidden") for i in range(count)]
    (line,) = describe_left_out(files, Path("/data/pets"))
    assert line == f"{count} in pets/cat: hidden: {names}"


def test_names_cannot_control_the_terminal():
    files = [LeftOut(Path("/pets/cat/\x1b[2J"), "hidden")]
    (line,) = describe_left_out(files, Path("/pets"))
    assert line == r"1 in pets/cat: hidden: '\x1b[2J'"
