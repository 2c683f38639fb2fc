"""A message → its numbers, each with the words around it: the grammar of how people print numbers in text.

Everything between two numbers is a gap. A gap ends in the name of the number after it: the words since the last
mark that separates (`,` `;` `|` a bracket, ` - `), with or without `:` or `=`. What has digits in it and is no
measured number is passed over: paths, `file.py:12`, clocks, dates, durations, versions, `Linear(in_features=8)`,
`{…}`, and brackets right after a number (`3.91 (3.95)`, `71.59% (9332/13036)`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from app.names import COUNTED, COUNTS, MANY, is_metric, role_of
from app.rows import LONGEST_NUMBER, read_number
from app.tokens import ASIDE, CALL, NOTE, PAIR, PAIRS_ASIDE, PERCENT, TOKEN, UNIT_WORD, WRAPPER

DURATIONS = frozenset(
    "s sec secs second seconds ms us ns m min mins minute minutes h hr hrs hour hours d day days".split()
)
_MULTIPLES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
LONGEST_ASIDE = 200
LONGEST_CALL = 30
_PARTS = frozenset(["unit", "total", "whole", "of"])
_NEAR = 4  # characters, words
MOST_TOKENS = 300
"""Words, numbers and marks of a message that are looked at: lines of metrics have fewer than 200."""


@dataclass(slots=True)
class Numeral:
    """A number of a message: its value, and what stands around it."""

    value: float
    """NaN where the text is too long for a number."""
    text: str
    unit: str
    total: float | None
    """Of `k/N` or `k of N`."""
    words: list[str]
    """Before it, since the last mark that separates."""
    explicit: bool
    """`:` or `=` stands between the name and the number."""
    label: list[str]
    """Words with a `:` of their own before the name: `Dev BLEU: BLEU-1 0.5`."""
    opened: str
    """The bracket that was opened last before it, "" for none since the number before."""
    percent: float | None = None
    """Of `9850/10000 (98%)`."""
    colon: bool = False
    """`:` follows."""
    after: list[str] = field(default_factory=list)
    """Words right behind it, up to a mark that separates: `0.97 avg,`."""
    closed: bool = False
    """A bracket closes right behind it."""
    joined: str = ""
    """What stands between it and the number before, where that is one mark: `,` `:` or `)(`."""

    @property
    def count(self) -> float:
        """The value as a count: `1.2M` steps are 1,200,000."""
        return self.value * _MULTIPLES.get(self.unit, 1)

    @property
    def measured(self) -> float | str:
        """The value as one of a metric, the text where that is too long for a number: so it is left out and counted."""
        if len(self.text) > LONGEST_NUMBER:
            return self.text
        return self.value if self.percent is None else self.percent


@dataclass(slots=True)
class Scan:
    """What a message says: its numbers in order, and the words that stand alone between marks."""

    numerals: list[Numeral] = field(default_factory=list)
    alone: list[tuple[int, list[str]]] = field(default_factory=list)
    """(how many numbers came before, words) of each part without a number."""


class _Gap:
    """What was seen since the last number."""

    __slots__ = ("after", "arrow", "explicit", "label", "marks", "opened", "soft", "start", "words")

    def __init__(self, start: int) -> None:
        self.start = start
        self.words: list[str] = []
        self.soft = False
        self.label: list[str] = []
        self.explicit = False
        self.opened = ""
        self.arrow = False
        self.marks = ""
        self.after: list[str] | None = None


def scan(text: str, at: int = 0) -> Scan:
    """The numbers of `text` from `at` on. Linear in its length."""
    found = Scan()
    gap = _Gap(at)
    gap.after = []
    last: Numeral | None = None
    tokens = 0
    token = TOKEN.search(text, at)
    while token and tokens < MOST_TOKENS:
        group = token.lastgroup
        kind = "number" if group in _PARTS else group
        at = token.end()
        tokens += 1
        if kind == "number":
            last, at, gap = _number(text, token, gap, found, last)
        elif kind == "word":
            at = _word(text, token, gap, found)
        elif kind == "brace":
            at = _closing(text, token.start(), "{", "}")
            _cut(gap, found)
        elif kind != "range":
            at = _mark(text, kind or "", token, gap, found, last)
        token = TOKEN.search(text, at)
    _cut(gap, found)
    if last and gap.after:
        last.after = gap.after
    return found


def _is_word(text: str, at: int, gap: _Gap, last: Numeral | None) -> bool:
    """Whether `nan` or `inf` before `at` is a word: `number of nan iterations: 0`, but not `step 3 loss nan lr 0.1`."""
    if gap.explicit or not text[at : at + 2].strip(" ").isalpha():
        return False
    return not ((last and len(gap.words) == 1) or is_metric(" ".join(gap.words[-_NEAR:])))


def _number(
    text: str, token: re.Match[str], gap: _Gap, found: Scan, last: Numeral | None
) -> tuple[Numeral | None, int, _Gap]:
    """Take a number, whatever it is: the last one that was measured, the place after it, and the gap from there on."""
    at = token.end()
    printed, unit, slash, part, of = token.group("number", "unit", "total", "whole", "of")
    if printed.isalpha() and _is_word(text, at, gap, last):
        gap.words.append(printed)
        return last, at, gap
    value = _value_of(printed)
    if value is None or gap.arrow or (last and token.start() == gap.start and printed[0] in "+-"):
        return last, at, _Gap(at)  # 38.8+0.98
    if last and gap.after:
        last.after = gap.after
    if last and _is_in_name(last, gap):
        found.numerals.pop()
        gap.words, gap.explicit = [*last.words, last.text, *gap.words], True
    numeral = Numeral(
        value,
        printed,
        unit or part or "",
        read_number((slash or of).replace(",", "")) if slash or of else None,
        gap.words,
        gap.explicit,
        gap.label,
        gap.opened,
        joined=gap.marks,
    )
    found.numerals.append(numeral)
    if "(" in text[at : at + _NEAR]:
        at = _after_aside(text, at, numeral)
    return numeral, at, _Gap(at)


def _value_of(printed: str) -> float | None:
    """The number; NaN where it is too long to be read, None for digits that are not ASCII."""
    value = read_number(printed.replace(",", "") if "," in printed else printed)
    return math.nan if value is None and len(printed) > LONGEST_NUMBER else value


def _after_aside(text: str, at: int, numeral: Numeral) -> int:
    """The place after a bracket that goes with the number before `at`: `0.5 (0.6)`, `7/8 (88%)`; else `at`."""
    percent = PERCENT.match(text, at)
    if percent and numeral.total is not None:
        numeral.percent = read_number(percent[1])
        return percent.end()
    aside = ASIDE.match(text, at, at + LONGEST_ASIDE)
    return aside.end() if aside and not PAIRS_ASIDE.match(aside[1]) else at


def _is_in_name(number: Numeral, gap: _Gap) -> bool:
    """Whether a number belongs to the name of the next: `coco/AP .5: 0.37`, `loss over the last 100 steps: 0.5`."""
    if not number.words or number.explicit or role_of(number.words[-1]) in COUNTED:
        return False
    if gap.words:
        return gap.explicit and not gap.marks.strip(":=") and all(word.lower() in MANY for word in gap.words)
    return number.colon


def _word(text: str, token: re.Match[str], gap: _Gap, found: Scan) -> int:
    """Take a word; the place after it and what belongs to it."""
    word, at = token["word"], token.end()
    if word[0] == "#" and gap.words and role_of(gap.words[-1]) in COUNTS:
        return token.start() + 1  # `Epoch #3`
    if text.startswith("(", at) and (end := _after_call(text, token, gap)):
        return end
    if gap.after is None and not gap.marks and not gap.words and _is_unit(text, token):
        gap.after = [word]  # `0.5 sec loss 0.3`
        return at
    gap.arrow = text.startswith("--", token.start() - 2)  # `--steps 1000`, an option of a command line
    if gap.soft:
        gap.words, gap.soft = [], False
    if gap.explicit and gap.words:
        if text[token.start() - 1] == "=":
            found.alone.append((len(found.numerals), [word]))  # `collection=train`
            gap.words, gap.label, gap.explicit = [], [], False
            return at
        gap.label, gap.words, gap.explicit = gap.label + gap.words, [], False
    gap.words.append(word)
    return at


def _is_unit(text: str, token: re.Match[str]) -> bool:
    return UNIT_WORD.fullmatch(token["word"]) is not None and text[token.end() : token.end() + 1] not in (":", "=")


def _after_call(text: str, token: re.Match[str], gap: _Gap) -> int:
    """The place after what is in the bracket that follows a word directly; 0 where that is read as any other text."""
    at = token.end()
    if gap.explicit and WRAPPER.fullmatch(token["word"]):
        return at + 1  # `grad_norm: np.float64(0.36)`
    if not CALL.match(text, at, at + LONGEST_ASIDE):
        return 0
    end = _closing(text, at, "(", ")")
    gap.words = [*gap.words, text[token.start() : end]] if end - at <= LONGEST_CALL and PAIR.match(text, end) else []
    return end  # `mAP(0.50, 11point) = 84.5%` is a name, `Linear(in_features=8)` is nothing


def _mark(text: str, kind: str, token: re.Match[str], gap: _Gap, found: Scan, last: Numeral | None) -> int:
    """Take a mark, or something that is passed over; the place after it."""
    gap.marks += token.group().strip()
    if kind == "separator":
        if gap.words:
            gap.explicit = True
        elif last and len(gap.marks) == 1:
            last.colon = True
    elif kind in ("arrow", "plusminus"):
        gap.arrow = True
    elif kind == "open":
        return _open(text, token, gap, found)
    elif kind == "close" and last and len(gap.marks) == 1 and not gap.words:
        last.closed = True
    elif token.group() == "\t" and gap.words:
        gap.soft = not gap.explicit  # a name may stand one tab before its number
    else:
        _cut(gap, found)
    return token.end()


def _open(text: str, token: re.Match[str], gap: _Gap, found: Scan) -> int:
    note = NOTE.match(text, token.start()) if gap.words and not gap.explicit else None
    if note:
        gap.words.append(note.group())  # `loss (for one batch) at step 10: 0.5`
        return note.end()
    gap.opened = token.group()
    if not gap.words or not (gap.explicit or _is_short(gap)):
        _cut(gap, found)  # but `Epoch: [3]`, `Epoch [3/5]`: the name goes on over the bracket
    return token.end()


def _is_short(gap: _Gap) -> bool:
    """One or two words before a bracket may be the name of what is in it."""
    return len(gap.words) <= 2


def _cut(gap: _Gap, found: Scan) -> None:
    if gap.after is None:
        gap.after = gap.words if not gap.explicit else []
    if gap.label or gap.words:
        found.alone.append((len(found.numerals), gap.label + gap.words))
    gap.words, gap.label, gap.explicit, gap.soft = [], [], False, False


def _closing(text: str, at: int, opens: str, closes: str) -> int:
    """The place after the bracket that closes the one at `at`; the end of the text where none does."""
    depth = 0
    for bracket in re.finditer(rf"[{opens}{closes}]", text[at:]):
        depth += 1 if bracket.group() == opens else -1
        if not depth:
            return at + bracket.end()
    return len(text)
