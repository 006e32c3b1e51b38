"""Forms as programs write them by hand: without file names, or with encoded ones."""

import pytest

from tests.webapp.running_app import photo

NAMED = 'form-data; name="image"'


def form(disposition: str, content: bytes, *headers: str) -> dict:
    """A form of one part."""
    head = "\r\n".join([f"Content-Disposition: {disposition}", *headers])
    body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("disposition", "headers"),
    [
        pytest.param(f"{NAMED}; filename*=UTF-8''ro%C3%9Fe.png", (), id="filename*"),
        pytest.param(f"{NAMED}; filename*=''", (), id="an empty filename*"),
        pytest.param(f'{NAMED}; filename=""', (), id="an empty name"),
        pytest.param(NAMED, ("Content-Type: image/png",), id="a type alone"),
        pytest.param(NAMED, (), id="the bytes alone"),
        pytest.param(
            NAMED, ("Content-Type: application/octet-stream",), id="bytes of no type"
        ),
        pytest.param("form-data; name=image", (), id="a name without quotes"),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_a_part_with_a_photo_is_a_photo(kinds_client, disposition, headers, kind):
    sent = form(disposition, photo("red", kind), *headers)
    answer = kinds_client.post("/predict?model=whole", **sent)
    assert answer.json["label"] == "red"


@pytest.mark.parametrize(
    ("disposition", "content", "headers", "status", "sentence"),
    [
        (NAMED, b"cat.jpg", (), 400, "holds text, not a file"),
        (NAMED, b"cat.jpg", ("Content-Type: image/png",), 415, "text file"),
        ('form-data; name="photo"', photo(), (), 400, "no file came"),
        ("form-data", photo(), (), 400, "no file came"),
        ('form-data; filename="a.png"', photo(), (), 400, 'files came in ""'),
    ],
)
def test_another_part_is_one_sentence(
    kinds_client, disposition, content, headers, status, sentence
):
    sent = form(disposition, content, *headers)
    answer = kinds_client.post("/predict?model=whole", **sent)
    assert answer.status_code == status
    assert sentence in answer.json["detail"]


def test_a_model_whose_name_begins_like_a_picture_is_a_name(kinds_client):
    sent = form('form-data; name="model"', b"BMW")
    sent["data"] += form(NAMED, photo())["data"]
    answer = kinds_client.post("/predict", **sent)
    assert answer.status_code == 400
