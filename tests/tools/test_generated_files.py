"""Generated files are written where they differ; `--check` only names them."""

import pytest

from tools.generated_files import replace_block, update


@pytest.fixture
def folder(tmp_path):
    """A folder with one current, one stale and one superfluous file."""
    for name in ("current", "stale", "superfluous"):
        (tmp_path / name).write_text(name)
    return tmp_path


def run(folder, *arguments) -> int:
    files = {
        "current": b"current",
        "stale": b"new",
        "superfluous": None,
        "absent": b"a",
    }
    wanted = {folder / name: content for name, content in files.items()}
    return update("draw", lambda: wanted, [*arguments], folder)


def test_check_names_what_differs_and_changes_nothing(folder, capsys):
    assert run(folder, "--check") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{name} is stale: run tools/draw.py"
        for name in ("stale", "superfluous", "absent")
    ]
    assert (folder / "stale").read_text() == "stale"
    assert not (folder / "absent").exists()


def test_what_differs_is_written_once(folder, capsys):
    assert run(folder) == run(folder, "--check") == run(folder) == 0
    assert capsys.readouterr().out.splitlines() == [
        "stale written",
        "superfluous removed",
        "absent written",
    ]
    assert (folder / "stale").read_text() == "new"


@pytest.mark.parametrize(
    "page",
    ["no marker", "<!-- a -->", "<!-- /a --> <!-- a -->"],
    ids=["none", "one", "wrong order"],
)
def test_page_without_its_markers_is_an_error(page, tmp_path, capsys):
    def generate():
        return {tmp_path / "page": replace_block(page, "new", "a").encode()}

    assert update("draw", generate, []) == 1
    assert not (tmp_path / "page").exists()
    assert capsys.readouterr().err == (
        "draw: README.md needs one line <!-- a --> and after it one line <!-- /a -->: "
        "what is generated is written between them\n"
    )
