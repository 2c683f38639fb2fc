"""The records in a JSON value: what the documents that trainers write mean by rows. Pure.

trainer_state.json, catboost_training.json, a list of records, a Keras History.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.flat import DEEPEST, as_float, flatten, is_number
from app.names import COUNTS, role_of
from app.rows import Fields

LONGEST_LIST = 8
"""Numbers in a list that is one value of a record, such as the losses of a few test sets."""

Table = tuple[str, list[Fields]]


def records(value: object) -> list[Fields]:
    """The records in a JSON value, in order; [] where there are none.

    They are the objects of its longest list of objects; with several lists that share a name, those of each, named
    after it. Where lists of numbers are longer, these are columns, counted as epochs.
    """
    lists = list(_lists(value, "", 1))
    tables = list(_tables(lists))
    longest = max((table for _, table in tables), key=len, default=[])
    curves = {name: values for name, values in lists if name and _is_curve(values)}
    if max(map(len, curves.values()), default=0) > len(longest) and (rows := _rows(curves, value)):
        return rows
    names = _names(longest)
    similar = [(name, table) for name, table in tables if numbered(table) > 1 and names & _names(table)]
    if len(similar) < 2:
        return longest
    return [_prefixed(fields, name) for name, table in similar for fields in table]


def _lists(value: object, name: str, depth: int) -> Iterator[tuple[str, list[object]]]:
    """Every list that is not inside another, with the names on the way to it."""
    if isinstance(value, list):
        yield name, value
    elif isinstance(value, dict) and depth <= DEEPEST:
        for key, inner in value.items():
            yield from _lists(inner, f"{name}/{key}" if name else key, depth + 1)


def _tables(lists: list[tuple[str, list[object]]]) -> Iterator[Table]:
    for name, values in lists:
        table = [fields_of(value) for value in values if isinstance(value, dict)]
        if len(table) == len(values) and numbered(table):
            yield name, table


def fields_of(record: dict[str, object]) -> Fields:
    """What a record says; a name that begins as our own keys do is not read."""
    return {name: value for name, value in flatten(record, LONGEST_LIST) if name[:1] != "@"}


def numbered(table: list[Fields]) -> int:
    """How many of the records have numbers in them."""
    return sum(any(isinstance(value, float) for value in fields.values()) for fields in table)


def _names(table: list[Fields]) -> set[str]:
    return {name for fields in table for name, value in fields.items() if isinstance(value, float)}


def _prefixed(fields: Fields, prefix: str) -> Fields:
    return {_joined(prefix, name): value for name, value in fields.items()}


def _joined(prefix: str, name: str) -> str:
    """The name after the prefix; one that means step or epoch means it only alone."""
    return f"{prefix}/{name}" if prefix and role_of(name) not in COUNTS else name


def is_document(value: object) -> bool:
    """Whether the value of a whole first line is a document, and no JSON line."""
    if not isinstance(value, dict):
        return True
    lists = [values for _, values in _lists(value, "", 1)]
    objects = any(len(values) > 1 and all(isinstance(inner, dict) for inner in values) for values in lists)
    return objects or (not dict(flatten(value)) and all(map(_is_curve, lists)))


def _is_curve(values: list[object]) -> bool:
    numbers = [value for value in values if value is not None]
    return len(values) > 1 and len(numbers) > 0 and all(map(is_number, numbers))


def _rows(curves: dict[str, list[object]], value: object) -> list[Fields]:
    """One record for each index of the columns: of the longest ones, and of all that no vector is as long as."""
    longest = max(map(len, curves.values()))
    columns = {
        _joined(*_parted(name)): values
        for name, values in curves.items()
        if len(values) == longest or len(values) > LONGEST_LIST
    }
    if longest <= LONGEST_LIST and isinstance(value, dict) and len(dict(flatten(value))) > len(columns):
        return []  # settings, some of which are short lists
    rows: list[Fields] = [{} for _ in range(longest)]
    if not any(role_of(name) in COUNTS for name in columns):
        counter = "epoch" if len(set(map(len, columns.values()))) == 1 else "step"
        rows = [{counter: index + 1.0} for index in range(longest)]
    for name, values in columns.items():
        for row, number in zip(rows, values, strict=False):
            if isinstance(number, (int, float)):
                row[name] = as_float(number)
    return rows


def _parted(name: str) -> tuple[str, str]:
    prefix, _, last = name.rpartition("/")
    return prefix, last
