"""Readers whose link is gone without a word: a laptop that was shut, a Wi-Fi left. Played with a network of our own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, Log, Server

pytestmark = pytest.mark.timeout(150)
VIEWERS = 20
TOKEN = "a-secret-of-this-test"
VIEW = """
import socket, sys, time
streams = []
for _ in range(int(sys.argv[3])):
    streams.append(socket.create_connection((sys.argv[1], int(sys.argv[2])), 10))
    request = f"GET /events HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer {sys.argv[4]}\\r\\n\\r\\n"
    streams[-1].sendall(request.encode())
    assert streams[-1].recv(12) == b"HTTP/1.1 200"
print("open", flush=True)
time.sleep(300)
"""


def ip(*words: str) -> None:
    """Runs `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Link:
    """A cable between this machine and another one that is played: a network namespace of its own."""

    def __init__(self) -> None:
        """Makes names and addresses that nobody else has."""
        number = os.getpid()
        self.space, self.near, self.far = f"tailplot{number}", f"tpn{number}", f"tpf{number}"
        self.network = f"10.213.{number % 250}"
        self.address = f"{self.network}.1"

    def lay(self) -> None:
        """Connects both ends."""
        ip("netns", "add", self.space)
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.space)
        ip("addr", "add", f"{self.address}/24", "dev", self.near)
        ip("link", "set", self.near, "up")
        ip("-n", self.space, "addr", "add", f"{self.network}.2/24", "dev", self.far)
        ip("-n", self.space, "link", "set", self.far, "up")

    def cut(self) -> None:
        """Takes the far end down: from now on nothing comes, not even a goodbye."""
        ip("-n", self.space, "link", "set", self.far, "down")

    def remove(self) -> None:
        """Leaves nothing behind."""
        subprocess.run(["ip", "netns", "del", self.space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.near], check=False, capture_output=True)


@pytest.fixture
def link() -> Iterator[Link]:
    """The cable, laid."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a network of our own needs root and ip (Debian: iproute2)")
    found = Link()
    try:
        found.lay()
        yield found
    finally:
        found.remove()


def clients(port: int, address: str) -> int:
    """How many streams the server believes in."""
    with socket.create_connection((address, port), 5) as connection:
        connection.sendall(f"GET /status.json HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            text = answer.read().decode()
    return int(text.partition('"clients":')[2].partition(",")[0])


@contextmanager
def guarded(folder: Path, log: Log) -> Iterator[Server]:
    """The program on all addresses, with a token, once it answers who has it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILPLOT_")}
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", str(log.path), "--host", "0.0.0.0", "-p", str(port)],
            cwd=folder,
            env=kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TAILPLOT_TOKEN": TOKEN},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, output)
    try:
        deadline = time.monotonic() + 15
        while not answers(port):
            assert process.poll() is None, server.log_text()
            assert time.monotonic() < deadline, server.log_text()
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    """Whether the server is there."""
    try:
        return clients(port, "127.0.0.1") == 0
    except OSError:
        return False


def test_viewers_whose_link_is_cut_are_forgotten_within_40_seconds(tmp_path: Path, log: Log, link: Link) -> None:
    log.append("step=1 loss=0.5\n")
    with ExitStack() as stack:
        server = stack.enter_context(guarded(tmp_path, log))
        viewers = subprocess.Popen(
            ["ip", "netns", "exec", link.space, sys.executable, "-c", VIEW]
            + [link.address, str(server.port), str(VIEWERS), TOKEN],
            stdout=subprocess.PIPE,
        )
        stack.callback(viewers.wait)
        stack.callback(viewers.kill)
        assert viewers.stdout
        stack.enter_context(viewers.stdout)
        assert viewers.stdout.readline() == b"open\n"
        assert clients(server.port, "127.0.0.1") == VIEWERS
        link.cut()
        began = time.monotonic()
        while clients(server.port, "127.0.0.1"):
            assert time.monotonic() - began < 40, server.log_text()
            time.sleep(0.2)
        print(f"forgotten after {time.monotonic() - began:.1f} s")
        assert server.stop() == 0
        said = server.log_text().splitlines()[1:]
        assert len([line for line in said if "[INFO]" in line]) == VIEWERS
        assert "Traceback" not in server.log_text()
