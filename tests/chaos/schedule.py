"""What goes wrong in a chaos run, and when: the same for the same seed."""

import random
from collections.abc import Callable, Iterator
from typing import Any

Step = dict[str, Any]
"""`gap` in s before it; `kind`: write, pause, A, B, C, server, proxy; `do`: the command; `args` of it."""

WEIGHTS = {"write": 50, "pause": 10, "A": 18, "B": 5, "C": 4, "server": 3, "proxy": 10}
HARMLESS = {
    "rotate": 6,
    "away": 2,
    "parent": 1,
    "chmod": 2,
    "mode": 3,
    "reopen": 2,
    "tear": 6,
    "touch": 1,
    "hard_link": 1,
}
"""What may cost nothing at any time, by frequency."""
DESTRUCTIVE = (
    "truncate",
    "truncate",
    "rewrite_larger",
    "rewrite_larger",
    "same_size",
    "recreate",
    "replace",
    "rotate_twice",
)
"""What may cost nothing where the reader had caught up."""
SERVER = ("end", "kill_worker", "kill_worker", "kill_all", "freeze")
MODES = ("append", "plain", "reopen", "block")
FROZEN_S = 5.0
BURST = 10_000
FOR_EVER_AGO, FAR_AHEAD = 0, 4_070_908_800


def steps(seed: int, rate: float, *, linked: bool = False) -> Iterator[Step]:
    """The steps of a run without end."""
    chance = random.Random(seed)
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        kind = chance.choices(kinds, weights)[0]
        do, args = _MAKE[kind](chance, rate, linked)
        yield {"gap": _gap(chance), "kind": kind, "do": do, "args": args}


def _gap(chance: random.Random) -> float:
    """None, about the time of a poll, or long, in s."""
    r = chance.random()
    return round(0.0 if r < 0.3 else chance.uniform(0, 0.3) if r < 0.7 else chance.uniform(0.3, 3), 3)


def _write(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    huge = chance.random() < 0.01
    return "write", {"lines": BURST if huge else chance.randint(1, max(2, int(rate / 4)))}


def _pause(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    return "idle", {"for_s": round(chance.choice((0.2, 1.0, 1.0, 6.0)) * chance.uniform(0.2, 1), 3)}


def _harmless(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    if linked and chance.random() < 0.15:
        return "switch", {"stale_s": _stale(chance)}
    do = chance.choices(list(HARMLESS), list(HARMLESS.values()))[0]
    return do, {
        "rotate": lambda: {"stale_s": _stale(chance), "create": chance.random() < 0.5, "both": chance.random() < 0.3},
        "away": lambda: {"for_s": round(chance.uniform(0, 2), 3)},
        "parent": lambda: {"for_s": round(chance.uniform(0, 2), 3)},
        "chmod": lambda: {"for_s": round(chance.uniform(0, 3), 3)},
        "mode": lambda: {"mode": chance.choice(MODES)},
        "tear": lambda: {"for_s": round(chance.uniform(0.2, 3), 3)},
        "touch": lambda: {"at": chance.choice((FOR_EVER_AGO, FAR_AHEAD))},
    }.get(do, dict)()


def _stale(chance: random.Random) -> float:
    return 0.0 if chance.random() < 0.3 else round(chance.uniform(0.05, 4), 3)


def _destructive(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    return chance.choice(DESTRUCTIVE), {}


def _server(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    do = chance.choice(SERVER)
    checked = {} if do == "freeze" else {"audit": chance.random() < 0.5}
    return do, checked | ({"index": chance.randrange(8)} if do == "kill_worker" else {})


def _proxy(chance: random.Random, rate: float, linked: bool) -> tuple[str, Step]:
    mode, args = chance.choice(
        [
            ("blackhole", {"for_s": chance.uniform(1, 30)}),
            ("delay", {"ms": chance.uniform(5, 800), "for_s": chance.uniform(1, 10)}),
            ("dribble", {"bytes_per_s": chance.choice((100, 1000, 10_000)), "for_s": chance.uniform(1, 10)}),
            ("cut", {"after_bytes": chance.choice((1, 100, 1000, 10_000, 100_000)), "for_s": chance.uniform(1, 10)}),
            ("rst", {"for_s": chance.uniform(0.1, 2)}),
            ("reply502", {"for_s": chance.uniform(0.5, 10)}),
            ("buffer_until_close", {"for_s": chance.uniform(1, 15)}),
        ]
    )
    args = {name: round(value, 3) for name, value in args.items()}
    return "fault", {"mode": mode, "args": args, "share": round(chance.uniform(0.1, 1), 2)}


_MAKE: dict[str, Callable[[random.Random, float, bool], tuple[str, Step]]] = {
    "write": _write,
    "pause": _pause,
    "A": _harmless,
    "B": _destructive,
    "C": _destructive,
    "server": _server,
    "proxy": _proxy,
}
