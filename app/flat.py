"""A JSON object → the names and values in it, nested names joined by "/"."""

from __future__ import annotations

from collections.abc import Iterator

DEEPEST = 4


def flatten(record: dict[str, object], longest_list: int = 0) -> Iterator[tuple[str, float | str]]:
    """The numbers and words of an object and of the objects in it, at most 4 deep; no bools, no nulls.

    Of the lists, those of up to `longest_list` numbers: one alone under the list's name, several as name/0, name/1 …
    """
    return _flat(record, "", 1, longest_list)


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; `true` is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """The value as a float; a whole number too large for one becomes infinite, as `1e400` does."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _flat(record: dict[str, object], prefix: str, depth: int, longest: int) -> Iterator[tuple[str, float | str]]:
    for name, value in record.items():
        if isinstance(value, dict):
            if depth < DEEPEST:
                yield from _flat(value, f"{prefix}{name}/", depth + 1, longest)
        elif isinstance(value, list):
            yield from _listed(value, prefix + name, longest)
        elif isinstance(value, str):
            yield prefix + name, value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, as_float(value)


def _listed(values: list[float], name: str, longest: int) -> Iterator[tuple[str, float]]:
    if 0 < len(values) <= longest and all(map(is_number, values)):
        if len(values) == 1:
            yield name, as_float(values[0])
        else:
            yield from ((f"{name}/{index}", as_float(value)) for index, value in enumerate(values))
