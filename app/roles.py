"""Which numbers of a message count: step, epoch and their totals, by their names or by where they stand. Pure."""

from __future__ import annotations

import re

from app.names import COUNTED, HINGE, MANY, MOST, SPLITS, STEP_RANK, folded_of, is_metric, role_of
from app.rows import Fields
from app.scan import DURATIONS, Numeral, Scan

Roles = dict[int, str]
"""Which numerals count: index → step, within (a step of its epoch), episode, weak, epoch, total, progress, passed."""

NO_COUNT = frozenset(
    "gpu gpus rank worker node device layer class env process proc line head block stage cpu core port seed top"
    " id".split()
)
"""`GPU 0: …` and the like say where, not when."""
NO_METRIC = frozenset("gpu gpus rank worker node device process proc pid port seed cpu core id".split())
"""Nor are these measured, however they are printed: `rank: 2`."""
_GLUED = ("epoch", "batch", "step", "iter")
_SHORT = {"s": "step", "i": "step", "it": "step", "b": "step", "e": "epoch"}
_FOREIGN_HEAD = re.compile(r"^[^\x00-\x7f]+(?=[A-Za-z])")


def roles_of(found: Scan) -> Roles:
    """The numerals that count, and as what."""
    roles: Roles = {}
    for index, numeral in enumerate(found.numerals):
        role = _by_name(numeral) or (
            _by_place(found, index, roles) if numeral.value % 1 == 0 and not numeral.unit else ""
        )
        if role:
            roles[index] = role
    if "weak" in roles.values() and {"step", "within", "episode"} & set(roles.values()):
        return {index: role for index, role in roles.items() if role != "weak"}
    return roles


def counts_of(found: Scan, roles: Roles) -> Fields:
    """The step and the epoch that the numerals with these roles say, and their totals."""
    numerals = found.numerals
    chosen = {role: numerals[index] for index, role in reversed(roles.items())}
    steps = [numerals[index] for index, role in roles.items() if role == "step"]
    step = min(steps, key=_rank, default=None) or next(
        (chosen[role] for role in ("within", "episode", "weak") if role in chosen), None
    )
    fields: Fields = {}
    epoch = chosen.get("epoch")
    if epoch:
        fields["epoch"] = epoch.value
        if epoch.total is not None:
            fields["@epochs"] = epoch.total
    if step:
        fields["step"] = step.count
        if step.total is not None:
            fields["@total"] = step.total
        if step is chosen.get("within"):
            fields["@within"] = 1.0
    if not fields and "progress" in chosen:
        fields["step"] = chosen["progress"].value
    return fields


def _rank(numeral: Numeral) -> int:
    """Which of several steps on a line is the step: a small number comes first."""
    names = folded_of("_".join(numeral.words[-2:])), folded_of("".join(numeral.words[-1:]))
    return min(STEP_RANK.get(name, len(STEP_RANK)) for name in names)


def _by_name(numeral: Numeral) -> str:
    """The role of a numeral whose name counts, "passed" for a count of something else, "" for no count."""
    words = numeral.words
    if numeral.unit.lower().startswith(_GLUED):
        return role_of(numeral.unit)  # `2epoch`
    if not words or numeral.unit in DURATIONS:
        return ""
    last = _FOREIGN_HEAD.sub("", words[-1].partition("(")[0]) or words[-1]
    role = role_of(last)
    if role not in COUNTED and len(words) > 1:
        role = role_of(f"{words[-2]}_{last}")
    if role not in COUNTED:
        in_split = numeral.opened and numeral.total is not None and all(word.lower() in SPLITS for word in words)
        return "step" if in_split else ""  # `[Train 980/1882]`
    return _unless_measured(numeral, role)


def _unless_measured(numeral: Numeral, role: str) -> str:
    """The role, unless the number is a measured one all the same: `time per iteration`, `training acc over epoch`."""
    before = {word.lower() for word in numeral.words[:-1]}
    if "per" in before or (role != "progress" and "%" in numeral.unit):
        return ""
    if numeral.value % 1 and is_metric(" ".join(numeral.words[:-1])):
        return ""
    return "passed" if before & MOST and role != "progress" else role


def _by_place(found: Scan, index: int, roles: Roles) -> str:
    """The role of a whole number without a counting name, by where it stands; "" for none."""
    numeral = found.numerals[index]
    following = found.numerals[index + 1] if index + 1 < len(found.numerals) else None
    if numeral.words:
        return _by_what_follows(numeral, following, first=index == 0)
    before = roles.get(index - 1, "")
    if before == "epoch" and _goes_with_epoch(found.numerals[index - 1], numeral):
        return "within"
    if before == "passed" and found.numerals[index - 1].opened == "[" and numeral.joined == ":":
        return "step"  # `[3 :  12100]`
    if index or any(numerals == 0 for numerals, _ in found.alone):
        return ""
    return _at_head(numeral, following)


def _at_head(numeral: Numeral, following: Numeral | None) -> str:
    """The role of a whole number that a message begins with."""
    if numeral.opened == "[" and following and not following.words:
        if following.joined == "," or (following.joined == "][" and following.total is not None):
            return "epoch"  # `[1,  2000]`, `[1/25][100/1583]`
        if following.joined == ":":
            return "passed"  # `[3 :  12100]`
    heads = following is not None and following.explicit and following.joined[:1] in ("[", "|")
    in_bracket = numeral.opened == "[" and (numeral.closed or (following is not None and _by_name(following) != ""))
    return "step" if in_bracket or numeral.colon or numeral.total is not None or heads else ""


def _by_what_follows(numeral: Numeral, following: Numeral | None, *, first: bool) -> str:
    """The role of a number behind a name that does not count by itself."""
    if not following:
        return ""
    in_bracket = following.total is not None and not following.words and following.opened
    if in_bracket and all(word.lower() in SPLITS for word in numeral.words):
        return "epoch"  # `Train: 3 [20/88 (23%)]`
    if not first:
        return ""
    if numeral.explicit:
        return _SHORT.get(numeral.words[0].lower(), "") if len(numeral.words) == 1 else ""  # `s:100 loss:0.5`
    is_heading = numeral.colon and following.words and numeral.words[-1].lower() not in NO_COUNT
    return "weak" if is_heading else ""  # `Phase 7: loss=0.5`


def _goes_with_epoch(epoch: Numeral, numeral: Numeral) -> bool:
    """Whether a number without a name, right behind an epoch, is the step in it: `[3][7/500]`, `epoch 3: 7 / 500`."""
    return bool(numeral.opened) or numeral.total is not None or (numeral.joined == "," and epoch.opened == "[")


def is_only_mentioned(found: Scan, roles: Roles) -> bool:
    """Whether a line without metrics only mentions a count: `saving checkpoint at step 1000`, `on iteration: 30`."""
    words = [word.lower() for word in found.numerals[min(roles)].words]
    if not words:
        return found.numerals[min(roles)].unit == ""  # a number by its place alone
    return any(word in HINGE for word in words[:-1]) or bool(words and words[-1] in MANY)
