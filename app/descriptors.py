"""File descriptors: each connection is one, and a process may have only so many. Light: gunicorn's master loads it."""

from __future__ import annotations

import resource

OWN = 40
"""What a worker has open beside connections: logs, pipes, the loop."""
FOR_OTHERS = 64
"""Descriptors that streams leave free, for logs, pages and /healthz."""


def raise_limit(wanted: int) -> int:
    """Have this process, and those that it starts, open `wanted` files or as many as they may; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return limit()


def limit() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft


def room_for_streams(descriptor: int) -> bool:
    """Whether a stream on this descriptor leaves enough for others: it was the lowest that was free."""
    return descriptor < limit() - FOR_OTHERS
