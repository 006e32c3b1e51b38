"""Class names in tables of comma-separated values."""

import pytest

from helpers.data.class_names import names_in
from helpers.data.label_tables import names_in_table

TWO = ["Cat", "Dog"]
TABLES = {
    "a column": "Cat\nDog\n",
    "numbers": "0,Cat\n1,Dog",
    "numbers from 1": "1,Cat\n2,Dog",
    "in another order": "1,Dog\n0,Cat",
    "numbers behind": "Cat,0\r\nDog,1\r\n",
    "titles": "index,name\n0,Cat\n1,Dog",
    "semicolons": "0;Cat\n1;Dog",
    "tabs": "0\tCat\n1\tDog",
    "quotes": '0,"Cat"\n1,"Dog"',
}
PROBLEMS = {
    "gap": ("0,Cat\n2,Dog", "numbers the classes, and has the number 1 not"),
    "number twice": ("0,Cat\n0,Dog", "numbers the classes, and has the number 0 twice"),
    "empty row": ("Cat\n\nDog", "has no name in row 2: write a name in every row"),
    "three columns": (
        "0,Cat,x\n1,Dog,y",
        "is no table of class names: expected a name",
    ),
    "names in a row": ("Cat,Dog", "is no table of class names: expected a name a row"),
    "a long field": (
        '"' + "a" * 200_000,
        "is no table of comma-separated values: field",
    ),
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_a_table_has_a_column_of_names_and_perhaps_one_of_numbers(text):
    assert names_in_table(text) == TWO


def test_a_name_with_a_comma_is_quoted():
    assert names_in_table('0,"crane, bird"\n1,crane') == ["crane, bird", "crane"]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_another_table_is_refused_with_the_file(tmp_path, text, problem):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(ValueError, match=str(tmp_path)) as error:
        names_in(tmp_path / "labels.csv")
    assert f"labels.csv {problem}" in str(error.value)
