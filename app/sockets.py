"""The sockets of readers: how long one may take nothing before its connection is closed."""

from __future__ import annotations

import socket

STALL = 20
"""Seconds in which a reader that is sent something must take a part of it."""
WHOLE_ANSWER = 60
"""The same where nobody but Python looks at the clock: for all that one call sends."""
STREAM_BUFFER = 128 * 1024
SMALL_BUFFER = 16 * 1024
KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))


def has_deadline(connection: socket.socket) -> bool:
    """Whether the kernel itself can let go of a reader that takes nothing: on TCP, under Linux."""
    return connection.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT")


def set_deadline(listener: socket.socket) -> None:
    """Let go of a reader that is gone without a word or takes nothing; what a listener accepts inherits it.

    The kernel's clock begins anew whenever the reader has room for a whole segment again. Over loopback these have
    64 KB, so a reader of few KB a second may be cut too, and comes back. `settimeout` would count all that one
    `sendall` sends: a picture of 3 MB would never come through to a phone that reads 100 KB a second.
    """
    if listener.family == socket.AF_UNIX:
        return
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if has_deadline(listener):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL * 1000)


def begin_answer(connection: socket.socket) -> None:
    """Set the deadline for writing where the kernel has none: unix sockets, and other systems."""
    if not has_deadline(connection):
        connection.settimeout(WHOLE_ANSWER)


def begin_stream(connection: socket.socket) -> None:
    """Keep little in the kernel for one reader, and wait for none that takes nothing."""
    set_deadline(connection)
    if has_deadline(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER)
        return
    # A unix socket takes bytes again when three quarters of its buffer are empty: that must not take a slow one 20 s.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    connection.settimeout(STALL)


def last_answer(connection: socket.socket) -> None:
    """Have the connection closed after this answer, not kept for a next request: gunicorn asks no application."""
    connection.shutdown(socket.SHUT_RD)
