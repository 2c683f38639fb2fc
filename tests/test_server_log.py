import errno
import logging
import sys

import pytest

from app.server_log import SOCKET_ERROR, shorten


def said(message: object, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    """The record as it goes out."""
    try:
        if error:
            raise error
    except BaseException:
        found = sys.exc_info()
    record = logging.LogRecord("gunicorn.error", logging.ERROR, "", 1, message, args, found if error else None)
    assert shorten(record)
    return record


@pytest.mark.parametrize(
    "error", [TimeoutError("timed out"), OSError(errno.ETIMEDOUT, "x"), OSError(errno.EHOSTUNREACH, "x")]
)
def test_a_reader_that_stalled_is_one_line_of_information(error: OSError) -> None:
    record = said(SOCKET_ERROR, error=error)
    assert (record.levelname, record.exc_info) == ("INFO", None)
    assert "\n" not in logging.Formatter().format(record)


@pytest.mark.parametrize(("message", "error"), [(SOCKET_ERROR, OSError(errno.EIO, "x")), ("other", TimeoutError())])
def test_any_other_fault_keeps_its_traceback(message: str, error: OSError) -> None:
    record = said(message, error=error)
    assert record.levelname == "ERROR"
    assert "Traceback" in logging.Formatter().format(record)


def test_nothing_is_printed_as_a_client_wrote_it() -> None:
    assert said("Invalid request from %s", "\x1b[31m\nFAKE").getMessage() == r"Invalid request from \x1b[31m\nFAKE"
