"""Pictures as files: formats, and the classes of the files that are chosen."""

import io

from PIL import Image

from helpers.data.drawings import draw
from helpers.data.picture_files import labelled_files, picture_bytes


def test_picture_bytes_are_a_file_of_the_format():
    picture = draw("cat", 1, 32)
    assert Image.open(io.BytesIO(picture_bytes(picture))).format == "PNG"
    assert Image.open(io.BytesIO(picture_bytes(picture, "JPEG"))).format == "JPEG"


def test_a_folder_without_photos_gives_drawings_of_both_classes(tmp_path):
    files, kinds = labelled_files(tmp_path, 3)
    assert kinds == ["cat", "dog", "cat"]
    assert all(data.startswith(b"\xff\xd8\xff") for data in files)


def test_photos_come_with_the_class_of_their_folder(tmp_path):
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        draw(kind, 1, 32).save(tmp_path / kind / "1.png")
    files, kinds = labelled_files(tmp_path, 20, seed=8)
    known = {(path.read_bytes(), path.parent.name) for path in tmp_path.glob("*/1.png")}
    assert len(files) == 20
    assert {*zip(files, kinds, strict=True)} == known
