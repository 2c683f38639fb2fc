"""What gunicorn says in the server's log, made short where it is no news. Light: gunicorn's master loads it."""

from __future__ import annotations

import errno
import logging

GONE = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN}
SOCKET_ERROR = "Socket error processing request."


def shorten(record: logging.LogRecord) -> bool:
    """A filter for gunicorn's logger: a reader that went is one line, and nothing is printed as a client wrote it.

    gunicorn knows resets and broken pipes for what they are, but prints a traceback for each reader that stalled.
    """
    error = record.exc_info[1] if record.exc_info else None
    if record.msg == SOCKET_ERROR and isinstance(error, OSError) and _gone(error):
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        record.msg = "a reader took nothing any more, so its connection was closed: %s"
        record.args = (error.strerror or str(error),)
        record.exc_info = None
    said = record.getMessage()
    if not said.isprintable():
        record.msg, record.args = "%s", (ascii(said)[1:-1],)
    return True


def _gone(error: OSError) -> bool:
    return isinstance(error, TimeoutError) or error.errno in GONE
