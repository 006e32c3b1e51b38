"""The pictures of the page: the README's, and notebook 08's."""

import subprocess
import sys

from tools import photograph_page


def test_a_machine_without_a_browser_is_told_so_in_one_sentence(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(photograph_page, "find_browser", lambda: None)
    picture = tmp_path / "page.png"
    assert photograph_page.main("http://127.0.0.1:9", "cat.png", str(picture)) == 1
    assert capsys.readouterr().out == (
        "there is no Chromium here: install `chromium` to see the page\n"
    )
    assert not picture.exists()


def test_an_address_alone_is_answered_with_what_is_missing():
    command = [sys.executable, photograph_page.__file__, "http://127.0.0.1:9"]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == (
        "photograph_page: give the address, a photo and the file to write\n"
    )
