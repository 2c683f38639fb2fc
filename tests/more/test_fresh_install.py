"""As a newcomer meets it: a fresh clone, an empty environment, the commands of the README."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLS_WITHIN = 300.0


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of the files that git knows, without what this machine has installed beside them."""
    copy = tmp_path_factory.mktemp("newcomer") / "tail plot"  # a blank in the path, as people have
    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, names.splitlines()):
        if (ROOT / name).is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return copy


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment() -> dict[str, str]:
    """The caller's, without what `make test` or this test run put into it."""
    ours = ("TAILPLOT", "PYTHON", "MAKE", "MFLAGS", "VIRTUAL_ENV", "LOG")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@contextlib.contextmanager
def running(command: list[str], cwd: Path, output: Path, **more: str):
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment() | more, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fetched(url: str, within: float, process: subprocess.Popen, output: Path) -> bytes:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read()
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended with {process.wait(0.2)}:\n{output.read_text()}")
    pytest.fail(f"no answer in {within:g} s:\n{output.read_text()}")


@pytest.mark.timeout(400)
def test_make_run_installs_and_shows_a_log_named_from_the_callers_folder(clone, tmp_path):
    (tmp_path / "train.log").write_text("step=1 loss=0.5\n")
    port = free_port()
    output = tmp_path / "output.txt"
    command = ["make", "-C", str(clone), "run", "LOG=train.log", f"PORT={port}"]

    with running(command, tmp_path, output, PWD=str(tmp_path)) as process:
        answer = fetched(f"http://127.0.0.1:{port}/metrics.json", INSTALLS_WITHIN, process, output)

    assert b'"loss"' in answer
    # `make -C` says where it enters and leaves.
    printed = [line for line in output.read_text().splitlines() if not line.startswith("make: ")]
    assert printed[-2:] == [f"Tailplot: http://127.0.0.1:{port}/ (Ctrl-C ends it)", "Server shutting down!"]


@pytest.mark.timeout(120)
def test_gunicorn_runs_from_what_requirements_install_and_nothing_else(clone, tmp_path):
    assert (clone / ".venv").is_dir(), "the test above makes it"
    (tmp_path / "train.log").write_text("step=1 loss=0.5\n")
    port = free_port()
    output = tmp_path / "output.txt"
    command = [str(clone / ".venv/bin/python"), "-m", "gunicorn", "wsgi:app"]
    settings = {"TAILPLOT_LOGS": str(tmp_path / "train.log"), "TAILPLOT_PORT": str(port)}

    with running(command, clone, output, **settings) as process:
        answer = fetched(f"http://127.0.0.1:{port}/healthz", 20, process, output)

    assert answer == b"ok\n"


@pytest.mark.timeout(120)
def test_make_run_without_a_log_trains_before_your_eyes(clone, tmp_path):
    port = free_port()
    output = tmp_path / "output.txt"

    with running(["make", "run", f"PORT={port}"], clone, output, PWD=str(clone)) as process:
        url = f"http://127.0.0.1:{port}/metrics.json"
        deadline = time.monotonic() + 30
        answer = b""
        while b"val_loss" not in answer and time.monotonic() < deadline:
            answer = fetched(url, 20, process, output)
            time.sleep(0.2)

    assert b'"val_loss"' in answer
    assert b'"train_acc"' in answer
