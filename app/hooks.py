"""The user's own `parse(line)`: what it gives becomes Fields, and what is wrong with it is said once per cause."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from app.loading import line_of, load_file, where, words
from app.names import role_of
from app.rows import Fields, read_number

ACCEPTED = ("parse", "plot", "parser")
MOST_CAUSES = 20
"""Causes that are told apart; a hook that finds new ones without end must not fill the memory."""

log = logging.getLogger("tailplot")


class Faults:
    """What is wrong with the user's hook: each cause once in the server's log, and once for each run that meets it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """How often, by the sentence that says the cause."""
        self._sentences: dict[Hashable, str] = {}
        self._standing: tuple[str, ...] = ()
        self._met: dict[str, None] = {}

    def add(self, cause: Hashable, sentence: str) -> None:
        """Count a fault; the first sentence of a cause stands for all."""
        if cause not in self._sentences:
            if len(self._sentences) >= MOST_CAUSES:
                return
            self._sentences[cause] = sentence
            log.warning("%s", ascii(sentence)[1:-1])
        sentence = self._sentences[cause]
        self.counts[sentence] += 1
        self._met[sentence] = None

    def stand(self, sentence: str) -> None:
        """Say what holds for every run, from its start."""
        self._standing += (sentence,)
        log.warning("%s", ascii(sentence)[1:-1])

    def take(self) -> list[str]:
        """The sentences of what was met since the last call, and those that always hold."""
        if not self._met:
            return list(self._standing)
        met, self._met = self._met, {}
        return [*self._standing, *met]


class Hook:
    """`parse` of a hooks file as a format: text → Fields, or None where the built-in formats are to read the line.

    It must be a pure function of the line: the same log gives the same points in every worker, after every restart.
    Never raises: what `parse` raises is a fault, and the line goes to the built-in formats.
    """

    def __init__(self, path: str, parse: Callable[[str], Any], faults: Faults) -> None:
        self._path = path
        self._name = Path(path).name  # in sentences: viewers see names, not paths
        self._parse = parse
        self._faults = faults

    def __call__(self, text: str) -> Fields | None:
        """What `parse` says of the line."""
        try:
            given = self._parse(text)
            if given is None:
                return None
            if isinstance(given, Mapping):
                return self._fields(given)
        except (Exception, SystemExit) as error:
            line = line_of(self._path, error.__traceback__)
            said = f"{where(self._name, line)}{words(error)}; such lines are read as if there were no parse"
            self._faults.add((type(error), line), said)
            return None
        kind = type(given).__name__
        said = f"{self._name}: parse gave {_a(kind)}, not a dict or None; such lines are read as if there were no parse"
        self._faults.add(("given", kind), said)
        return None

    def _fields(self, given: Mapping[Any, Any]) -> Fields:
        fields: Fields = {}
        for name, value in given.items():
            if not isinstance(name, str) or name.startswith("@"):  # formats tell the fold of context by an @
                said = f"{self._name}: parse gave a name that is no text or begins with @; it is left out"
                self._faults.add("name", said)
                continue
            number = _number(name, value)
            if number is None:
                self._leave_out(name, value)
            else:
                fields[str(name)] = number
        return fields

    def _leave_out(self, name: str, value: object) -> None:
        kind = "text" if isinstance(value, str) else _a(type(value).__name__)
        said = f"{self._name}: parse gave {kind} for {name[:40]!r}, which is no number; it is left out"
        self._faults.add(("value", kind), said)


def hook_from(path: str, faults: Faults) -> Hook | None:
    """The hook of a file; None where the file has no `parse` but another of the accepted functions.

    Raises:
        ValueError: it cannot be loaded, or has none of them: which file, which error and line, what is accepted.
    """
    accepted = "accepted is a Python file with parse(line), plot(metrics) or parser(log_file)"
    try:
        module = load_file(path, "tailplot_hooks")
    except ValueError as error:
        raise ValueError(f"hooks cannot be loaded: {error}; {accepted}") from None
    if not any(callable(getattr(module, name, None)) for name in ACCEPTED):
        raise ValueError(f"hooks has none of the functions {', '.join(ACCEPTED)}: {path}; {accepted}")
    parse = getattr(module, "parse", None)
    return Hook(path, parse, faults) if callable(parse) else None


def _number(name: str, value: Any) -> float | str | None:
    """The number that a value is; the text of a time as it is; None for all else. Raises what `__float__` raises."""
    if isinstance(value, str):
        number = read_number(value.strip())
        return str(value) if number is None and role_of(name) == "time" else number
    if type(value).__name__ in ("bool", "bool_") or not hasattr(value, "__float__"):  # numpy has bools of its own
        return None
    return float(value)


def _a(kind: str) -> str:
    return "None" if kind == "NoneType" else f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
