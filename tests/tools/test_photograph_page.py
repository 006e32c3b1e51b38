"""tools/photograph_page.py refuses bad arguments, and machines without a browser."""

import subprocess
import sys

from tools import photograph_page


def test_without_a_browser_one_sentence_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(photograph_page, "find_browser", lambda: None)
    picture = tmp_path / "page.png"
    assert photograph_page.main("http://127.0.0.1:9", "cat.png", str(picture)) == 1
    said = "there is no Chromium here: install `chromium` to see the page\n"
    assert capsys.readouterr().out == said
    assert not picture.exists()


def test_an_address_alone_is_not_enough():
    command = [sys.executable, photograph_page.__file__, "http://127.0.0.1:9"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    usage = "photograph_page: give the address, a photo and the file to write\n"
    assert (done.returncode, done.stderr) == (1, usage)
