"""A log file that is appended to, truncated, replaced and rotated → its bytes, each of them once.

A file is known by the descriptor that is held open and by the bytes before the offset, never by its inode alone:
a file system may give a new file the inode of the one that was just deleted.
"""

from __future__ import annotations

import errno
import math
import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.sources import Chunk
from app.sources._content import Content
from app.sources._filesystem import NotALogError, is_local, kind_of
from app.sources._left import LeftFiles
from app.sources._life import Life
from app.sources._listing import is_folder, is_pattern, listed, stem
from app.sources._opened import Opened, Plain, Unzipped, identity_of, open_log
from app.sources._siblings import Step, after, oldest

LINGER = 5.0
"""Seconds for which a rotated file is still read: writers keep their descriptor for a while."""
REWRITE = 2.0
"""Seconds to wait for a file that became shorter but begins as before: it may be being written anew."""
SETTLE = 0.3
"""Seconds for which a file that is being written anew is left alone: at first its rest is still that of the old one."""
UNLINKED = 30.0
"""Seconds without growth after which a deleted file is let go."""
BACK_OFF = 1.0
"""Seconds after a disk error before the next try."""
REOPEN = 2.0
"""Seconds between two openings on a network file system: opening is what brings the size up to date (close-to-open)."""
CONFIRM = 1.0
"""Seconds for which a file on a network must have been too short: its size may be wrong for a moment."""
HISTORY = 2 << 30
"""Bytes of rotated siblings, unzipped, that are read."""

_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_SAID = {
    "denied": "may not be read ({})",
    "not_regular": "is no log now ({})",
    "unreadable": "cannot be read ({}); trying again",
}


def claims(spec: str) -> bool:
    """Whatever is not the address of something else is a path."""
    return "://" not in spec


def find(spec: str, specs: Sequence[str]) -> list[tuple[str, str, bool]]:
    """(name, path, came out of a list) of the logs that a file, folder or glob stands for now."""
    if is_pattern(spec) or is_folder(spec):
        return [(name, path, not is_pattern(spec)) for name, path in listed(spec, len(specs) == 1)]
    return [(stem(spec, specs), spec, False)]


def open_source(key: str, rotated: bool = False) -> FileSource:
    """The log at a path, which need not exist yet; `rotated`: its numbered siblings come first."""
    return FileSource(key, rotated=rotated)


def refusal(spec: str) -> str | None:
    """Why an argument can never be a log, in words; None where it can."""
    try:
        mode = Path(spec).stat().st_mode
    except OSError:
        return None  # not there yet, or not ours to see: waited for
    kind = kind_of(mode)
    if kind is None or stat.S_ISDIR(mode):
        return None
    return f"{spec} is not a regular file ({kind}). Use: command | tee train.log"


class FileSource:
    """One log by its path. `poll` and the rest are called from one thread.

    `rotated`: its numbered siblings come first. `local`: whether it lies on a local file system; by default as the
    system says.
    """

    def __init__(
        self,
        path: str,
        *,
        rotated: bool = False,
        local: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._name = Path(path).name  # in notices: viewers see names, not paths
        self._rotated = rotated  # whether the siblings are still to be read
        self._local = local
        self._clock = clock
        self._generation = 0
        self._continues = False
        self._content = Content()
        self._life: Life | None = None
        self._left = LeftFiles()
        self._sibling = False  # the held file is one that the log was before a rotation
        self._history = HISTORY
        self._real = ""  # where the path led when the held file was opened
        self._known_at = 0  # ctime of the held file when it was last seen at the path, ns
        self._remote = False
        self._opened_at = self._retry_at = self._settled_at = 0.0
        self._gap_said = False  # of the row of siblings that is being read
        self._until: int | None = None  # where reading of a file ends that is no longer at the path
        self._behind = 0  # bytes of the next generation that are held back
        self._since: dict[str, float] = {}
        self._state = self._reason = self._told = ""
        self._notices: list[tuple[str, str]] = []

    def poll(self) -> Chunk:
        """The next bytes of the log, at most 256 KiB. Never raises for what a disk can do."""
        hole, data = 0, b""
        if self._clock() >= self._retry_at:
            hole, data = self._look_and_read()
            self._tell_state()
        late, news = self._left.late_lines(self._life.opened.identity if self._life else None)
        if news:
            self._say("late", "was rotated, and the old file is still written to: too late to be shown")
        notices, self._notices = tuple(self._notices), []
        at = self._content.at
        size = max(self._life.size if self._life else 0, at)
        return Chunk(
            data,
            self._generation,
            # What can be read may be waiting, but what cannot must not be asked for without rest.
            more=(at < size or (self._sibling and bool(data)))
            and bool(not self._state or data or hole)
            and self._clock() >= self._settled_at,
            hole=hole,
            continues=self._continues,
            late=late,
            size=size + self._behind,
            changed=self._life.changed if self._life else 0.0,
            state=self._state,
            reason=self._reason,
            notices=notices,
        )

    def read(self, generation: int, start: int, stop: int) -> bytes | None:
        """The bytes start..stop of a generation as they are on disk now; None where they cannot be had."""
        held = self._life and self._life.opened if generation == self._generation else self._left.get(generation)
        if not isinstance(held, Plain):
            return None
        try:
            data = os.pread(held.fd, stop - start, start)
        except OSError:
            return None
        return data if len(data) == stop - start else None

    def local_path(self) -> str:
        """The path, where it lies on a local file system; "" elsewhere."""
        return self.path if is_local(self.path) else ""

    def close(self) -> None:
        """Close all descriptors."""
        self._let_go()
        self._left.close()

    # -- what is at the path? --------------------------------------------------------------------------

    def _look_and_read(self) -> tuple[int, bytes]:
        try:
            self._state, self._reason = self._look()
            return self._next_bytes()
        except NotALogError as other:
            self._state, self._reason = "not_regular", str(other)
        except FileNotFoundError:
            # Gone between the look and the opening: the next look says what became of it.
            self._state, self._reason = "" if self._life else "waiting", ""
        except PermissionError as error:
            self._state, self._reason = "denied", error.strerror or ""
        except OSError as error:
            self._state, self._reason = "unreadable", error.strerror or str(error)
            self._let_go()
            self._retry_at = self._clock() + BACK_OFF
        return 0, b""

    def _look(self) -> tuple[str, str]:
        """Find out what the path names now; (state, reason) where it is no log that can be read."""
        if self._rotated:
            self._open_oldest()
        try:
            found = Path(self.path).stat()
        except OSError as error:
            return self._unseen(error)
        kind = kind_of(found.st_mode)
        if kind:
            self._leave(there=False)
            return "not_regular", kind
        self._since.pop("gone", None)
        if self._life is None:
            self._open()
        elif self._life.opened.identity != identity_of(found):
            self._leave(there=True)
        else:
            self._check(self._life)
        return "", ""

    def _unseen(self, error: OSError) -> tuple[str, str]:
        """The path cannot be looked at. What is held is read on."""
        if isinstance(error, PermissionError):
            if self._life:
                self._life.has_more(None)
            return "denied", error.strerror or ""
        if error.errno not in _NOWHERE:
            raise error
        self._leave(there=False)
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return ("", "") if self._life else ("waiting", "" if missing else error.strerror or "")

    def _open(self) -> None:
        """Open the path; go on where it holds what was read before, else begin a new generation."""
        opened = Plain(self.path)
        if not self._goes_on_in(opened):
            self._say("replaced", "is a new file")
            self._next_generation(continues=False)
        self._hold(opened)
        self._find_place()

    def _check(self, life: Life) -> None:
        """The path names the held file."""
        self._since.pop("left", None)
        self._behind, self._until, self._sibling = 0, None, False
        if self._remote and self._clock() - self._opened_at >= REOPEN:
            self._reopen(life)
        self._compare(life)
        self._find_place()

    def _compare(self, life: Life) -> None:
        """Begin a new generation where the held file has other bytes than those that were read."""
        found = life.look(self._clock(), whole="shrunk" in self._since)
        if found == "shorter":
            patience = REWRITE if self._content.head_in(life.opened.fd) else CONFIRM if self._remote else 0.0
            if self._waited("shrunk", patience):
                self._begin_anew(life, "truncated", "was truncated")
        elif found == "other":
            self._begin_anew(life, "rewritten", "was written anew")
        elif found == "same":
            self._since.pop("shrunk", None)

    def _reopen(self, life: Life) -> None:
        """The same file by a new descriptor; where the path names another one by now, the next look says so."""
        self._opened_at = self._clock()
        opened = Plain(self.path)
        if opened.identity == life.opened.identity:
            life.opened, opened = opened, life.opened
        opened.close()

    def _begin_anew(self, life: Life, kind: str, words: str) -> None:
        """A new generation in the same file, from its first byte."""
        self._say(kind, words)
        self._next_generation(continues=False)
        self._hold(life.opened, sibling=self._sibling)
        self._settled_at = self._opened_at + (SETTLE if kind == "rewritten" else 0.0)

    # -- from one file to the next ---------------------------------------------------------------------

    def _open_oldest(self) -> None:
        """Begin with the oldest of the rotated siblings, as far back as they may be read."""
        path, left_out = oldest(self.path, self._history)
        if left_out:
            self._say("history", f"is more than is read: {left_out} older file(s) are left out")
        if path:
            self._hold(open_log(path), sibling=True)
            self._find_place()
            self._gap_said = True  # numbers that are missing in what is old are no news
        self._rotated = False

    def _leave(self, *, there: bool) -> None:
        """The path names another file than the one that is held, or none: the held one is read to its end first."""
        if self._life and isinstance(self._life.opened, Plain):
            self._compare(self._life)
        life = self._life
        if life is None or (life.size and "shrunk" in self._since):
            return  # it is not clear yet what it holds
        step = self._next_file(life.opened, there=there)
        waited = step is not None and self._waited("left", LINGER)
        if waited and self._until is None and isinstance(life.opened, Plain):
            self._until = life.opened.size(self._content)  # what its writer adds from now on is late
        if not self._history_is_over and life.has_more(self._until):
            self._since.pop("gone", None)
        elif step is not None:
            self._go_over(life.opened, step, waited=waited)
        elif not self._sibling and self._waited("gone", UNLINKED):
            self._say("deleted", "was deleted")
            self._let_go()

    def _next_file(self, held: Opened, *, there: bool) -> Step | None:
        """The file that was written after the held one; None where it is still to come."""
        if os.path.realpath(self.path) != self._real:
            return Step(self.path, "replaced") if there else None  # a link that was switched
        if self._history_is_over:
            step = Step(self._real, "rotated")
        else:
            step = after(self._real, held, self._known_at, self._left.identities())
        return step if there or step.path != self._real else None

    def _go_over(self, held: Opened, step: Step, *, waited: bool) -> None:
        """Open the next file: go on there where it begins with what was read, else begin a new generation."""
        opened = open_log(step.path)
        try:
            same = self._goes_on_in(opened)
            self._behind = 0 if same else opened.stat().st_size
            # The old file may still be written to: the new one comes after it, in every worker.
            due = (same or waited) and self._is_next(held, opened, step)
        except OSError:
            opened.close()
            raise
        if not due:
            opened.close()
            return
        if same:
            held.close()
        else:
            self._leave_behind(held, step)
        self._hold(opened, sibling=step.path not in (self.path, self._real))
        self._find_place()

    def _is_next(self, held: Opened, opened: Opened, step: Step) -> bool:
        """Whether what was opened is the next file: another rotation may have come in between."""
        there = identity_of(Path(step.path).stat()) == opened.identity
        return there and self._next_file(held, there=True) == step

    def _leave_behind(self, held: Opened, step: Step) -> None:
        if isinstance(held, Plain):
            self._left.add(self._generation, held, self._content.at)
        else:
            held.close()
        self._gap_said = self._gap_said and self._sibling
        if step.gap and not self._gap_said:
            self._gap_said = True
            self._say("gap", "was rotated more than once: a file in between may be missing")
        if not self._sibling:
            self._say(step.kind, "was rotated" if step.kind == "rotated" else "was replaced by another file")
        self._next_generation(continues=step.kind == "rotated")

    # -- bytes and descriptors -------------------------------------------------------------------------

    def _next_bytes(self) -> tuple[int, bytes]:
        life = self._life
        if life is None or self._clock() < self._settled_at:
            return 0, b""
        due = life.size > self._content.at
        hole, data = life.next_bytes()
        if self._sibling and due:
            self._spend(life.opened, hole + len(data))
        return hole, data

    def _spend(self, held: Opened, size: int) -> None:
        """Count what is read of siblings: a small file may unzip to more than a disk holds."""
        self._history -= size
        if self._history_is_over:
            self._say("history", "is more than is read: the rest of its history is left out")
        if isinstance(held, Unzipped) and held.fault:
            self._say("history", f"has an older file that cannot be unzipped: {held.fault}")

    @property
    def _history_is_over(self) -> bool:
        return self._sibling and self._history <= 0

    def _goes_on_in(self, opened: Opened) -> bool:
        """Whether a file begins with the bytes that were read. Before the first one any file does."""
        try:
            return not self._content.at or self._content.begins(opened.fd)
        except OSError:
            opened.close()
            raise

    def _hold(self, opened: Opened, *, sibling: bool = False) -> None:
        self._opened_at = self._clock()
        self._life, self._sibling = Life(opened, self._content, self._opened_at), sibling
        self._remote = not (is_local(self.path) if self._local is None else self._local)
        self._behind, self._until, self._settled_at = 0, None, 0.0
        self._since.clear()
        if sibling and time.time() - self._life.changed > LINGER:
            self._since["left"] = -math.inf  # nobody writes to it any more

    def _find_place(self) -> None:
        """The held file is what the path leads to, or was before a rotation: its siblings are those of this place."""
        self._real = os.path.realpath(self.path)
        self._known_at = self._life.ctime if self._life else 0

    def _next_generation(self, *, continues: bool) -> None:
        self._generation += 1
        self._continues = continues
        self._content = Content()

    def _let_go(self) -> None:
        if self._life:
            self._life.opened.close()
        self._life = None
        self._since.clear()

    # -- words and waiting -----------------------------------------------------------------------------

    def _say(self, kind: str, words: str) -> None:
        self._notices.append((kind, f"{self._name} {words}"))

    def _tell_state(self) -> None:
        """Say once per episode that the log cannot be read."""
        if self._state in _SAID and self._state != self._told:
            self._say(self._state, _SAID[self._state].format(self._reason))
        self._told = self._state

    def _waited(self, what: str, seconds: float) -> bool:
        now = self._clock()
        return now - self._since.setdefault(what, now) >= seconds
