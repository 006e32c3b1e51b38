"""Class names from the files that accompany models."""

import json

import pytest

from helpers.data.class_names import names_beside, names_given, names_in

TWO = ["Cat", "Dog"]


@pytest.mark.parametrize(
    ("text", "names", "by_machine"),
    [
        ("0 Cat\n1 Dog\n", TWO, True),
        ("0 With Mask\n1 Without Mask", ["With Mask", "Without Mask"], True),
        ("Cat\nDog\n\n", TWO, False),
        ("\ufeff0 Cat\r\n1 Dog\r\n", TWO, True),
        ("1 Cat\n2 Dog", TWO, False),
        ("0: Cat\n1: Dog", TWO, True),
        ("7 Up\nCola", ["7 Up", "Cola"], False),
        ("1 Cat\n3 Dog", ["1 Cat", "3 Dog"], False),
        ("0 Café\n1 猫", ["Café", "猫"], True),
    ],
)
def test_lines_are_names_with_or_without_numbers(tmp_path, text, names, by_machine):
    path = tmp_path / "labels.txt"
    path.write_bytes(text.encode())
    assert names_in(path) == (names, path, by_machine)


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        {"Dog": 1, "Cat": 0},
        {"0": "Cat", "1": "Dog"},
        {"1": ["n02", "Dog"], "0": ["n01", "Cat"]},
        {"class_names": TWO},
        {"labels": TWO, "packageName": "@teachablemachine/image"},
        {"classes": {"Cat": 0, "Dog": 1}},
    ],
    ids=["list", "indices", "numbers", "imagenet", "card", "metadata", "nested"],
)
def test_json_is_a_list_or_a_map(tmp_path, content):
    path = tmp_path / "names.json"
    path.write_text(json.dumps(content))
    assert names_in(path).names == TWO


def test_imagenets_two_cranes_stay_two(tmp_path):
    path = tmp_path / "index.json"
    index = {"0": ["n02012849", "crane"], "1": ["n03126707", "crane"]}
    path.write_text(json.dumps(index))
    assert names_in(path).names == ["crane (n02012849)", "crane (n03126707)"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"", "holds no class names: write one a line"),
        ("a.txt", b"Cat\nCat", "names the class 'Cat' more than once"),
        ("a.txt", b"\xff\xfeC\0", "is not text in UTF-8"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b'{"cat": 0, "dog": 2}', 'holds no class names: a list like ["cat"'),
        ("a.json", b'{"cat": 0, "dog": 0}', "holds no class names: a list like"),
        ("a.json", b"3", "holds no class names: a list like"),
    ],
)
def test_a_file_without_class_names_is_named(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=str(tmp_path)) as error:
        names_in(tmp_path / name)
    assert sentence in str(error.value)


def test_names_are_given_in_every_way(tmp_path):
    (tmp_path / "labels.txt").write_text("0 Cat\n1 Dog\n")
    ways = (TWO, "Cat,Dog", "Cat, Dog", str(tmp_path / "labels.txt"))
    assert [names_given(way) for way in ways] == [TWO] * 4


def test_a_missing_file_is_not_taken_for_a_name():
    with pytest.raises(ValueError, match=r"there is no file nowhere\.txt with"):
        names_given("nowhere.txt")


@pytest.mark.parametrize(
    "name", ["labels.txt", "model.labels.txt", "model.h5.labels.txt"]
)
def test_names_lie_beside_a_model(tmp_path, name):
    (tmp_path / name).write_text("Cat\nDog")
    assert names_beside(tmp_path / "model.h5").names == TWO


def test_names_lie_in_a_folder_or_beside_it(tmp_path):
    saved = tmp_path / "model.savedmodel"
    saved.mkdir()
    (tmp_path / "labels.txt").write_text("Cat\nDog")
    assert names_beside(saved).names == TWO
    (saved / "labels.txt").write_text("0 A\n1 B")
    assert names_beside(saved).names == ["A", "B"]


def test_another_programs_metadata_is_left_alone(tmp_path):
    (tmp_path / "metadata.json").write_text('{"version": 1}')
    assert names_beside(tmp_path / "model.h5") is None


# From outside

ODD_FILES = {
    "a blank line": ("a.txt", "Cat\n\nDog", " has no name in line 2: write a name in"),
    "surrogate": ("a.json", '["Cat", "\\ud800"]', r": [1] holds '\ud800', half of a"),
    "control": ("a.txt", "Cat\x1b[31m\nDog", r" holds '\x1b', a control character"),
    "override": ("a.json", '["\\u202eCat"]', r": [0] holds '\u202e', which changes"),
    "line": ("a.json", '["Cat\\nDog"]', r": name 1 holds '\n', and a name is one line"),
    "normal forms": (
        "a.txt",
        "Caf\xe9\nCafe\u0301",
        r": 'Caf\xe9' and 'Cafe\u0301' look",
    ),
    "empty": ("a.json", '["Cat", ""]', ": name 2 is empty: ''"),
    "long": ("a.txt", f"Cat\n{'x' * 10**6}", ": name 2 has 1,000,000 characters: 500"),
    "many": ("a.txt", "\n".join(map(str, range(100_001))), ": 100,001 names are too m"),
    "large": ("a.txt", "x\n" * 2_000_001, " has 4,000,002 bytes: at most 4,000,000"),
    "deep": (
        "a.json",
        "[" * 10**5,
        " has lists or objects in one another more than 32",
    ),
    "digits": (
        "a.json",
        '{"' + "9" * 5000 + '": "a"}',
        " holds no class names: a list",
    ),
    "number": ("a.json", '{"a": ' + "9" * 5000 + "}", " has a number of 5,000 digits"),
    "key twice": (
        "a.json",
        '{"0": "a", "0": "b"}',
        " has the key '0' twice: leave one",
    ),
}


@pytest.mark.parametrize(
    ("name", "text", "sentence"), ODD_FILES.values(), ids=ODD_FILES
)
def test_a_hostile_file_gets_one_printable_sentence(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=str(tmp_path)) as error:
        names_in(tmp_path / name)
    assert f"{name}{sentence}" in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [b'{"labels": ["Cat", "\\ud800"]}', b'{"labels": ["Cat"], "labels": ["Dog"]}'],
    ids=["surrogate", "key twice"],
)
def test_hostile_metadata_with_labels_is_no_other_programs(tmp_path, text):
    (tmp_path / "metadata.json").write_bytes(text)
    with pytest.raises(ValueError, match=r"metadata\.json"):
        names_beside(tmp_path / "model.h5")


@pytest.mark.parametrize("text", [b"[" * 10**5, b"\0" * 5 * 10**6, b'"\\ud800"'])
def test_metadata_without_labels_is_left_alone(tmp_path, text):
    (tmp_path / "metadata.json").write_bytes(text)
    assert names_beside(tmp_path / "model.h5") is None


def test_many_names_are_given_with_commas():
    names = [f"class {number}" for number in range(1000)]
    assert names_given(",".join(names)) == names


@pytest.mark.parametrize("value", ["cat,,dog", ["cat", ""], '["cat", ""]'])
def test_a_name_that_is_given_is_not_empty(value):
    with pytest.raises(ValueError, match="name 2 is empty: ''"):
        names_given(value)
