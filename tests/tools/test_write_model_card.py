"""checkpoints/MODEL_CARD.md agrees with the cards in the shipped models."""

from tools.write_model_card import PAGE, main


def test_the_page_is_current(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_every_figure_of_the_page_exists():
    names = [part.split(")")[0] for part in PAGE.read_text().split("](")[1:]]
    figures = [name for name in names if name.endswith(".png")]
    assert figures
    assert all((PAGE.parent / name).stat().st_size > 1000 for name in figures)
