"""One file that is held open, and the bytes that were read of it: are they still its bytes, and what follows them?"""

from __future__ import annotations

import os

from app.sources._content import Content
from app.sources._filesystem import NotALogError
from app.sources._opened import Opened, Plain

RECHECK = 5.0
"""Seconds after which the bytes are compared though nothing seems to have changed: clocks and file systems lie."""
SAME_SIZE = 64 << 20
"""Bytes up to which a file that was written to without growing is compared whole."""

_GZIP = b"\x1f\x8b"


class Life:
    """As much as is known of a file. What it is read of may have been read of another one that began alike."""

    def __init__(self, opened: Opened, content: Content, now: float) -> None:
        found = opened.stat()
        self.opened = opened
        self.content = content
        self.size = opened.size(content)
        self.changed = found.st_mtime
        self.ctime = found.st_ctime_ns
        self._seen: tuple[int, int, int] | None = _facts(found)  # at the last look; None: compare all bytes
        self._checked_at = now
        self._compressed = False
        self._empty_at = -1  # the size with which nothing followed: the file ends in a hole

    def look(self, now: float, *, whole: bool) -> str:
        """Compare it with what was read: same, other, shorter or empty. `whole`: compare all bytes."""
        found = self.opened.stat()
        self.size, self.changed, self.ctime = found.st_size, found.st_mtime, found.st_ctime_ns
        if self.size < self.content.at:
            return self._shorter()
        seen, before = _facts(found), self._seen
        if seen == before and not whole and now - self._checked_at < RECHECK:
            return "same"
        self._seen, self._checked_at = seen, now
        if seen != before:
            self._empty_at = -1
        # A file that was written to without growing was written to in its middle.
        inside = before is not None and seen[0] == before[0] <= SAME_SIZE and seen[1] != before[1]
        compare = self.content.begins if whole or before is None or inside else self.content.ends_in
        return "same" if compare(self.opened.fd) else "other"

    def _shorter(self) -> str:
        """There are fewer bytes than were read: it was truncated, or is being written anew, or the size is wrong."""
        if self.content.anchor_in(self.opened.fd):
            self.size = self.content.at  # a network file system says too little for a moment
            return "same"
        self._seen = None
        return "shorter" if self.size else "empty"

    def has_more(self, until: int | None) -> bool:
        """Whether bytes before that offset are still to be read, of a file that is not looked at any more."""
        size = self.opened.size(self.content)
        size = size if until is None else min(size, until)
        more = self.content.at < size != self._empty_at and not self._compressed
        self.size = size if more else self.content.at
        return more

    def next_bytes(self) -> tuple[int, bytes]:
        """What follows the bytes that were read, as `past_hole`; nothing where they were overwritten since the look.

        Raises:
            NotALogError: it begins as a compressed file.
        """
        if self.size <= self.content.at:
            return 0, b""
        found = self.opened.after(self.content)
        if found is None:
            self._seen = None  # so that the next look compares all of it
            return 0, b""
        hole, data = found
        if isinstance(self.opened, Plain):
            data = data[: self.size - self.content.at]  # what came since the look comes next time
        if not hole and not data:
            self._empty_at, self.size = self.size, self.content.at
        self._compressed = not self.content.at and data.startswith(_GZIP)
        if self._compressed:
            self.size = 0
            raise NotALogError("compressed")
        self.content.take(hole, data)
        return hole, data


def _facts(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
