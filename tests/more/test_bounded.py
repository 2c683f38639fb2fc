"""Logs that are larger than memory should be: a line of 1 GiB, a hole of 4 GiB, 10 GiB out of a few MB of gzip."""

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Log, Server, serving

pytestmark = pytest.mark.timeout(300)
MEBIBYTE = 1 << 20
WITHIN = 280.0


def memory(server: Server, name: str) -> int:
    """VmRSS, or VmHWM (the most that it has been), of the worker, in bytes."""
    text = Path(f"/proc/{worker(server)}/status").read_text()
    return 1024 * int(text.split(f"{name}:")[1].split()[0])


def worker(server: Server) -> int:
    """The process that reads the logs."""
    pid: int = server.json("/status.json")["worker"]
    return pid


def status(server: Server) -> dict[str, Any]:
    """What the server knows of its log."""
    found: dict[str, Any] = server.json("/status.json")["runs"]["train"]
    return found


def steps(server: Server) -> list[float]:
    """The steps of the loss."""
    metrics = server.json("/metrics.json")["runs"]["train"]["metrics"]
    return metrics["loss"]["step"] if "loss" in metrics else []


def until(server: Server, met: Callable[[], bool]) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + WITHIN
    while not met():
        assert time.monotonic() < deadline, (status(server), steps(server))
        time.sleep(0.05)


class Growth:
    """How much the server takes in memory beyond what it took at first."""

    def __init__(self, server: Server) -> None:
        """Counts from now."""
        self.server, self.first = server, memory(server, "VmRSS")
        Path(f"/proc/{worker(server)}/clear_refs").write_text("5")  # forgets the most that it has been, proc(5)

    def at_most(self) -> float:
        """MB at the worst moment; printed with what has stayed."""
        most = (memory(self.server, "VmHWM") - self.first) / 1e6
        print(f"{most:.1f} MB more at most, {(memory(self.server, 'VmRSS') - self.first) / 1e6:.1f} MB stayed")
        return most


@pytest.fixture
def served(tmp_path: Path, log: Log) -> Iterator[Server]:
    """The program, which has read one line of its log, and has answered everything that is asked here once."""
    log.append("step=1 loss=0.5\n")
    with serving(tmp_path, log.path) as server:
        until(server, lambda: steps(server) == [1])
        yield server


def test_a_line_of_one_gibibyte_takes_8_mb_and_costs_itself_alone(log: Log, served: Server) -> None:
    growth = Growth(served)
    for _ in range(1024):
        log.append(b"a" * MEBIBYTE)
    log.append("\nstep=2 loss=0.25\n")
    until(served, lambda: status(served)["offset"] == log.path.stat().st_size)
    assert steps(served) == [1, 2]
    assert status(served)["skipped"]["too long"] == 1
    assert growth.at_most() < 8


def test_a_hole_of_4_gib_is_not_read(log: Log, served: Server) -> None:
    growth = Growth(served)
    before = read_bytes(served)
    os.truncate(log.path, 0)
    os.truncate(log.path, 4 << 30)
    log.append("step=4 loss=0.125\n")
    until(served, lambda: steps(served) == [1, 4])
    until(served, lambda: status(served)["offset"] == status(served)["size"] == log.path.stat().st_size)
    assert read_bytes(served) - before < 16 * MEBIBYTE
    assert growth.at_most() < 5


def read_bytes(server: Server) -> int:
    """Bytes that the worker has read so far, from caches too."""
    return int(Path(f"/proc/{worker(server)}/io").read_text().split("rchar:")[1].split()[0])


def bomb(path: Path, gibibytes: int) -> None:
    """A gzip file of one member that makes so much of zeros; its end is missing, so far nobody should come."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(16 * MEBIBYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    with path.open("wb") as file:
        file.write(b"\x1f\x8b\x08" + bytes(6) + b"\xff")
        for _ in range(64 * gibibytes):
            file.write(block)
        file.write(b"\x03\x00" + struct.pack("<II", 0, 0))


def test_ten_gibibytes_out_of_gzip_stop_at_the_limit(tmp_path: Path, log: Log) -> None:
    bomb(log.path.with_name(log.path.name + ".2.gz"), 10)
    log.path.with_name(log.path.name + ".1").write_text("step=1 loss=0.5\n")
    log.append("step=2 loss=0.25\n")
    with serving(tmp_path, log.path, "--rotated") as server:
        growth = Growth(server)
        until(server, lambda: 2 in steps(server))
        assert "history" in [notice["kind"] for notice in status(server)["notices"]]
        assert growth.at_most() < 20
