import threading

import pytest

from app import kept
from app.kept import BusyError, Kept


def test_what_was_made_is_not_made_again() -> None:
    answers = Kept(100)
    assert answers.get("a", lambda: b"1") == b"1"
    assert answers.get("a", lambda: b"2") == b"1"


def test_the_oldest_go_when_there_is_too_much() -> None:
    answers = Kept(3)
    for key in ("a", "b", "c", "d"):
        answers.get(key, key.encode)
    assert answers.get("a", lambda: b"n") == b"n"
    assert answers.get("d", lambda: b"n") == b"d"


def test_a_fault_in_the_making_reaches_who_asked_and_the_next_may_try() -> None:
    answers = Kept(100)

    def fail() -> bytes:
        raise TimeoutError("of the making itself")

    with pytest.raises(TimeoutError, match="itself"):
        answers.get("a", fail)
    assert answers.get("a", lambda: b"1") == b"1"


def test_who_waits_too_long_is_told_so_and_finds_it_made_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.01)
    answers, may_go_on, made = Kept(100), threading.Event(), threading.Event()

    def slow() -> bytes:
        may_go_on.wait(10)
        made.set()
        return b"slow"

    with pytest.raises(BusyError):
        answers.get("a", slow)
    with pytest.raises(BusyError):
        answers.get("b", lambda: b"not before the first one")
    may_go_on.set()
    assert made.wait(10)
    monkeypatch.setattr(kept, "PATIENCE", 10.0)
    assert answers.get("b", lambda: b"2") == b"2"
    assert answers.get("a", lambda: b"made twice") == b"slow"
