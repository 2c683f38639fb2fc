"""Faults that a test cannot have for real: a file system that lies and fails, for one path; a wall clock that is set.

Python loads this by itself where its folder is on PYTHONPATH; gunicorn's master does too, so nothing but the standard
library is imported. FAULTS names a JSON file, which is read again whenever it changes:

  path        the file that is concerned, spelt as the program spells it
  size_lag_s  stat and fstat give the size of so many seconds ago, as far as it was ever asked for
  short_by    stat and fstat give a size so many bytes too small
  errno       open, stat, fstat and pread fail, with "ESTALE" for example
  sleep_s     pread takes so long
  calls       which of open, stat, fstat, pread are concerned, instead of those above
  for_s       seconds after which all is well again
  times       how many calls of each kind are concerned
  leak_bytes  each pread keeps so many bytes for good: for who must see that memory grows
  leak_fds    each open opens so many descriptors more, for good
  clock_s     time.time and time.time_ns say so many seconds more (fewer: below 0), whatever the path. Monotonic
              clocks and the times of files are the real ones
  constants   {"app.sources.file": {"LINGER": 0.3}}: set when that module is imported, so at the start only

Every call for the path adds its name, the thread and what was done to it ("ESTALE", or "-") as a line to FAULTS.calls.
"""

import errno
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from threading import get_native_id
from time import monotonic, sleep  # before gevent replaces them: a hung disk does not yield
from typing import Any

FILE = os.environ.get("FAULTS", "")
USUAL = {
    "size_lag_s": ("stat", "fstat"),
    "short_by": ("stat", "fstat"),
    "errno": ("open", "stat", "fstat", "pread"),
    "sleep_s": ("pread",),
    "leak_bytes": ("pread",),
    "leak_fds": ("open",),
}
open_, stat, fstat = os.open, os.stat, os.fstat


class Faults:
    """What is to go wrong now, and what has gone wrong so far."""

    def __init__(self) -> None:
        self.read_from: tuple[int, int] = (0, 0)
        self.given: dict[str, Any] = {}
        self.since = 0.0
        self.done: Counter[str] = Counter()
        self.paths: dict[int, str] = {}  # of all files opened so far, by descriptor
        self.sizes: deque[tuple[float, int]] = deque(maxlen=10_000)
        self.leaked: list[Any] = []

    def refresh(self) -> None:
        """Reads the file again where it is another one."""
        found = stat(FILE)
        if self.read_from != (found.st_ino, found.st_mtime_ns):
            self.read_from = (found.st_ino, found.st_mtime_ns)
            with open(FILE) as file:  # noqa: PTH123 (pathlib is slow to import)
                self.given = json.load(file)
            self.since = monotonic()
            self.done.clear()
            self.sizes.clear()

    def strike(self, call: str) -> dict[str, Any]:
        """The faults that this call of ours meets."""
        given = self.given
        over = monotonic() - self.since > given.get("for_s", 1e9) or self.done[call] >= given.get("times", 1e9)
        names = [name for name in USUAL if name in given and call in given.get("calls", USUAL[name])]
        if over or not names:
            self.note(call, "-")
            return {}
        self.done[call] += 1
        self.note(call, given.get("errno", names[0]))
        return {name: given[name] for name in names}

    def note(self, call: str, what: str) -> None:
        """Adds a line to the record."""
        record = open_(FILE + ".calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.write(record, f"{call} {get_native_id()} {what}\n".encode())
        os.close(record)

    def size(self, real: int, met: dict[str, Any]) -> int:
        """The size that is told."""
        now = monotonic()
        self.sizes.append((now, real))
        if "size_lag_s" in met:
            while len(self.sizes) > 1 and self.sizes[1][0] <= now - met["size_lag_s"]:
                self.sizes.popleft()
            real = self.sizes[0][1]
        return max(0, real - met.get("short_by", 0))


def faulty(faults: Faults, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """One of the four calls, with the faults that are asked for."""

    def wrapped(subject: Any, *args: Any, **kwargs: Any) -> Any:
        faults.refresh()
        path = faults.paths.get(subject) if call in ("fstat", "pread") else str(subject)
        ours = path == faults.given.get("path")
        met = faults.strike(call) if ours else {}
        if "sleep_s" in met:
            sleep(met["sleep_s"])
        if "errno" in met:
            number = getattr(errno, met["errno"])
            raise OSError(number, os.strerror(number), path)
        result = real(subject, *args, **kwargs)
        if call == "open":
            faults.paths[result] = str(path)
            faults.leaked += [os.dup(result) for _ in range(met.get("leak_fds", 0))]
        if "leak_bytes" in met:
            faults.leaked.append(b"x" * met["leak_bytes"])
        return resized(result, faults.size(result.st_size, met)) if ours and call in ("stat", "fstat") else result

    for listed in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        if real in listed:
            listed.add(wrapped)
    return wrapped


def resized(found: os.stat_result, size: int) -> os.stat_result:
    """The same, with another size."""
    kind, (fields, rest) = found.__reduce__()
    return kind((*fields[:6], size, *fields[7:]), rest)


def set_clock(faults: Faults, real: Callable[[], Any], per_second: int) -> Callable[[], Any]:
    """A wall clock that counts so many units a second, as far off as is asked for."""

    def wrapped() -> Any:
        faults.refresh()
        return real() + faults.given.get("clock_s", 0) * per_second

    return wrapped


class Constants:
    """Finds the modules whose constants are asked for, and sets these as soon as a module has been run."""

    def __init__(self, constants: dict[str, dict[str, Any]]) -> None:
        self.constants = constants

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self.constants else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_set(module: Any) -> None:
            run(module)
            for constant, value in self.constants[name].items():
                getattr(module, constant)  # a test must not go on with a name that is no longer there
                setattr(module, constant, value)

        spec.loader.exec_module = run_and_set
        return spec


if FILE:
    _faults = Faults()
    _faults.refresh()
    sys.meta_path.insert(0, Constants(_faults.given.get("constants", {})))
    for _name in ("open", "stat", "fstat", "pread"):
        setattr(os, _name, faulty(_faults, _name, getattr(os, _name)))
    time.time, time.time_ns = set_clock(_faults, time.time, 1), set_clock(_faults, time.time_ns, 10**9)
