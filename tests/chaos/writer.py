"""The training job of a chaos run, and the logrotate beside it: a process that is told what to do to the log.

    python -m tests.chaos.writer --folder DIR --seed N --rate 200 [--linked]

One JSON command a line on stdin (`{"do": "rotate", "stale_s": 2}`), one JSON answer a line on stdout; between commands
it writes at its rate. It holds descriptors of its own, so one that a rotation left behind is a real one. What it has
done goes to DIR/journal.jsonl, from which `oracle.py` tells what a viewer must have. A `life` is one content of one
file, from its first byte on; the `g` of a line is the life that it stands in.
"""

import argparse
import json
import os
import random
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.chaos.truth import loss_of

NAME = "train.log"
KEEP = 30
"""Rotated files that stay."""
BLOCK = 4096
TICK = 0.02
LARGEST = 4 << 20
"""Bytes up to which a log is written anew at its full length."""
CHATTER = (
    b"saving a checkpoint, please wait\n",
    b"INFO all is well \xc3\x28 here\n",
    "épreuve à côté\n".encode(),
    b"\n",
    b"\r\n",
    b"x" * 3000 + b"\n",
    b"\0" * 700 + b"\n",
    b"\xc3\xff\xfe\n",  # a log that began with FF FE would be one of UTF-16
)
BACK, SECTION = 200, 1000
"""The step of `wave` goes back by so many, each so many lines."""

Command = dict[str, Any]
Point = tuple[str, int]


class Text:
    """The lines of the log: each number once, in many spellings."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.k = 0
        self.wave = 0

    def line(self, life: int) -> tuple[bytes, list[Point]]:
        """One line with numbers and what stands around it; the points that it is."""
        chance = self._chance.random()
        around = self._chatter()
        if self._chance.random() < 0.1:
            wave, self.wave = self.wave, self.wave + 1
            step = wave - BACK * (wave // SECTION)
            return around + b"step=%d wave=%d\n" % (step, wave), [("wave", wave)]
        k, self.k = self.k, self.k + 1
        return around + _spelt(k, life, chance), [("loss", k)]

    def _chatter(self) -> bytes:
        if self._chance.random() < 0.00005:
            return b"y" * (2 << 20) + b"\n"
        return self._chance.choice(CHATTER) if self._chance.random() < 0.2 else b""


def _spelt(k: int, life: int, chance: float) -> bytes:
    loss = b"%.9g" % loss_of(k)
    plain = b"step=%d loss=%s g=%d" % (k, loss, life)
    if chance < 0.05:
        return plain + b"\r\n"
    if chance < 0.10:
        return plain + b"\r" + plain + b"\r" + plain + b"\n"
    if chance < 0.15:
        return b'{"step": %d, "loss": %s, "g": %d}\n' % (k, loss.replace(b"nan", b"NaN"), life)
    if chance < 0.17:
        return plain + b" \xff\xfe\xfd\n"
    if chance < 0.18:
        return b"\0" * (1 + k % 9000) + plain + b"\n"
    return plain + b"\n"


class Pen:
    """A descriptor that a trainer keeps, the life it writes to, and what it has not written yet."""

    def __init__(self, path: Path, life: int, mode: str) -> None:
        self.life, self.mode = life, mode
        self.waiting = bytearray()
        self._points: deque[tuple[int, Point]] = deque()  # with where they end, in bytes of this pen's text
        self._put = self._written = 0
        self.fd = _opened(path, mode)

    def over_to(self, path: Path, life: int, mode: str) -> None:
        """Closes its file and opens another, or the same again; what it has not written goes there."""
        os.close(self.fd)
        self.fd = _opened(path, mode)
        self.life, self.mode = life, mode

    def add(self, text: bytes, points: list[Point]) -> None:
        """Text to be written."""
        self.waiting += text
        self._put += len(text)
        self._points.extend((self._put, point) for point in points)

    def write(self, size: int) -> dict[str, Any]:
        """Writes so many bytes; what the journal is to say of it."""
        while size:
            done = os.write(self.fd, self.waiting[:size])
            del self.waiting[:done]
            self._written += done
            size -= done
        whole = []
        while self._points and self._points[0][0] <= self._written:
            whole.append(self._points.popleft()[1])
        end = os.lseek(self.fd, 0, os.SEEK_CUR)
        return {"wrote": self.life, "to": end} | {
            series: list(_ranges(k for name, k in whole if name == series)) for series in ("loss", "wave")
        }


def _opened(path: Path, mode: str) -> int:
    """A descriptor at the end of a file, which is made where there is none."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | (0 if mode == "plain" else os.O_APPEND), 0o644)
    os.lseek(fd, 0, os.SEEK_END)
    return fd


def _ranges(numbers: Iterator[int]) -> Iterator[list[int]]:
    """[first, last + 1] of each row of numbers that follow each other."""
    row: list[int] = []
    for number in numbers:
        if row and row[1] == number:
            row[1] += 1
            continue
        if row:
            yield row
        row = [number, number + 1]
    if row:
        yield row


class Writer:
    """The log and those who write to it."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        rate: float,
        *,
        linked: bool = False,
        rotated: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder`: the log is DIR/runs/train.log, a link to train-N.log where `linked`."""
        self._clock = clock
        self.folder = folder / "runs"
        self.folder.mkdir()
        self.path = self.folder / NAME
        self._journal = (folder / "journal.jsonl").open("a")
        self._text = Text(seed)
        self._rate, self._linked, self._rotated = rate, linked, rotated
        self.life = self._links = 0
        self._lives: dict[str, int] = {}
        """The life of each rotated file that is still there."""
        self.other: Pen | None = None
        """What writes to the new file while the first pen still has the old one."""
        self._moving_at: float | None = None  # when the pen goes over to the file at the path
        self._switching = False
        self._back: tuple[float, Callable[[], object]] | None = None
        self._torn_until = self._settled_at = 0.0
        self._paused = True
        self._due, self._ticked = 0.0, self._clock()
        if linked:
            self._point_link()
        self._begin("start")
        self.pen = Pen(self.real(), self.life, "append")

    def close(self) -> None:
        """Lets go of all files."""
        for pen in (self.pen, self.other):
            if pen:
                os.close(pen.fd)
        self._journal.close()

    # -- what happens by itself ------------------------------------------------------------------------

    def tick(self) -> None:
        """What is due now: lines, the way back of what was moved, the way over to the new file."""
        now = self._clock()
        if self._back and now >= self._back[0]:
            self._back[1]()
            self._back = None
        if self._moving_at is not None and now >= self._moving_at:
            self._go_over()
        elapsed, self._ticked = now - self._ticked, now
        if self._paused or now < self._torn_until:
            return
        self._due += elapsed * self._rate
        lines, self._due = int(self._due), self._due % 1
        if lines:
            self._write(lines)

    def _write(self, lines: int) -> None:
        while lines > 0:
            batch = min(lines, 100)
            lines -= batch
            pen = self.other if self.other and self._text.k % 3 == 0 else self.pen
            for _ in range(batch):
                pen.add(*self._text.line(pen.life))
            if pen.mode == "block":
                self._say(pen.write(len(pen.waiting) - len(pen.waiting) % BLOCK))
            elif pen.mode == "reopen" and pen is self.pen:
                self._reopened("reopen")
            else:
                self._say(pen.write(len(pen.waiting)))

    def _flush(self, pen: Pen | None = None) -> None:
        """No line is half written now."""
        pen = pen or self.pen
        self._torn_until = 0.0
        if pen.waiting:
            self._say(pen.write(len(pen.waiting)))

    def _reopened(self, mode: str) -> None:
        """The log is closed and opened again, at the path."""
        if self.pen.mode != "reopen" or mode != "reopen":
            self._flush()
        self.pen.over_to(self.real(), self.life, mode)
        self._flush()

    def _go_over(self) -> None:
        """The trainer lets go of the file that was moved away, and opens the log anew."""
        self._flush()
        os.close(self.pen.fd)
        self.pen = self.other or Pen(self.real(), self.life, self.pen.mode)
        self.other = None
        self._moving_at = None
        self._switching = False

    # -- commands --------------------------------------------------------------------------------------

    def do(self, command: Command) -> Command:
        """Does what is asked for. `{"ok": false, "why": …}` where it makes no sense now."""
        what = command.pop("do")
        if what in NAMES_CHANGE and (why := self._busy(what)):
            return {"ok": False, "why": why}
        answer = getattr(self, f"do_{what}")(**command)
        return {"ok": True} | (answer or {})

    def _busy(self, what: str) -> str:
        if self._back:
            return "something is away"
        if self._clock() < self._settled_at:
            return "the link was switched just now"
        again = what == "rotate" and not self._switching and self.real().exists()
        if self._moving_at is not None and not again:
            return "the old file is still being written to"
        return ""

    def do_pause(self) -> None:
        """Writes nothing by itself."""
        self._paused = True
        self._flush()
        if self.other:
            self._flush(self.other)

    def do_resume(self) -> None:
        """Writes at its rate."""
        self._paused, self._due = False, 0.0

    def do_status(self) -> Command:
        """Where it is: next numbers, life at the path, size there (None while nothing is)."""
        try:
            size: int | None = self.path.stat().st_size
        except OSError:
            size = None
        stale = self._moving_at is not None
        return {
            "k": self._text.k,
            "life": self.life,
            "size": size,
            "busy": bool(self._back) or stale,
            "at": self._clock(),
        }

    def do_note(self, record: Command) -> None:
        """Something that somebody else did, for the journal. What can be read now is added to a start."""
        if "started" in record:
            siblings = list(self._lives.values()) if self._rotated else []
            record = record | {"visible": [*siblings, self.life]}
        self._say(record)

    def do_write(self, lines: int) -> Command | None:
        """A burst."""
        if self._clock() < self._torn_until:
            return {"ok": False, "why": "half a line waits for its end"}
        self._write(lines)
        return None

    def do_sentinel(self) -> Command:
        """One last line, whose number is told; from now on nothing is written."""
        self.do_pause()
        k = self._text.k + (self._text.k % 97 == 0)
        self._text.k = k + 1
        self.pen.add(_spelt(k, self.pen.life, 1.0), [("loss", k)])
        self._flush()
        return {"k": k}

    def do_mode(self, mode: str) -> None:
        """How it writes from now on: append, plain, reopen, block."""
        self._reopened(mode)

    def do_tear(self, for_s: float) -> None:
        """The beginning of a line, cut anywhere, and the rest later."""
        self._flush()
        self.pen.add(*self._text.line(self.pen.life))
        self._say(self.pen.write(1 + 7919 * self._text.k % (len(self.pen.waiting) - 1)))
        self._torn_until = self._clock() + for_s

    def do_rotate(self, stale_s: float = 0.0, create: bool = False, both: bool = False) -> None:
        """The log is renamed to NAME.1; the trainer goes on in the old file for a while."""
        if self.pen.mode == "reopen":
            stale_s = 0.0
        if self._moving_at is not None:
            return self._rotate_again()
        if not stale_s:
            self._flush()
        self._shift()
        self._begin("rotated")
        self._moving_at = self._clock() + stale_s
        if create or both:
            self._touch_new()
        if both and stale_s:
            self.other = Pen(self.real(), self.life, "append")
        if not stale_s:
            self._go_over()
        return None

    def _rotate_again(self) -> None:
        """Once more, before the trainer has let go of the oldest of the three."""
        if self.other:
            self._flush(self.other)
            os.close(self.other.fd)
            self.other = None
        self._shift()
        self._begin("rotated")

    def do_rotate_twice(self) -> None:
        """Two rotations in one moment, with lines in between."""
        self.do_rotate()
        self._write(5)
        self._flush()
        self.do_rotate()

    def do_switch(self, stale_s: float = 0.0) -> None:
        """The link leads to a new file."""
        stale_s = 0.0 if self.pen.mode == "reopen" else stale_s
        if not stale_s:
            self._flush()
        self._lives.clear()
        self._point_link()
        self._begin("switched")
        self._moving_at, self._switching = self._clock() + stale_s, True
        self._settled_at = self._moving_at + SETTLES_S
        if not stale_s:
            self._go_over()

    def do_away(self, for_s: float) -> None:
        """The log is renamed, and back."""
        self._hold()
        real = self.real()
        away = real.with_name(real.name + ".away")
        real.rename(away)
        self._back = (self._clock() + for_s, lambda: away.rename(real))

    def do_parent(self, for_s: float) -> None:
        """The folder is renamed, and back."""
        self._hold()
        away = self.folder.with_name("away")
        self.folder.rename(away)
        self._back = (self._clock() + for_s, lambda: away.rename(self.folder))

    def do_chmod(self, for_s: float) -> None:
        """Nobody may read the log, for a while."""
        self._hold()
        real = self.real()
        real.chmod(0)
        self._back = (self._clock() + for_s, lambda: real.chmod(0o644))

    def _hold(self) -> None:
        """From now on it writes by a descriptor: the path is about to go."""
        if self.pen.mode == "reopen":
            self._reopened("append")

    def do_reopen(self) -> None:
        """The trainer closes its log and opens it again."""
        self._reopened(self.pen.mode)

    def do_touch(self, at: float) -> None:
        """The clock lies."""
        os.utime(self.real(), (at, at))

    def do_hard_link(self) -> None:
        """A second name, and no second name."""
        name = self.folder / "second.name"
        name.unlink() if name.exists() else name.hardlink_to(self.real())

    def do_truncate(self, seen: int | None = None) -> None:
        """Cut to 0; a trainer without O_APPEND goes on behind a hole."""
        self._destroy("truncated", seen)
        os.truncate(self.real(), 0)
        self.pen.life = self.life

    def do_rewrite_larger(self, seen: int | None = None) -> None:
        """Cut to 0, and at once longer than it was."""
        self._rewrite("rewritten larger", seen, lambda size: size + 1)

    def do_same_size(self, seen: int | None = None) -> None:
        """Other lines in its place, of the same length, without cutting it."""
        self._rewrite("rewritten at the same size", seen, lambda size: size, cut=False)

    def do_recreate(self, seen: int | None = None) -> None:
        """Deleted, and made anew."""
        self._destroy("recreated", seen)
        self.real().unlink()
        self._reopened(self.pen.mode)

    def do_replace(self, seen: int | None = None) -> None:
        """Another file takes its place in one step."""
        self._destroy("replaced", seen)
        new = self.folder / f"new-{self.life}"
        self.pen.over_to(new, self.life, self.pen.mode)
        for _ in range(20):
            self.pen.add(*self._text.line(self.life))
        self._flush()
        new.replace(self.real())

    def _rewrite(self, how: str, seen: int | None, length: Callable[[int], int], cut: bool = True) -> None:
        mode = self.pen.mode
        self._destroy(how, seen)
        size = min(self.real().stat().st_size, LARGEST)
        self.pen.over_to(self.real(), self.life, "plain")
        os.lseek(self.pen.fd, 0, os.SEEK_SET)
        for _ in range(20):
            self.pen.add(*self._text.line(self.life))
        missing = length(size) - len(self.pen.waiting)
        if missing > 0:
            self.pen.add(_prose(missing), [])
        if cut or missing < 0:
            os.ftruncate(self.pen.fd, 0)
        self._flush()
        self._reopened(mode)

    # -- names -----------------------------------------------------------------------------------------

    def real(self) -> Path:
        """The file itself, where the path is a link to it."""
        return self.folder / f"train-{self._links}.log" if self._linked else self.path

    def _shift(self) -> None:
        real = self.real()
        name = real.name
        for number in range(KEEP, 0, -1):
            old = self.folder / f"{name}.{number}"
            if old.exists():
                new = f"{name}.{number + 1}"
                life = self._lives.pop(old.name, None)
                old.unlink() if number == KEEP else old.rename(self.folder / new)
                if number < KEEP and life is not None:
                    self._lives[new] = life
        if real.exists():
            real.rename(self.folder / f"{name}.1")
            self._lives[f"{name}.1"] = self.life

    def _touch_new(self) -> None:
        os.close(os.open(self.real(), os.O_WRONLY | os.O_CREAT, 0o644))

    def _point_link(self) -> None:
        self._links += 1
        self._touch_new()
        new = self.folder / "link.new"
        new.symlink_to(self.real().name)
        new.replace(self.path)

    def _begin(self, how: str) -> None:
        self.life += 1
        self._say({"begin": self.life, "how": how})

    def _destroy(self, how: str, seen: int | None) -> None:
        """The life at the path ends, and its bytes with it. `seen`: bytes of it that are known to have been read."""
        self._flush()
        self._say({"end": self.life, "seen": seen, "how": how})
        self._begin(how)

    def _say(self, record: Command) -> None:
        self._journal.write(json.dumps({"at": round(self._clock(), 4)} | record) + "\n")
        self._journal.flush()


def _prose(size: int) -> bytes:
    """So many bytes without a number, in long lines: they only have to fill the file."""
    line = b"nothing to see here " * 500 + b"\n"
    return (line * (size // len(line) + 1))[: size - 1] + b"\n"


SETTLES_S = 6.0
"""So long a new target of the link keeps its name: for 5 s the program reads on in the old one, then it opens it."""
NAMES_CHANGE = {
    *("rotate", "rotate_twice", "switch", "away", "parent", "chmod", "reopen", "mode", "touch", "hard_link"),
    *("truncate", "rewrite_larger", "same_size", "recreate", "replace"),
}


def main() -> None:
    """Obeys until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--linked", action="store_true")
    parser.add_argument("--rotated", action="store_true")
    args = parser.parse_args()
    os.umask(0o022)
    writer = Writer(args.folder, args.seed, args.rate, linked=args.linked, rotated=args.rotated)
    commands = b""
    while True:
        if select.select([0], [], [], TICK)[0]:
            piece = os.read(0, 1 << 16)
            if not piece:
                return
            commands += piece
        *whole, commands = commands.split(b"\n")
        for line in whole:
            command = json.loads(line)
            try:
                answer = writer.do(command)
            except Exception as error:  # said to the one who asked: the run is void
                answer = {"ok": False, "error": f"{line.decode()}: {type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        writer.tick()


if __name__ == "__main__":
    main()
