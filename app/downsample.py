"""The few points of a long series that draw the same curve: ends, extremes, gaps. Pure."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def downsample(y: NDArray[np.float64], n: int) -> Indices:
    """At most `n` strictly rising indices that keep what an eye would miss.

    Kept are the first and last point, the smallest and largest finite value of each of about
    n/2 buckets of equal count (so one bad step is never lost), and in each bucket its first
    NaN or ±inf, so that a gap shows. With non-finite values the buckets are about n/3; at
    n = 4 there is no room for a gap. A series of at most `n` points is kept whole.

    Raises:
        ValueError: `n` is below 4, which cannot hold both ends and both extremes.
    """
    if n < 4:
        raise ValueError(f"n must be at least 4 (both ends, minimum, maximum); got {n}")
    if len(y) <= n:
        return np.arange(len(y), dtype=np.intp)
    ends = np.array([0, len(y) - 1], dtype=np.intp)
    low, high, gap = _extremes(y, (n - 2) // 2)
    if len(gap):
        low, high, gap = _extremes(y, max(1, (n - 2) // 3))
    kept = _sorted(ends, low, high, gap)
    return kept if len(kept) <= n else _sorted(ends, low, high)


def _sorted(*indices: Indices) -> Indices:
    """All of these, each once; np.unique hashes them, which takes many times as long."""
    every = np.concatenate(indices)
    every.sort()
    return every[np.concatenate(([True], every[1:] != every[:-1]))]


def _extremes(y: NDArray[np.float64], buckets: int) -> tuple[Indices, Indices, Indices]:
    """The indices of each bucket's minimum, maximum and first non-finite value."""
    size, longer = divmod(len(y), buckets)
    # Two even parts, the first with buckets one longer: each is one reshape and no copy.
    cut = longer * (size + 1)
    parts = [_of_rows(y[:cut].reshape(longer, size + 1), 0)] if longer else []
    parts.append(_of_rows(y[cut:].reshape(buckets - longer, size), cut))
    low, high, gap = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    return low, high, gap


def _of_rows(rows: NDArray[np.float64], start: int) -> tuple[Indices, Indices, Indices]:
    """`_extremes` for a part whose buckets are the rows; `start` is its first index."""
    first = start + np.arange(len(rows), dtype=np.intp) * rows.shape[1]
    low, high = rows.argmin(axis=1), rows.argmax(axis=1)
    # argmin and argmax both stop at a NaN, argmax at inf, argmin at -inf: two values a row
    # tell whether the row is finite, without a pass over all points.
    each = np.arange(len(rows))
    broken = ~(np.isfinite(rows[each, low]) & np.isfinite(rows[each, high]))
    if not broken.any():
        return first + low, first + high, np.empty(0, dtype=np.intp)
    some = rows[broken]  # a copy, so that the non-finite values can be painted over
    finite = np.isfinite(some)
    painted = np.flatnonzero(~finite)
    some.reshape(-1)[painted] = np.inf
    low[broken] = some.argmin(axis=1)
    some.reshape(-1)[painted] = -np.inf
    high[broken] = some.argmax(axis=1)
    filled = np.ones(len(rows), dtype=np.bool_)
    filled[broken] = finite.any(axis=1)
    gap = first[broken] + finite.argmin(axis=1)
    return (first + low)[filled], (first + high)[filled], gap
