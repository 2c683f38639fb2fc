"""slices: whatever it is cut into, all of it comes, in pieces that take about 2 ms."""

import pytest

from app import slices
from app.slices import SMALLEST, Slices


@pytest.mark.parametrize("size", [0, 1, SMALLEST, 100_000])
def test_the_pieces_are_the_whole(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pieces = list(Slices(4096).of(content))
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= 4096 for piece in pieces)


@pytest.mark.parametrize(("nanoseconds", "sizes"), [(10, [1024, 2048, 4096, 8192]), (4000, [1024, 1024, 1024, 1024])])
def test_a_piece_is_as_much_as_two_milliseconds_of_work(
    nanoseconds: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(slices.time, "perf_counter", lambda: now[0])
    taken = []
    for piece in Slices(8192).of(bytes(sum(sizes))):
        taken.append(len(piece))
        now[0] += len(piece) * nanoseconds / 1e9
    assert taken == sizes


def test_the_others_have_their_turn_after_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    monkeypatch.setattr(slices.hub, "breathe", lambda: turns.append(1))
    assert len(list(Slices(SMALLEST).of(bytes(5 * SMALLEST)))) == len(turns) == 5
