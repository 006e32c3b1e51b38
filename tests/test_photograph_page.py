"""The picture of the page that notebook 08 shows."""

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
