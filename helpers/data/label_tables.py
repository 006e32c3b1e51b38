"""Reads class names from a table of comma-separated values (CSV)."""

import csv
import io
import re

NUMBER = re.compile(r"[0-9]{1,9}")
SEPARATORS = (",", ";", "\t")


def names_in_table(text: str) -> list[str]:
    """The names in a table: a column of names, or of numbers and one of names.

    With numbers the order is theirs, from 0 or 1, and a first row without a number is
    taken as the titles of the columns.

    Raises:
      ValueError: the table has other columns, an empty row, or a number is missing;
        the message continues a sentence that begins with the file.
    """
    separator = next((one for one in SEPARATORS if one in text), ",")
    try:
        rows = [*csv.reader(io.StringIO(text.rstrip()), delimiter=separator)]
    except csv.Error as error:
        raise ValueError(f"is no table of comma-separated values: {error}") from error
    rows = [[cell.strip() for cell in row] for row in rows]
    if empty := [place for place, row in enumerate(rows, 1) if not any(row)]:
        raise ValueError(f"has no name in row {empty[0]}: write a name in every row")
    if all(len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    if all(len(row) == 2 for row in rows):
        for place in (0, 1):
            numbered = [(row[place], row[1 - place]) for row in rows]
            if not NUMBER.fullmatch(numbered[0][0]):
                numbered = numbered[1:]
            if numbered and all(NUMBER.fullmatch(number) for number, _ in numbered):
                return in_order([(int(number), name) for number, name in numbered])
    raise ValueError(
        "is no table of class names: expected a name a row, or a number and a name, "
        "like 0,cat"
    )


def in_order(numbered: list[tuple[int, str]]) -> list[str]:
    """The names in the order of their numbers.

    Raises:
      ValueError: the numbers do not count from 0 or from 1.
    """
    found = sorted(numbered, key=lambda pair: pair[0])
    numbers = [number for number, _ in found]
    first = numbers[0] if numbers and numbers[0] == 1 else 0
    for number, wanted in zip(numbers, range(first, first + len(found)), strict=True):
        if number != wanted:
            what = "twice" if number < wanted else "not"
            which = number if number < wanted else wanted
            raise ValueError(f"numbers the classes, and has the number {which} {what}")
    return [name for _, name in found]
