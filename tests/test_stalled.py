"""Readers that take nothing, go, or are too many, at a real gunicorn: each costs only itself, and not for long."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, Log, Server, serving
from tests.sse import Viewer, watch

STALL = 2


def shortened(folder: Path) -> dict[str, str]:
    """The environment of a program that waits for no reader longer than 2 s."""
    control = folder / "faults.json"
    control.write_text(json.dumps({"constants": {"app.sockets": {"STALL": STALL}}}))
    return {"FAULTS": str(control), "PYTHONPATH": f"{ROOT / 'tests' / 'chaos' / 'site'}:{ROOT}"}


def points(first: int, count: int) -> str:
    """Lines that make large events: 8 points each."""
    names = ["loss", *(f"loss{number}" for number in range(7))]
    rows = ({"step": step} | {name: round(step / 7, 6) for name in names} for step in range(first, first + count))
    return "".join(json.dumps(row) + "\n" for row in rows)


def until(met: Callable[[], bool], server: Server, within: float = 20.0) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline, server.log_text()
        time.sleep(0.02)


def clients(server: Server) -> int:
    """How many streams the server believes in."""
    count: int = server.json("/status.json")["clients"]
    return count


def worker(server: Server) -> int:
    """The process of the one worker."""
    return int(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0])


def descriptors(server: Server) -> int:
    """How many files the worker has open."""
    return len(list(Path(f"/proc/{worker(server)}/fd").iterdir()))


def asked(address: tuple[str, int] | str, path: str = "/events", buffer: int = 4096) -> socket.socket:
    """A connection that has asked for something; what nobody reads of the answer fills its small buffer."""
    connection = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(10)
    connection.connect(address)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


@contextmanager
def left_open(*connections: socket.socket) -> Iterator[None]:
    """The connections, closed in the end."""
    with ExitStack() as stack:
        for connection in connections:
            stack.enter_context(connection)
        yield


def answer_of(address: str) -> bytes:
    """The first bytes of what /healthz says."""
    with asked(address, "/healthz") as connection:
        return connection.recv(100)


# -- stalled -------------------------------------------------------------------------------------------


def test_readers_that_take_nothing_are_let_go_in_one_line_each_and_disturb_nobody(
    tmp_path: Path, log: Log, serve: Callable[..., Server]
) -> None:
    log.append(points(0, 15_000))
    server = serve(log.path, env=shortened(tmp_path))
    viewers = [Viewer(server.port) for _ in range(5)]
    for viewer in viewers:
        viewer.open()
    with left_open(*(asked(("127.0.0.1", server.port)) for _ in range(30))):
        until(lambda: clients(server) == 35, server)
        watch(viewers, lambda: all(len(viewer.steps()) >= 15_000 for viewer in viewers), 40)
        watch(viewers, lambda: server.log_text().count("[INFO]") == 30, 20)
        log.append(points(15_000, 1))
        watch(viewers, lambda: all(len(viewer.steps()) >= 15_001 for viewer in viewers))
        assert clients(server) == 5
    assert [(viewer.opened, viewer.resets) for viewer in viewers] == [(1, 0)] * 5
    for viewer in viewers:
        viewer.close()
    said = server.log_text().splitlines()[1:]
    assert len(said) == 30
    assert {line.partition("[INFO] ")[2] for line in said} == {
        "a reader took nothing any more, so its connection was closed: Connection timed out"
    }


def test_a_reader_that_is_slow_but_reads_is_not_let_go(tmp_path: Path, log: Log, serve: Callable[..., Server]) -> None:
    log.append(points(0, 15_000))
    server = serve(log.path, env=shortened(tmp_path))
    with left_open(reader := asked(("127.0.0.1", server.port), buffer=65536)):
        began = time.monotonic()
        while time.monotonic() - began < 3 * STALL:  # far longer than the deadline, in which not all fits
            assert reader.recv(8192)
            time.sleep(0.05)
        assert clients(server) == 1
    assert "[INFO]" not in server.log_text()


def test_a_reader_of_any_other_answer_may_not_stall_either(
    tmp_path: Path, log: Log, serve: Callable[..., Server]
) -> None:
    log.append(points(0, 20_000))
    server = serve(log.path, env=shortened(tmp_path))
    until(lambda: server.json("/status.json")["runs"]["train"]["lines"] >= 20_000, server, 40)
    before = descriptors(server)
    with left_open(asked(("127.0.0.1", server.port), "/metrics.json")):
        until(lambda: descriptors(server) > before, server)
        until(lambda: "[INFO]" in server.log_text(), server)
    assert len(server.log_text().splitlines()) == 2


@pytest.mark.parametrize("path", ["/events", "/healthz"])
def test_a_unix_socket_is_served_and_its_stalled_readers_are_let_go(tmp_path: Path, log: Log, path: str) -> None:
    log.append(points(0, 15_000))
    address, output = str(tmp_path / "s"), tmp_path / "out"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILPLOT_")}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-b", f"unix:{address}", "wsgi:app"],
            cwd=ROOT,
            env=kept | shortened(tmp_path) | {"TAILPLOT_LOGS": str(log.path), "PYTHONUNBUFFERED": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, 0, output)
    try:
        until(lambda: Path(address).exists() and b"200 OK" in answer_of(address), server)
        with left_open(*(connections := [asked(address, path) for _ in range(5)])):
            for connection in connections:
                assert connection.recv(15) == b"HTTP/1.1 200 OK"
            if path == "/events":
                until(lambda: server.log_text().count("[INFO]") == 5, server)
            else:  # kept alive: settings of the socket do not harm the next request
                for connection in connections:
                    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    answer = b""
                    while answer.count(b"ok\n") < 2:
                        piece = connection.recv(4096)
                        assert piece
                        answer += piece
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "Traceback" not in server.log_text()
    assert "WARNING" not in server.log_text()


# -- gone ----------------------------------------------------------------------------------------------


def test_readers_that_go_are_noticed_though_nothing_is_written(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    clients(server)
    before = descriptors(server)
    for _ in range(200):
        with asked(("127.0.0.1", server.port)) as connection:
            assert connection.recv(1)
    until(lambda: clients(server) == 0, server, 3)  # less than the 8 s between two writes
    until(lambda: abs(descriptors(server) - before) <= 2, server)
    assert len(server.log_text().splitlines()) == 1


def test_a_next_request_that_comes_early_is_no_goodbye_and_costs_nothing(
    log: Log, serve: Callable[..., Server]
) -> None:
    server = serve(log.path)
    with asked(("127.0.0.1", server.port)) as connection:
        until(lambda: clients(server) == 1, server)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        before = processor_seconds(server)
        time.sleep(1.0)
        assert processor_seconds(server) - before < 0.5  # a loop that turns in vain takes all of it
        assert clients(server) == 1


def processor_seconds(server: Server) -> float:
    """What the worker has taken so far."""
    fields = Path(f"/proc/{worker(server)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- too many ------------------------------------------------------------------------------------------


def test_more_viewers_than_the_system_allows_files_are_refused_in_words(tmp_path: Path, log: Log) -> None:
    with serving(
        tmp_path, log.path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    ) as server:
        connections = [asked(("127.0.0.1", server.port)) for _ in range(300)]
        with left_open(*connections):
            heads = [connection.recv(12)[9:] for connection in connections]
            opened = heads.count(b"200")
            assert 150 < opened < 256
            assert heads == [b"200"] * opened + [b"503"] * (300 - opened)
            words = f"too many live viewers ({opened}: the system allows 256 open files here, see ulimit -n)"
            with connections[-1].makefile("rb") as refusal:  # to its end: a refused connection is not kept
                assert words.encode() in refusal.read()
            assert server.answers()
            assert clients(server) == opened
        assert server.stop() == 0
        assert len(server.log_text().splitlines()) == 2


def test_a_low_limit_of_files_that_may_be_raised_is_raised(tmp_path: Path, log: Log) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = 256
    with serving(
        tmp_path, log.path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    ) as server:
        limits = Path(f"/proc/{worker(server)}/limits").read_text()
        assert int(limits.partition("Max open files")[2].split()[0]) > low


# -- the end -------------------------------------------------------------------------------------------


def test_nobody_who_is_connected_holds_up_the_end(log: Log, serve: Callable[..., Server]) -> None:
    log.append(points(0, 5_000))
    server = serve(log.path)
    address = ("127.0.0.1", server.port)
    streams = [asked(address) for _ in range(205)]  # stalled ones: nobody reads
    idle = [asked(address, "/healthz") for _ in range(50)]
    with left_open(*streams, *idle):
        for connection in idle:
            assert connection.recv(1)
        until(lambda: clients(server) == 205, server)
        assert server.stop() == 0
        assert server.log_text().splitlines()[1:] == ["Server shutting down!"]


def test_the_server_starts_and_serves_without_a_warning(log: Log, serve: Callable[..., Server]) -> None:
    """A MonkeyPatchWarning above all. gunicorn leaves its heartbeat's file to be closed by the system."""
    log.append("step=1 loss=0.5\n")
    server = serve(log.path, env={"PYTHONWARNINGS": "always,ignore::ResourceWarning"})
    for path in ("/status.json", "/figure.json", "/metrics.json"):
        server.json(path)
    server.stop()
    assert "Warning" not in server.log_text()
