"""Actors for the tests: a log that grows, turns over, goes; the real program; no silent skips."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.browser.browsing"]

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 15.0  # seconds until /healthz must answer
STOPS_WITHIN = 10.0

# A busy machine is not a bug in the code under test; in CI the same examples every time.
settings.register_profile("tailplot", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tailplot")


class Log:
    """A log file as a trainer treats it; it does not exist before the first `append`."""

    def __init__(self, path: Path) -> None:
        """Takes the path; touches nothing."""
        self.path = path

    def append(self, text: str | bytes) -> None:
        """Writes at the end, at once, in one write."""
        with self.path.open("ab", buffering=0) as file:
            file.write(_bytes(text))

    def truncate(self) -> None:
        """Cuts the file to 0 bytes and keeps its inode (`: > train.log`)."""
        os.truncate(self.path, 0)

    def rotate(self) -> Path:
        """Renames the file to `NAME.1`, as logrotate does, starts an empty one, gives the old."""
        old = self.path.with_name(self.path.name + ".1")
        self.path.replace(old)
        self.path.touch()
        return old

    def replace(self, text: str | bytes) -> None:
        """Puts another file in its place in one step: new inode, never a moment without a file."""
        other = self.path.with_name(self.path.name + ".new")
        other.write_bytes(_bytes(text))
        other.replace(self.path)

    def rewrite(self, text: str | bytes) -> None:
        """Writes the file anew from its start, same inode (`open(path, "w")`)."""
        self.path.write_bytes(_bytes(text))

    def remove(self) -> None:
        """Deletes the file."""
        self.path.unlink()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log that does not exist yet."""
    return Log(tmp_path / "train.log")


class Server:
    """The program, running in a process group of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        """`output` is the file that takes the program's stdout and stderr."""
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.pid = process.pid
        self.output = output

    def log_text(self) -> str:
        """All that the program has printed so far."""
        return self.output.read_text(errors="replace")

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Sends one signal to the program's first process, waits, gives its exit code."""
        self.process.send_signal(sig)
        return self.process.wait(STOPS_WITHIN)

    def json(self, path: str) -> Any:
        """What a route says."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        """Whether /healthz says 200."""
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=2) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as error:
            error.close()  # it holds a socket, and a ResourceWarning is an error here
            return False
        except OSError:
            return False


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `python -m app ARGS` on a free port and gives it once it answers.

    It runs as `make run` runs it: in a folder that is not the program's own. Without the caller's
    TAILPLOT_* settings; `env` adds to the environment, `port` asks for one that was free before.
    """
    with contextlib.ExitStack() as servers:
        yield lambda *args, **given: servers.enter_context(serving(tmp_path, *args, **given))


@contextlib.contextmanager
def serving(
    folder: Path,
    *args: str | Path,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    **process: Any,
) -> Iterator[Server]:
    """The program with these arguments for as long as the block lasts, once it answers.

    As `serve`, for fixtures that are shared by a module, and for another `python` or further arguments of Popen.
    """
    port = port or _free_port()
    output = folder / f"server-{port}.txt"
    with output.open("wb") as file:
        started = subprocess.Popen(
            [python, "-m", "app", *map(str, args), "-p", str(port)],
            cwd=folder,
            env=_environment() | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **process,
        )
    server = Server(started, port, output)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        _end(server)


ORDINARY_USER = "tailplot"
Serving = tuple[Path, Callable[..., contextlib.AbstractContextManager[Server]]]


@pytest.fixture
def ordinary_serving() -> Iterator[Serving]:
    """A folder, and `serving` as somebody to whom chmod means something.

    That is whoever runs the tests; where that is root, the user `tailplot`. They may not be able to enter the folders
    of root's Python and of this repository, so they get a copy of the program, and Python and its packages through
    folders that were opened for them: such a path is not looked up from `/` again.
    """
    if os.geteuid() != 0:
        with tempfile.TemporaryDirectory(prefix="tailplot-") as folder:
            yield Path(folder), serving
        return
    try:
        pwd.getpwnam(ORDINARY_USER)
    except KeyError:
        pytest.skip(f"chmod means nothing to root, and there is no other user: useradd {ORDINARY_USER}")
    opened = [os.open(path, os.O_PATH) for path in (sys.base_prefix, sysconfig.get_path("purelib"))]
    base, packages = (f"/proc/self/fd/{fd}" for fd in opened)
    with tempfile.TemporaryDirectory(prefix="tailplot-") as name:
        folder, program = Path(name), Path(name) / "program"
        for part in ("app", "static", "templates"):
            shutil.copytree(ROOT / part, program / part)
        shutil.copy(ROOT / "gunicorn.conf.py", program)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, ORDINARY_USER, ORDINARY_USER)
        env = {
            "HOME": name,
            "LD_LIBRARY_PATH": f"{base}/lib",  # of a libpython
            "PYTHONPATH": f"{program}:{packages}",
        }

        def as_them(folder: Path, *args: str | Path) -> contextlib.AbstractContextManager[Server]:
            python = f"{base}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
            them = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": ()}
            return serving(folder, *args, python=python, env=env, pass_fds=opened, **them)

        yield folder, as_them
    for fd in opened:
        os.close(fd)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILPLOT_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while not server.answers():
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = server.process.wait(0.05)
            pytest.fail(f"the program ended with {code}:\n{server.log_text()}", pytrace=False)
        if time.monotonic() > deadline:
            pytest.fail(f"no answer in {STARTS_WITHIN:g} s:\n{server.log_text()}", pytrace=False)


def _end(server: Server) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.stop()
    # Workers of a killed master live on in its group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()


def _no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turns a skip into a failure that keeps the reason, where TAILPLOT_CI=1 asks for it."""
    if os.environ.get("TAILPLOT_CI") != "1" or hasattr(report, "wasxfail") or not report.skipped:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: skipped, and TAILPLOT_CI=1 allows no skip. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, a skipped test is a failed test."""
    report = yield
    _no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI, a module skipped whole (`importorskip`) is a failed one."""
    report = yield
    _no_skip(report)
    return report
