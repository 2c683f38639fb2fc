"""Line → Fields: asks the formats one after the other, and remembers which line shape each of them took.

A format is one file here with
  ORDER    specific formats first: a small number is asked before a large one
  SAMPLES  [(line, Fields or None)]: what it makes of real lines, None for a line that is not its own
  parser() → callable(text) -> Fields | None, new for each generation of a log: it may keep a header, nothing else
A parser that looks at the line before has `passed_over()`: another format took the line, it was not asked.
`{}` says "my line, but no metrics in it" (a header, a rule); None says "not mine". A line of several records is no
format's own: its records are asked for one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from types import ModuleType

from app.glued import records_in
from app.loading import modules_in
from app.rows import Fields

Parse = Callable[[str], Fields | None]

LONGEST = 64 * 1024
"""Characters of a line that any format reads: the csv module raises on a cell of 128 KiB."""
MOST_SHAPES = 1024
_LONGEST_SHAPE = 160
_CONTEXT = ("@", "")
_NO_DIGITS = {ord(digit): None for digit in "0123456789"}


@cache
def formats() -> tuple[ModuleType, ...]:
    """The format modules, in the order in which they are asked."""
    return tuple(sorted(modules_in(__name__), key=lambda module: (module.ORDER, module.__name__)))


def shape_of(text: str) -> str:
    """What lines of one kind have in common: the text without its digits."""
    return text[:_LONGEST_SHAPE].translate(_NO_DIGITS)


class Parser:
    """Reads the lines of one generation of a log, in order.

    The format that took a line is asked first for the next line of that shape, so what a line becomes depends on
    the lines before it and on nothing else.
    """

    def __init__(self, first: Iterable[tuple[str, Parse]] = ()) -> None:
        """`first`: (name, parse) of the user's own, asked before the formats for every line."""
        self._own = tuple(first)
        self._parsers: list[tuple[str, Parse]] = [
            (module.__name__.rpartition(".")[2], module.parser()) for module in formats()
        ]
        self._watching = [(parse, parse.passed_over) for _, parse in self._parsers if hasattr(parse, "passed_over")]
        self._winners: dict[str, tuple[str, Parse]] = {}
        self.taken: Counter[str] = Counter()
        """Lines with metrics by the format that took them."""
        self.took = ""
        """The format that took the last line; "" for none."""
        self.further: Sequence[Fields] = ()
        """What the other records of the last line say, where several writers share it."""

    def __call__(self, text: str) -> Fields | None:
        """What the line says; None where no format knows it."""
        self.took, self.further = "", ()
        if len(text) > LONGEST:
            return None
        for name, parse in self._own:
            fields = parse(text)
            if fields is not None:
                self._count(name, fields)
                return fields
        fields = self._read(text)
        if fields is not None:
            return fields
        records = records_in(text)
        said = [fields for record in records if (fields := self._read(record)) is not None] if len(records) > 1 else []
        self.further = said[1:]
        return said[0] if said else None

    def _read(self, text: str) -> Fields | None:
        shape = shape_of(text)
        winner = self._winners.get(shape)
        if winner:
            fields = winner[1](text)
            if fields is not None:
                self._take(*winner, fields)
                return fields
        return self._ask_all(text, shape)

    @property
    def format(self) -> str:
        """The format that took most of the lines so far; "" before the first."""
        return self.taken.most_common(1)[0][0] if self.taken else ""

    def _count(self, name: str, fields: Fields) -> None:
        self.took = name
        self.taken[name] += _says_more(fields)

    def _take(self, name: str, parse: Parse, fields: Fields) -> None:
        self._count(name, fields)
        for other, passed_over in self._watching:
            if other is not parse:
                passed_over()

    def _ask_all(self, text: str, shape: str) -> Fields | None:
        for name, parse in self._parsers:
            fields = parse(text)
            if fields is not None:
                if len(self._winners) < MOST_SHAPES or shape in self._winners:
                    self._winners[shape] = (name, parse)
                self._take(name, parse, fields)
                return fields
        return None


def _says_more(fields: Fields) -> bool:
    """Whether there is more in it than context."""
    return any(name[:1] not in _CONTEXT for name in fields)
