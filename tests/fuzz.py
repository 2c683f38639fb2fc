"""Mutated log lines → what goes wrong: exceptions, slow lines, and costs that outgrow the length of a line.

    python -m tests.fuzz --lines 1000000 --seed 1 [--logs DIR] [--save FILE]

Each line is read twice: by a new Fold, to which every format and the search for a document are open, and by one that
has read a stretch of lines (headers, open boxes, redrawn bars). Lines come from the samples of the formats, from
tests/logs and from DIR. The exit status is 1 where anything was found.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import logging
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import app.names
import app.stamps
from app.fold import Fold
from app.formats import formats, shape_of
from app.lines import LineSplitter

SHORT = 4096
"""Bytes of a line that must be read within the limit; longer ones have as many times longer."""
LONG = 64 * 1024
LIMIT = 5e-3
"""CPU seconds for a short line."""
STRETCH = 400
"""Lines that one Fold reads."""
LADDER = [1024 << power for power in range(1, 7)]
LADDER_OF_FOLD = [size * 16 for size in LADDER[2:]]
"""Bytes of a line that no format reads: only the steps before them cost."""
STEEP = 2.6
"""Times the cost of half the length, where the cost is more than WORTH."""
WORTH = 1e-3
LINES_PER_MOTIF = 500
MOST_OF_A_LOG = 5000
SLOWEST = 20
KINDS = ("exception", "slow", "growth")

_ENDS = re.compile(rb"[\b\r]")

Log = Sequence[str]
Mutation = Callable[[random.Random, str, "Corpus"], str]


class Finding(NamedTuple):
    """One thing that went wrong: its kind, how bad (s, or times), the line, where, and what the Fold read before."""

    kind: str
    figure: float
    line: bytes
    where: str
    before: Sequence[bytes] = ()


@dataclass
class Corpus:
    """Lines to start from: whole logs, and of each the lines that differ in more than their digits."""

    logs: list[Log]
    kinds: list[Log] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = [list({shape_of(line): line for line in log}.values()) for log in self.logs]

    def line(self, rng: random.Random) -> str:
        """Any line, no log more likely than another."""
        return rng.choice(rng.choice(self.kinds))


def corpus_from(folders: Sequence[Path]) -> Corpus:
    """The samples of each format, and the files in these folders."""
    logs: list[Log] = [[line for line, _ in module.SAMPLES] for module in formats()]
    for path in sorted(path for folder in folders for path in folder.glob("*") if path.is_file()):
        splitter = LineSplitter()
        content = path.read_bytes()
        lines = [line.text[:LONG] for line in islice(splitter.feed(content), MOST_OF_A_LOG)]
        logs.append(lines or [line.text[:LONG] for line in splitter.close()] or [""])
    return Corpus(logs)


# What a line is mutated with.


def _parted(text: str) -> list[str]:
    """Parts that stand between blanks; `_` is a blank in them."""
    return [part.replace("_", " ") for part in text.split()]


MARKS = list("""!"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\v\f""")
DIGITS = list("0123456789")
LETTERS = list("abefhiknosTxEINKMGsXZ")
FOREIGN = list("—–│┃║━╸╺█▏•·→±×µ°，：；、（）损失шагépoqueİıß٣²½\u00a0\u2028\u200b\u202e\ufeff\ufffd\x85\U0001f600")
CONTROL = [chr(code) for code in [*range(1, 9), *range(14, 32), 127, 0x9B]] + ["\x1b[31m", "\x1b[K", "\x1b[", "\x1b]0;"]
# fmt: off
WORDS = _parted("""epoch step iter loss: acc= val train test eta ETA: INFO WARNING [INFO] 2024-05-01T12:00:00Z 12:34:56
    1:02:03 [rank0]: (pid=12) |INFO| train.py:12] I0827 10:27:15.892725 100%| 3/150 [00:02<1:08:35, 1.23it/s, s/it] it/s
    ms/step {"a": {'a': } ] nan inf -inf NaN Infinity true null 1e5 1e-5 1e400 0x1f 1,234 1,234,567 1/2/3 1.2.3 50%
    3.5k 1M 12GiB 0.05s 1m30s 2d3h http://a.b/c /a/b/c.py:12 a/b.yaml ==== ---- ━━━━ ... --> -> => +/- ± += == :: (1.0)
    [1.0] (0.5%) tensor(0.5, device='cuda:0') np.float64(0.5) at in of to from took is @[ #3 #""")
PIECES = MARKS * 3 + DIGITS * 2 + LETTERS + FOREIGN + CONTROL + WORDS * 2
STRUCTURE = MARKS * 2 + DIGITS + list("aeEsxTkM") + FOREIGN[:24] + CONTROL[-4:]
# Of a line that repeats a motif; each leads to another format, another search.
HEADS = _parted(r"""{ [ {' {"a": {"a":[{ | ( < " ' _ loss: loss:_ Epoch_ 3/ 1/ [1, 10%|
    10%|#|_1/2_[ 127/127_[ INFO INFO_ I0827_10:27:15.892725_ [I_ 2024-05-01_12:00:00_ Epoch:_[3]_ step,loss - 0. 1e /a
    C:\ a.py: http:// tensor( 7:_ [[[ {{{ ((( 3_[ - [= [> E_""") + ["\x1b["]
TAILS = _parted(r"""_ } ] ) | > " ' '} "} }]} ]_ : = % _= _1/5 _1/5_[ .py ! x 1 loss:_1
    _avg, it/s] /s m""") + ["\x1b"]
# fmt: on


def _somewhere(rng: random.Random, text: str) -> int:
    return rng.randrange(len(text) + 1)


def _piece_of(rng: random.Random, text: str, longest: int = 40) -> str:
    at = _somewhere(rng, text)
    return text[at : at + rng.randint(1, longest)]


def motif(rng: random.Random, corpus: Corpus) -> str:
    """What is repeated: one mark or letter, two to four of them, words, or a piece of a line."""
    kind = rng.random()
    if kind < 0.7:
        return "".join(rng.choices(STRUCTURE if kind < 0.55 else PIECES, k=rng.choice((1, 1, 2, 2, 3, 4))))
    return _piece_of(rng, corpus.line(rng)) or "a"


def repeated(part: str, size: int) -> str:
    """The part over and over, up to a length in bytes."""
    times = size // max(len(part.encode(errors="replace")), 1)
    return part * times


def _cut(rng: random.Random, text: str, corpus: Corpus) -> str:
    at = _somewhere(rng, text)
    return text[:at] if rng.random() < 0.5 else text[at:]


def _splice(rng: random.Random, text: str, corpus: Corpus) -> str:
    other = corpus.line(rng)
    return text[: _somewhere(rng, text)] + other[_somewhere(rng, other) :]


def _join(rng: random.Random, text: str, corpus: Corpus) -> str:
    return text + rng.choice(["", " ", "\t", ", ", " | ", " - "]) + corpus.line(rng)


def _drop(rng: random.Random, text: str, corpus: Corpus) -> str:
    at = _somewhere(rng, text)
    return text[:at] + text[at + rng.randint(1, 8) :]


def _swap(rng: random.Random, text: str, corpus: Corpus) -> str:
    characters = list(text)
    for _ in range(rng.randint(1, 6) if text else 0):
        a, b = rng.randrange(len(characters)), rng.randrange(len(characters))
        characters[a], characters[b] = characters[b], characters[a]
    return "".join(characters)


def _insert(rng: random.Random, text: str, corpus: Corpus) -> str:
    for _ in range(rng.randint(1, 4)):
        at = _somewhere(rng, text)
        text = text[:at] + rng.choice(PIECES) + text[at:]
    return text


def _replace(rng: random.Random, text: str, corpus: Corpus) -> str:
    old = rng.choice(text) if text else ""
    return text.replace(old, rng.choice(PIECES), rng.choice([1, 3, -1])) if old else rng.choice(PIECES)


def _run(rng: random.Random, text: str, corpus: Corpus) -> str:
    at = _somewhere(rng, text)
    return text[:at] + repeated(motif(rng, corpus), rng.choice([30, 100, 300, 1000])) + text[at:]


def _stretch(rng: random.Random, text: str, corpus: Corpus) -> str:
    """A piece of the line, or anything, repeated until the line is 4 KiB long, seldom 64 KiB."""
    size = (LONG if rng.random() < 0.01 else SHORT) - len(text.encode(errors="replace"))
    at = _somewhere(rng, text)
    part = _piece_of(rng, text) if rng.random() < 0.4 else motif(rng, corpus)
    return text[:at] + repeated(part or " ", size) + text[at:]


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBERS: tuple[Callable[[random.Random, str], str], ...] = (
    lambda rng, number: rng.choice("+-") + number,
    lambda rng, number: (
        number + rng.choice([".", "..", ".5", "e", "e-", "e+400", "E5", "%", "k", "M", "GiB", "s", "ms", "/"])
    ),
    lambda rng, number: number + "/" + number,
    lambda rng, number: number + "," + number[:3].rjust(3, "0"),
    lambda rng, number: number * rng.choice([2, 5, 20, 400]),
    lambda rng, number: rng.choice(["nan", "inf", "-inf", "NaN", "-", "", "N/A", "1e308", "9" * 17, "9" * 400, "0x1f"]),
    lambda rng, number: str(rng.choice([0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, 10**22])),
    lambda rng, number: repr(rng.uniform(-10, 10) * 10 ** rng.randint(-330, 300)),
    lambda rng, number: "[" + number + "]",
    lambda rng, number: "(" + number,
    lambda rng, number: number + ":" + number,
)


def _renumber(rng: random.Random, text: str, corpus: Corpus) -> str:
    share = rng.random()
    change = rng.choice(_NUMBERS)
    return _NUMBER.sub(lambda found: change(rng, found[0]) if rng.random() < share else found[0], text)


def _recase(rng: random.Random, text: str, corpus: Corpus) -> str:
    change = rng.choice([str.upper, str.lower, str.swapcase, str.title])
    return "".join(change(letter) if rng.random() < 0.5 else letter for letter in text)


def _respace(rng: random.Random, text: str, corpus: Corpus) -> str:
    return text.replace(" ", rng.choice(["", "  ", "\t", "\u00a0", "   |  ", ",", " " * 50]))


MUTATIONS: list[tuple[Mutation, int]] = [
    (_cut, 10),
    (_splice, 10),
    (_join, 5),
    (_drop, 6),
    (_swap, 8),
    (_insert, 16),
    (_replace, 10),
    (_run, 6),
    (_stretch, 4),
    (_renumber, 14),
    (_recase, 4),
    (_respace, 4),
]
_CHANGES, _WEIGHTS = zip(*MUTATIONS, strict=True)


def mutated(rng: random.Random, text: str, corpus: Corpus) -> bytes:
    """The line after one to four changes, in bytes and without its end; sometimes no UTF-8 any more."""
    for change in rng.choices(_CHANGES, _WEIGHTS, k=rng.choice((1, 1, 2, 2, 3, 4))):
        text = change(rng, text, corpus)[: LONG + SHORT]
    line = text.replace("\n", " ").encode(errors="replace")
    if rng.random() < 0.02 and line:
        broken = bytearray(line)
        for _ in range(rng.randint(1, 5)):
            broken[rng.randrange(len(broken))] = rng.randrange(128, 256)
        line = bytes(broken)
    return line


def stretches(rng: random.Random, corpus: Corpus) -> Iterator[list[bytes]]:
    """Mutated lines without end, as many as one Fold reads: of all logs, or as they follow each other in one."""
    while True:
        if rng.random() < 0.6:
            yield [mutated(rng, corpus.line(rng), corpus) for _ in range(STRETCH)]
        else:
            log = rng.choice(corpus.logs)
            start = rng.choice([0, rng.randrange(len(log))])
            lines = (log * (STRETCH // len(log) + 1))[start:][:STRETCH] or log
            share = rng.choice([0.05, 0.3, 1])
            yield [
                mutated(rng, line, corpus) if rng.random() < share else line.encode(errors="replace") for line in lines
            ]


def forget() -> None:
    """Empty the caches of what names and stamps mean: a line that was never seen finds nothing in them."""
    for module in (app.names, app.stamps):
        for known in vars(module).values():
            if hasattr(known, "cache_clear"):
                known.cache_clear()


def cost(fold: Fold, line: bytes, *, last: bool = False) -> float:
    """CPU seconds that a Fold takes for a line and its end; for the end of the generation too where it is the last."""
    start = time.thread_time()
    fold.feed(line + b"\n")
    if last:
        fold.close()
    return time.thread_time() - start


def cost_after(before: Sequence[bytes], line: bytes) -> float:
    """The least of three costs of a line in a Fold that has read the lines before it; of a whole log without them."""
    costs = []
    for _ in range(3):
        fold = Fold(0)
        for other in before:
            fold.feed(other + b"\n")
        forget()
        costs.append(cost(fold, line, last=not before))
    return min(costs)


def limit(line: bytes, short: float = LIMIT) -> float:
    """CPU seconds that a line may take."""
    return short * max(1.0, len(line) / SHORT)


def steep(costs: Sequence[float]) -> bool:
    """Whether a cost outgrows the length, which doubles between each two of them.

    It does so twice in a row: a line may be too long for one format and go to a slower one.
    """
    rises = [after > WORTH and after > STEEP * before for before, after in pairwise(costs)]
    return any(map(all, pairwise(rises)))


@dataclass
class Fuzz:
    """Reads mutated lines and keeps what it found."""

    corpus: Corpus
    seed: int = 1
    short: float = LIMIT
    findings: list[Finding] = field(default_factory=list)
    slowest: list[tuple[float, bytes]] = field(default_factory=list)
    """(CPU seconds, line) of short lines as read the first time, in any order."""
    lines: int = 0
    motifs: int = 0
    _reading: tuple[Sequence[bytes], bytes] = ((), b"")

    def run(self, lines: int, motifs: int = 0) -> None:
        """Read so many lines, and try so many motifs at all lengths."""
        rng = random.Random(self.seed)
        source = stretches(rng, self.corpus)
        gc.freeze()
        with self._listening():
            while self.lines < lines:
                self._read(next(source)[: lines - self.lines])
            for number in range(motifs):
                self.motifs += 1
                self._grow(*self._motif(rng, number))

    def _motif(self, rng: random.Random, number: int) -> tuple[str, str, str]:
        """Head, motif and tail; first each piece alone."""
        alone = list(dict.fromkeys(PIECES))
        if number < len(alone):
            return "", alone[number], ""
        around = [rng.choice(["", rng.choice(parts)]) for parts in (HEADS, TAILS)]
        return around[0], motif(rng, self.corpus), around[1]

    def _read(self, stretch: list[bytes]) -> None:
        fold = Fold(0)
        for number, line in enumerate(stretch):
            self.lines += 1
            self._check(Fold(0), [], line)
            self._check(fold, stretch[:number], line)
        try:
            self._reading = stretch, b""
            fold.close()
        except Exception as error:
            self._failed(error)

    def _check(self, fold: Fold, before: list[bytes], line: bytes) -> None:
        """Read a line, and note an exception or that it took too long; a suspect is timed three times more."""
        self._reading = before, line
        held = len(before) if fold._document.holding else 0  # lines that this one may give back, all at once
        try:
            spent = cost(fold, line, last=not before)
        except Exception as error:
            self._failed(error)
            return
        if _ENDS.search(line):
            return  # many lines
        if len(line) <= SHORT:
            (heapq.heappush if len(self.slowest) < SLOWEST else heapq.heappushpop)(self.slowest, (spent, line))
        allowed = limit(line, self.short) * (1 + held)
        if spent > allowed and (least := cost_after(before, line)) > allowed:
            self.findings.append(Finding("slow", least, line, f"after {len(before)} lines"))

    def _grow(self, head: str, part: str, tail: str) -> None:
        """Note a line whose cost outgrows its length, and one that takes too long, made of a motif."""
        if _ENDS.search((head + part + tail).encode()):
            return
        lines = [self._filled(head, part, tail, size) for size in LADDER]
        costs = [cost(Fold(0), line, last=True) for line in lines]
        shown = f"{head!a} + {part!a} * n + {tail!a}"
        self._climb(lines, costs, shown)
        for line, spent in zip(lines, costs, strict=True):
            allowed = limit(line, self.short)
            if spent > allowed and (least := cost_after([], line)) > allowed:
                self.findings.append(Finding("slow", least, line, shown))
        if self.motifs % 10 == 0:
            lines = [self._filled(head, part, tail, size) for size in LADDER_OF_FOLD]
            self._climb(lines, [cost(Fold(0), line, last=True) for line in lines], shown)

    def _climb(self, lines: list[bytes], costs: list[float], shown: str) -> None:
        """Note costs of lines, each twice as long as the one before, that grow faster; a suspect is timed again."""
        for _ in range(3):
            if not steep(costs):
                return
            costs = [min(before, cost_after([], line)) for before, line in zip(costs, lines, strict=True)]
        if steep(costs):
            shown += f": {' '.join(f'{1e3 * each:.1f}' for each in costs)} ms"
            self.findings.append(Finding("growth", max(b / a for a, b in pairwise(costs)), lines[1], shown))

    def _filled(self, head: str, part: str, tail: str, size: int) -> bytes:
        around = len((head + tail).encode(errors="replace"))
        return (head + repeated(part, size - around) + tail).encode(errors="replace")

    def _failed(self, error: BaseException | None) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1] if error else None
        place = f" in {Path(frame.filename).name}:{frame.lineno} {frame.name}" if frame else ""
        before, line = self._reading
        self.findings.append(Finding("exception", 0.0, line, f"{error!r}{place}", before))

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hear the exceptions that Fold survives, which it writes to the program's log."""
        heard = logging.Handler()
        heard.emit = lambda record: self._failed(record.exc_info and record.exc_info[1])  # type: ignore[method-assign]
        log = logging.getLogger("tailplot")
        propagates, log.propagate = log.propagate, False
        log.addHandler(heard)
        try:
            yield
        finally:
            log.removeHandler(heard)
            log.propagate = propagates


def report(fuzz: Fuzz) -> Iterator[str]:
    """What was found, in lines of text: one example for each place, the worst of each kind first."""
    for kind in KINDS:
        found = sorted((each for each in fuzz.findings if each.kind == kind), key=lambda each: -each.figure)
        yield f"{kind}: {len(found)}"
        places = {each.where if kind == "exception" else each.line: each for each in reversed(found)}
        for each in islice(reversed(places.values()), SLOWEST):
            figure = {"slow": f"{1e3 * each.figure:.1f} ms", "growth": f"x {each.figure:.1f}"}.get(kind, "")
            yield f"  {figure} {len(each.line)} bytes, {each.where}"
            yield f"    {ascii(each.line[:150].decode(errors='replace'))}"
    yield "slowest lines of up to 4 KiB, read once:"
    for spent, line in sorted(fuzz.slowest, reverse=True):
        yield f"  {1e3 * spent:.1f} ms {len(line)} bytes {ascii(line[:100].decode(errors='replace'))}"


def save(findings: Sequence[Finding], path: Path) -> None:
    """All findings as JSON lines, their bytes as Latin-1."""
    with path.open("w") as file:
        for each in findings:
            before = [line.decode("latin-1") for line in each.before]
            file.write(json.dumps({**each._asdict(), "line": each.line.decode("latin-1"), "before": before}) + "\n")


def main() -> int:
    """Run from the command line; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--motifs", type=int, help=f"tried at all lengths; one for {LINES_PER_MOTIF} lines unless told")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--logs", type=Path, action="append", default=[], help="a folder of more logs to start from")
    parser.add_argument("--save", type=Path, help="a file for all findings")
    args = parser.parse_args()
    fuzz = Fuzz(corpus_from([Path(__file__).parent / "logs", *args.logs]), args.seed)
    start = time.process_time()
    with suppress(KeyboardInterrupt):  # what was found until then is told
        fuzz.run(args.lines, args.lines // LINES_PER_MOTIF if args.motifs is None else args.motifs)
    print(f"{fuzz.lines:,} lines, {fuzz.motifs:,} motifs, {time.process_time() - start:.0f} s of CPU time")
    print("\n".join(report(fuzz)))
    if args.save:
        save(fuzz.findings, args.save)
    return 1 if fuzz.findings else 0


if __name__ == "__main__":
    sys.exit(main())
