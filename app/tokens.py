"""What a message is made of: the table of its tokens, and patterns for what may stand beside one. Pure."""

from __future__ import annotations

import re

from app.rows import NUMBER

_UNIT = (
    r"%|[eE]pochs?|[bB]atch(?:es)?|[sS]teps?|[iI]ters?"
    r"|[a-zA-Z]{1,7}/(?:s|sec|second|step|it|iter|batch|epoch|sample|img|image|token)s?|secs?|mins?|hrs?|st|nd|rd|th"
    r"|ms|us|ns|f\d{1,2}|[kKMGT]i?[Bb]|dB|Hz|bps|[GMT]?FLOPS|[kKMGBTxsmhd]"
)
_END = r"(?![\w%]|[.,:-]\d|\.\w)"
TOKEN = re.compile(
    rf"""
    (?=[^\s!"$%&'?@^`}}\x00-\x08\x0e-\x1f\x7f]|\t|\s-)(?![-+\#/\\.]{{6}})(?:  # nothing begins otherwise
    (?P<skip>
        # a path; a file and a place in it; an address
        (?<![\w)\]])(?:[A-Za-z]:)?[\\/](?=[A-Za-z_.~])[^\s,;|"'()]*+
      | (?<![\w./\\<>-])[\w./\\<>-]*
        \.(?:py|cpp|cc|cu|hpp|h|c|java|go|rs|lua|ts|js|ipynb|yaml|yml|json|txt|pth?|pkl|ckpt)\b(?::\S*)?
      | [A-Za-z]++://\S*+
        # a date; a clock; a duration
      | \d{{1,4}}[-/.]\d\d?[-/.]\d{{2,4}}(?![\d.])(?:[T\ ]\d\d?:\d\d\S*+)?
      | (?<![\d.])\d++:\d\d(?::\d\d)*+(?:\.\d++)?(?!\d)
      | (?:\d{{1,6}}\ ?[dhm],?\ ?){{1,3}}\d++(?:\.\d++)?(?:s|m|h|ms)\b | \d++s\d++ms\b | \d++\ days?,
        # an address in memory, a hash
      | 0[xX][0-9a-fA-F]++ | (?<!\w)(?=[a-fA-F]*\d)(?=(?:\d*[a-fA-F]){{2}})[0-9a-fA-F]{{7,}}+\b
    )
  | (?P<range>  # 51-100batch
        (?:(?<=batches\ )|(?<=steps\ )|(?=\d{{1,12}}-\d{{1,12}}(?:batch|step|iter)))\d{{1,12}}-(?=\d)
    )
  | (?P<number>(?<=\[)\d{{1,4}}(?=,\d{{1,9}}(?:/\d++)?\])|\d{{1,3}}(?:,\d{{3}}){{1,6}}+(?:\.\d++)?|(?i:{NUMBER}))
    (?P<unit>{_UNIT})? {_END}
    (?:\ */\ *(?P<total>\d[\d,]*+(?:\.\d++)?)(?:[kKM]\b|(?P<whole>epoch|batch|step|iter)\w{{0,4}})?(?![\w/]|\.\d)
      | \ +(?:out\ +)?of\ +(?P<of>\d++)\b)?
  | (?P<word>
        \#\d++(?![\w/.])
      | (?:[^\W\d]|\.?\d++[A-Za-z])
        (?:[\w/%\#&^$]|[-.](?=\w)|'(?=s\b)|@(?:\d*\.\d+:\d*\.\d+(?=\s*[:=]|\s+[\d.])|[\d.]*\d|(?=[A-Za-z])))*+
        (?:\((?:train|valid|val|test|eval|dev)\))?
        (?:\ ?\((?:[^\W\d][\w%./]{{0,14}}(?:\(\w{{1,8}}\))?|\d{{1,4}}|%|↑|↓)\)(?=\s*[:=]))?
    )
  | (?P<junk>\.?\d[\w.:+-]*+)
  | (?P<plusminus>\+/-|±|\+-)
  | (?P<arrow>--?>|=+>|→)
  | (?P<separator>[:=：])
  | (?P<open>[\[(（]) | (?P<close>[\])）>])
  | (?P<brace>\{{)
  | (?P<cut>[,;|<•·*~，；｜、│┃━\u2014\u2013]|\s-+\s|\t)
    )
    """,
    re.VERBOSE,
)
"""The last group that matched names the token; `unit`, `total`, `whole` and `of` are parts of a `number`."""

# What stands right behind a number, or is called a unit.
ASIDE = re.compile(r"\s*\(([^()]*)\)")
PAIRS_ASIDE = re.compile(
    r"\s*(?!(?:avg|mean|best|std|ema|max|min|median|smoothed)\b)[^\W\d][\w /.-]*[:=]", re.IGNORECASE
)
"""In a bracket that speaks of more than the number before it: `0.5 (acc: 0.6)`."""
PERCENT = re.compile(r"\s*\(\s*([\d.]{1,9})\s*%\s*\)")
UNIT_WORD = re.compile(
    r"(?:s|ms|us|sec|secs|seconds?|mins?|minutes?|hours?|h|samples|images|imgs?|tokens|examples|epochs)"
    r"|[a-z]{1,9}/(?:s|sec|second|m|min|h|hr|hour|d|it|iter|step|batch|epoch|sample|img|image|token|ex|example|gpu)s?",
    re.IGNORECASE,
)

# What stands right behind a word.
WRAPPER = re.compile(r"(?:\w+\.)?(?:b?float|int)\d+|(?:\w+\.)?(?:tensor|array|DeviceArray)", re.IGNORECASE)
"""A word with its number in a bracket: `np.float64(0.36)`."""
NOTE = re.compile(r"\([^\W\d][^()\d:=,;|]{0,38}\)")
CALL = re.compile(r"\([^()\n]*[=,]")
PAIR = re.compile(r"\s*[:=]\s*[-+.\d]")
"""Behind a name: its value."""
