"""What logging systems print before a message (stamps, levels, names, places, ranks) → where the message begins."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.stamps import Stamp, read_stamp


class Prefix(NamedTuple):
    """`end`: where the message begins, 0 for a line without a prefix; `stamp`: the first one before that."""

    end: int
    stamp: Stamp | None


LONGEST_PREFIX = 300
_MOST_TOKENS = 24
_NONE = Prefix(0, None)

_NUMBER = r"[-+]?\.?[0-9]"
_CELL = r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?%?[ \t]*(?:$|[-|,])"
_SURE = "(?:INFO|DEBUG|WARNING|WARN|CRITICAL)"
# Also the names of metrics: SUCCESS: 0.95, ERROR 0.1.
_DOUBTFUL = "(?:ERROR|FATAL|NOTICE|SEVERE|SUCCESS|TRACE|VERBOSE)"
_LEVEL = f"(?:{_SURE[3:-1]}|{_DOUBTFUL[3:-1]})"
_PADDING = "(?:[ \t]{1,9}(?=[ \t]))?"
_IN_BRACKETS = rf"\[[ \t]*(?i:{_LEVEL})[ \t]*\]"
_LEVEL_FOLLOWS = rf"(?=[ \t]*(?:[-|:]|--|>>)?[ \t]*(?:{_IN_BRACKETS}|(?<=[\W])[\[(<]?{_LEVEL}(?!\w)))"
_STAMP_FOLLOWS = r"(?=[ \t]*\|?[ \t]*\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:)"

# The part of a run that a message speaks of, and words that count: both belong to the message.
_OF_MESSAGE = (
    r"(?!(?i:(?:train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)[0-9]*"
    r"|(?:valid|test|dev)[-_]\w+(?=[ \t]\|)|epochs?|steps?|iter(?:ation)?s?|batch|loss|acc(?:uracy)?|lr)"
    r"(?![\w.$\\/-]))"
)
_NAME = rf"{_OF_MESSAGE}[A-Za-z_][\w.$\\/-]{{0,99}}+"
_LONG_NAME = rf"{_OF_MESSAGE}[A-Za-z_][\w.$\\/-]{{1,99}}+"
_DOTTED = r"(?:__\w{1,40}__|[A-Za-z_]\w{0,60}+(?:\.[A-Za-z_$][\w$]{0,60}+){1,12}+)"
_KNOWN = r"(?:root|__\w{1,40}__)"
_FILE = (
    r"@?(?:[\w.+~\\/:-]{0,150}[\w+-]\.(?:py|pyx|ipynb|cpp|cc|c|cxx|h|hpp|cu|cuh|java|scala|kt|go|rs|jl|lua|js|ts)(?!\w)"
    r"|<[\w .-]{1,40}>)"
)
_COLON_FOLLOWS = r"(?=(?:[A-Za-z]:)?[@\w.+~\\/-]{2,160}+:|<)"
_LINE = r"(?::[\w<>.]{1,60})?:[0-9]{1,7}(?!\w)"
_NAME_MARK = r"(?=[ \t]+-[ \t]|[ \t]*\||[ \t]+-$)"
_MARK = r"(?=[ \t]+(?:[-|>]|--|>>)[ \t]|[ \t]*\||[ \t]+-$)"

# Where in a prefix a token may stand (at its start, after a blank, after a mark such as - or |, after a colon
# with no blank behind it), and how it looks. First those that begin with a bracket.
_BRACKETED = [
    # [rank0]: [Rank 0] [default0]: (pid 12)
    (
        "sabg",
        r"[\[(](?i:(?:local_|global_)?rank|default|trainer|worker|node|gpu|proc(?:ess)?|pid|host|device|cuda)"
        r"[ :=_#-]{0,2}[0-9]{1,10}(?:/[0-9]{1,6})?[\])]",
    ),
    # mpirun: [1,0]<stdout>:
    ("sab", r"\[[0-9]{1,6},[\w:,-]{1,60}\]<std(?:out|err)>(?=:)"),
    # Ray: (pid=1234) (RayTrainWorker pid=1, ip=10.0.0.1)
    ("sabg", r"\((?:[\w.:<>-]{1,80}(?: [\w.:<>-]{1,80})? )?pid=[0-9]{1,10}(?:, ?ip=[0-9a-f.:]{1,45})?\)"),
    # kubectl logs --prefix
    ("s", r"\[pod/[\w./-]{1,200}\]"),
    # Julia
    ("sabg", r"\[ (?:Info|Warning|Error|Debug)(?=: )"),
    # Levels
    ("s", _IN_BRACKETS),
    ("abg", rf"[\[({{][ \t]*(?i:{_LEVEL})[ \t]*[\])}}]"),
    ("abg", r"[\[(][IW][\])]"),
    # [INFO|trainer.py:1172] [W socket.cpp:436] [train.py:422] (main.py 213): {task.py:12}
    (
        "sabg",
        rf"[\[({{](?:(?:{_LEVEL}|[IWEFDV])[ |:,]{{1,9}})?{_FILE}"
        r"(?:(?::[\w<>.]{1,60})?[: ][0-9]{1,7}(?::[\w<>.]{1,60})?)?[ \t]*[\])}]",
    ),
    ("sabg", rf"\[{_LEVEL}[ |:,]{{1,9}}{_NAME}(?::[\w<>]{{1,60}}){{0,2}}[ \t]*\]"),
    ("abg", rf"\([\w.]{{1,80}}:[0-9]{{1,7}}\)(?=[ \t:]*{_LEVEL}(?!\w))"),
    # A name before a level or a stamp: [main] INFO, [titan] 2024-11-05
    ("sabg", rf"\[{_NAME}\](?:{_LEVEL_FOLLOWS}|{_STAMP_FOLLOWS})"),
    (
        "abg",
        r"[\[(](?:Main(?:Thread|Process)|main|root|(?:Thread|Process|\w{1,20}Process|[\w-]{1,30}thread)-[0-9]{1,7})[\])]",
    ),
]
_WORDS = [
    # Kaldi, PyTorch's profiler, NVIDIA's DLLogger, Julia
    ("s", r"(?:LOG|WARNING|VLOG\[[0-9]\]) \([^\s()]{1,150}\(\)[^\s()]{1,100}\)"),
    ("sa", r"(?:STAGE(?=:[0-9]{4}-)|DLL(?= [0-9]{4}-))"),
    ("s", r"┌ (?:Info|Warning|Error|Debug)(?=: )"),
    # Levels
    ("sabg", rf"{_SURE}(?:\[[0-9]{{4}}\])?(?=[ \t:|>,;\])]|$){_PADDING}"),
    ("sabg", rf"{_DOUBTFUL}(?=[ \t]*[:|]|[ \t]+-[ \t]|$)(?![ \t:|-]*{_NUMBER}){_PADDING}"),
    ("a", rf"(?:ERROR|FATAL|NOTICE)(?=[ \t])(?![ \t]*{_NUMBER}){_PADDING}"),
    ("b", r"[IWE]" + _MARK),
    ("bg", rf"(?i:{_LEVEL})(?={_MARK[3:-1]}|:[ \t])(?![ \t]*[-|:][ \t]*{_NUMBER})"),
    ("a", r"(?i:info|debug|warn(?:ing)?|critical)(?=[ \t]*(?::(?![^ \t])|\|))"),
    # docker, syslog and journald, behind the stamp
    ("a", r"(?:stdout|stderr) [FP](?![^ \t])"),
    (
        "a",
        r"[\w.-]{1,64}+ (?!(?i:epoch|step|iter|iteration|batch|fold|round|train|val|test|rank)\[)"
        r"[\w./()@-]{1,64}+\[[0-9]{1,10}\](?=:[ \t])",
    ),
    # swav: the time since the start
    ("b", r"(?:[0-9]{1,4} days?, )?[0-9]{1,3}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?=[ \t]+[-|][ \t])"),
    # glog: 28582 caffe.cpp:113]
    (
        "abg",
        r"(?:[IWEFDV][ \t]+)?(?:[0-9]{1,20}(?::[0-9]{1,20})?[ \t]+)?"
        r"@?(?:[A-Za-z]:)?[A-Za-z_./~<\\][\w.+~\\/<>-]{0,199}+(?::[\w<>.]{1,60}+){1,3}(?<=[0-9])\]",
    ),
    # train.py:12 -
    ("s", rf"{_COLON_FOLLOWS}{_FILE}{_LINE}(?={_MARK[3:-1]}|:[ \t])"),
    ("abg", rf"{_COLON_FOLLOWS}{_FILE}{_LINE}(?=[ \t:|]|$)"),
]
_NAMES = [
    # Java's logger; the same again below, where other names are more frequent
    ("a", rf"{_OF_MESSAGE}{_DOTTED}(?=:[ \t]|[ \t]+(?:[-|:>]|--|>>)[ \t])(?![ \t:|>-]*{_NUMBER})"),
    # A name between marks, but no cell of a table with its number in the next one
    ("b", rf"(?:{_KNOWN}|{_LONG_NAME}){_NAME_MARK}(?![ \t]*(?:[-|>]|--|>>)[ \t]+{_CELL})"),
    # A name before a level or a stamp: root - INFO
    ("s", rf"{_NAME}(?::[\w<>]{{1,60}}){{0,2}}(?=[ \t]*[-|:]+[ \t]*{_LEVEL}(?!\w)|[ \t]+{_LEVEL}[ \t]*[:|-])"),
    ("s", rf"{_NAME}(?=[ \t]*[-|:][ \t]*{_IN_BRACKETS})"),
    ("abg", r"[A-Za-z_][\w.$\\/-]{0,99}+(?::[\w<>]{1,60}){0,2}" + _LEVEL_FOLLOWS),
    ("abg", rf"{_NAME}(?=[ \t]+-[ \t]+[A-Za-z_][\w.$\\/-]{{0,99}}+[ \t]+-[ \t]+{_LEVEL}(?!\w))"),
    ("s", rf"{_NAME}(?=[ \t]*\|){_STAMP_FOLLOWS}"),
    # name:main:12 - name.of.module:12 -
    ("ab", rf"(?:{_DOTTED}|[A-Za-z_]\w{{0,60}}+(?=:[A-Za-z_<])){_LINE}{_MARK}"),
    # A name after a level or a stamp
    ("s", r"(?:[A-Za-z_]\w{0,60}+\.){1,8}\w{0,60}(?:logger|logging|trainer|engine)(?= - )"),
    ("bg", rf"{_KNOWN}(?=:|[ \t]+[-|][ \t]|[ \t]+-$)"),
    ("bg", rf"{_OF_MESSAGE}{_DOTTED}(?=:[ \t]|[ \t]+(?:[-|:>]|--|>>)[ \t])(?![ \t:|>-]*{_NUMBER})"),
    ("g", rf"{_NAME}(?=:)(?!:[ \t]*{_NUMBER})"),
]


# What stands behind a name. It is tried first: most messages begin with a word that is none.
_BEHIND = rf"(?=[\w.$\\/@+~<>:-]{{1,250}}+(?:(?<=:)|[ \t]*\||[ \t]+(?:[->:\[]|{_LEVEL})|\[|$))"


def _any(tokens: list[tuple[str, str]], context: str) -> str:
    return "|".join(pattern for contexts, pattern in tokens if context in contexts)


_START, _AFTER, _BETWEEN, _GLUED = "s", "a", "b", "g"
_AT_BRACKET = {context: re.compile(_any(_BRACKETED, context), re.ASCII) for context in "sabg"}
_AT_WORD = {
    context: re.compile(
        rf"{_any(_WORDS, context)}|{'' if context == _GLUED else _BEHIND}(?:{_any(_NAMES, context)})", re.ASCII
    )
    for context in "sabg"
}

# [INFO 2024-05-01 12:00:00,123] and what may stand behind a stamp inside its bracket.
_OPEN = re.compile(rf"\[{_LEVEL}[ \t]*[|:,-]?[ \t]*(?=[0-9])", re.ASCII)
_CLOSE = re.compile(
    rf"(?:[ \t,|:-]{{1,3}}(?:{_LEVEL}|{_OF_MESSAGE}@?[A-Za-z_][\w.:<>/@-]{{0,99}}+)){{0,5}}[ \t]*[\])]", re.ASCII
)
_GAP = re.compile(
    r"(?P<mark>[ \t]*(?:[-|>–—:]|--|>>|,)(?:[ \t]|$)|[ \t]*\|)|(?P<colon>:)|(?P<blank>[ \t])|(?<=[\])}>])(?=.)",
    re.ASCII,
)
_AFTER_GAP = {"mark": _BETWEEN, "colon": _GLUED, "blank": _AFTER, None: _AFTER}
_MORE_COLUMNS = re.compile(r"[,;](?=[-+.0-9,;])")
_BRACKETS = frozenset("[({")
_STAMP_BEGINS = frozenset("0123456789[(<")
_STAMP_WORD_BEGINS = frozenset("Ja Fe Ma Ap Ju Au Se Oc No De Mo Tu We Th Fr Sa Su".split()) | {  # noqa: SIM905
    letter + digit for letter in "DIWEFC" for digit in "0123456789"
}
_BLANK = frozenset(" \t")


def read_prefix(text: str) -> Prefix:
    """Where the message of a line begins.

    One blank behind the prefix belongs to it; more of them are the message's indent. A stamp as the first cell
    of a CSV row is no prefix.
    """
    text = text[:LONGEST_PREFIX]
    at = end = 0
    context, first = _START, None
    for _ in range(_MOST_TOKENS):
        stamp, token = _token(text, _after_blanks(text, at), context)
        if stamp and not first:
            if not end and _MORE_COLUMNS.match(text, token):
                break
            first = stamp
        if not token:
            break
        gap = _GAP.match(text, token)
        if not gap:
            end = token
            break
        end = at = gap.end()
        context = _AFTER_GAP[gap.lastgroup]
        if context == _GLUED and _is_name(text[token - 1]):
            break
    return Prefix(end, first) if end else _NONE


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANK:
        at += 1
    return at


def _is_name(last: str) -> bool:
    """Whether a token that ends so is a logger's name, not a level, a bracket or a clock: INFO:name:message."""
    return last.islower() or last == "_"


def _token(text: str, at: int, context: str) -> tuple[Stamp | None, int]:
    """The stamp at `at`, and where the token there ends; 0 for none."""
    begin = text[at : at + 1]
    if begin in _STAMP_BEGINS or text[at : at + 2] in _STAMP_WORD_BEGINS:
        stamp = read_stamp(text, at)
        if stamp:
            return stamp, _closed(text, at, stamp.end)
        opened = _OPEN.match(text, at) if begin == "[" else None
        stamp = read_stamp(text, opened.end()) if opened else None
        closed = _CLOSE.match(text, stamp.end) if stamp else None
        if closed:
            return stamp, closed.end()
    found = (_AT_BRACKET if begin in _BRACKETS else _AT_WORD)[context].match(text, at)
    return None, found.end() if found else 0


def _closed(text: str, at: int, end: int) -> int:
    """The end of a stamp that begins at `at`, and of the bracket around it where names alone stand behind it."""
    if text[at] not in "[(" or text[end - 1] in "])":
        return end
    closed = _CLOSE.match(text, end)
    return closed.end() if closed else end
