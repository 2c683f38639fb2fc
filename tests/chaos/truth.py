"""The value that each line of a chaos run must have: a client checks every point from its own number alone."""

import math

import numpy as np

_MIX = 2654435761
_known = np.empty(0)


def loss_of(k: int) -> float:
    """The loss of line `k`, as the nine digits that are printed say it; nan on every 97th line."""
    return math.nan if k % 97 == 0 else float(f"{k * _MIX % 2**32 / 2**32:.9g}")


def losses(until: int) -> np.ndarray:
    """`loss_of(k)` for each k below `until`, float64; grown as needed, so cheap to ask for again."""
    global _known
    if len(_known) < until:
        more = max(until, 2 * len(_known), 4096)
        _known = np.array([*_known, *map(loss_of, range(len(_known), more))])
        _known.flags.writeable = False
    return _known[:until]
