"""How the program starts and ends: sentences instead of tracebacks, and out of the way within two seconds."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from app import startup
from app.settings import Settings
from app.startup import refusal
from tests.conftest import ROOT, Log, Server

GUNICORN = (sys.executable, "-m", "gunicorn")
TAILPLOT = (sys.executable, "-m", "app")

ENDS_WITHIN = 4.0
"""Seconds: the promise is 2 on a machine that has time; gunicorn by itself would wait for 30."""


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without the caller's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAILPLOT_", "WEB_", "GUNICORN"))}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)} | changes


def end_of(*command: str, **changes: str) -> tuple[int, str]:
    """Exit code and output of a command that must not start."""
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(changes), capture_output=True, text=True, timeout=15, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a command that serves, in the repository's root; gives it once its port takes connections."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, port: int, **changes: str) -> Server:
        output = tmp_path / f"output-{port}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(changes),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        server = Server(process, port, output)
        until(lambda: answered(port, "/healthz") is not None or process.poll() is not None, server)
        return server

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(met: Callable[[], bool], server: Server, within: float = 15.0) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline, server.log_text()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(0.02)


def answered(port: int, path: str, *headers: str) -> tuple[int, str] | None:
    """Status and whole answer of a GET; None where nobody answers."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        request = "\r\n".join([f"GET {path} HTTP/1.0", "Host: localhost", *headers, "", ""])
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            text = answer.read().decode()
        return (int(text.split()[1]), text) if text else None
    return None


def opened(server: Server, path: str, wanted: bytes) -> socket.socket:
    """A connection left open, with the first bytes of its answer read."""
    connection = socket.create_connection(("127.0.0.1", server.port), 5)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    seen = b""
    while wanted not in seen:
        piece = connection.recv(65536)
        assert piece, seen
        seen += piece
    return connection


# -- what does not start -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name at least one log: python -m app train.log, or TAILPLOT_LOGS=train.log gunicorn wsgi:app"),
        (["train.log", "-p", "abc"], "port must be a whole number from 1 to 65,535; got 'abc'"),
        (["train.log", "-p", "0"], "port must be a whole number from 1 to 65,535; got '0'"),
        (["train.log", "--port", "65536"], "port must be a whole number from 1 to 65,535; got '65536'"),
        (["train.log", "-i", "0"], "interval must be a whole number from 1 to 3,600; got '0'"),
        (["train.log", "--watch", "never"], "watch must be one of auto, poll; got 'never'"),
        (["train.log", "--wrong"], "unrecognized arguments: --wrong"),
        (["train.log", "--por", "7777"], "unrecognized arguments: --por"),
        (["train.log", "-p"], "argument -p/--port: expected one argument"),
        (["/dev/null"], "/dev/null is not a regular file (device). Use: command | tee train.log"),
        (
            ["train.log", "--host", "0.0.0.0"],
            "host 0.0.0.0 is reached from other machines, so it needs a token: set TAILPLOT_TOKEN to a long secret, "
            "or listen on 127.0.0.1 and use ssh -L",
        ),
        (["train.log", "--host", "::"], "host :: is reached from other machines, so it needs a token"),
        (["extract"], "name one log: python -m app extract train.log"),
        (["explain", "a.log", "b.log"], "name one log: python -m app explain train.log"),
        (
            ["explain", "a.log", "--hooks", "none.py"],
            "hooks cannot be loaded: none.py: there is no such file; accepted",
        ),
        (["train.log", "--hooks", "none.py"], "hooks cannot be loaded: none.py: there is no such file; accepted is"),
        (["train.log", "--hooks", "app/words.py"], "hooks has none of the functions parse, plot, parser: app/words.py"),
        (["redis://127.0.0.1/0"], "nothing here reads redis://127.0.0.1/0; name files, folders or globs"),
        (["at-12:30.log"], "at-12:30.log: a : separates logs, so name this one by a glob: 'at-12?30.log'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_must_not_start_says_so_in_one_sentence(arguments: list[str], sentence: str) -> None:
    code, output = end_of(*TAILPLOT, *arguments)
    assert code == 2, output
    assert output.startswith(f"tailplot: {sentence}")
    assert output.count("\n") == 1


def test_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    sentence = f"tailplot: {tmp_path}/pipe is not a regular file (FIFO). Use: command | tee train.log\n"
    assert end_of(*TAILPLOT, str(tmp_path / "pipe")) == (2, sentence)


def test_a_port_in_use_is_said(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert end_of(*TAILPLOT, "train.log", "-p", str(port)) == (
            2,
            f"tailplot: cannot listen on 127.0.0.1 port {port}: address already in use; choose another with --port\n",
        )


@pytest.mark.parametrize(
    ("options", "changes", "sentence"),
    [
        ([], {}, "name at least one log"),
        (["-b", "0.0.0.0:0"], {"TAILPLOT_LOGS": "train.log"}, "host 0.0.0.0 is reached from other machines"),
        ([], {"TAILPLOT_LOGS": "train.log", "TAILPLOT_HOST": "0.0.0.0"}, "host 0.0.0.0 is reached"),
        ([], {"TAILPLOT_LOGS": "train.log", "TAILPLOT_PORT": "abc"}, "port must be a whole number"),
        ([], {"TAILPLOT_LOGS": "/dev/null"}, "/dev/null is not a regular file"),
    ],
    ids=["no log", "-b 0.0.0.0", "TAILPLOT_HOST", "TAILPLOT_PORT", "a device"],
)
def test_gunicorn_by_hand_refuses_the_same(options: list[str], changes: dict[str, str], sentence: str) -> None:
    code, output = end_of(*GUNICORN, "wsgi:app", *options, **changes)
    assert code == 2, output
    assert output.startswith(f"tailplot: {sentence}")
    assert output.count("\n") == 1


def hooks_file(folder: Path, source: str) -> str:
    """The path of a hooks file with that source."""
    (folder / "hooks.py").write_text(source)
    return str(folder / "hooks.py")


@pytest.mark.parametrize("command", [TAILPLOT, (*GUNICORN, "wsgi:app")], ids=["python -m app", "gunicorn"])
def test_a_hooks_file_that_cannot_be_loaded_is_refused_with_its_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = hooks_file(tmp_path, "print('hello')\nimport no_such_module\n")
    code, output = end_of(*command, TAILPLOT_LOGS="train.log", TAILPLOT_HOOKS=path)
    assert code == 2
    assert output == (
        f"tailplot: hooks cannot be loaded: {path} line 2: ModuleNotFoundError: No module named 'no_such_module'; "
        "accepted is a Python file with parse(line), plot(metrics) or parser(log_file)\n"
    )


def test_a_hooks_file_that_ends_python_is_refused(tmp_path: Path) -> None:
    path = hooks_file(tmp_path, "import os\nos.kill(os.getpid(), 9)\n")
    settings = Settings(logs=("train.log",), hooks=path)
    assert refusal(settings) == f"hooks cannot be loaded: {path} ended Python with status -9"


def test_a_hooks_file_that_takes_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "TRIAL_SECONDS", 0.1)
    path = hooks_file(tmp_path, "import time\ntime.sleep(60)\n")
    settings = Settings(logs=("train.log",), hooks=path)
    assert refusal(settings) == f"hooks cannot be loaded: {path} was not done within 0.1 s"


@pytest.mark.parametrize(
    "source", ["", "import threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()\n"]
)
def test_a_hooks_file_that_prints_and_leaves_threads_is_accepted(tmp_path: Path, source: str) -> None:
    path = hooks_file(tmp_path, source + "print('hello', flush=True)\ndef parse(line):\n    return None\n")
    assert refusal(Settings(logs=("train.log",), hooks=path)) is None


def test_a_pattern_without_google_re2_is_refused(tmp_path: Path) -> None:
    (tmp_path / "re2.py").write_text("raise ImportError\n")
    search = f"{tmp_path}{os.pathsep}{ROOT}"
    code, output = end_of(*TAILPLOT, "train.log", "--pattern", r"(?P<loss>\d+)", PYTHONPATH=search)
    assert (code, output) == (2, "tailplot: --pattern needs google-re2: pip install google-re2\n")


# -- what starts ---------------------------------------------------------------------------------------


def test_the_start_is_one_line_with_the_address(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    assert server.log_text() == f"Tailplot: http://127.0.0.1:{server.port}/ (Ctrl-C ends it)\n"


def test_gunicorn_by_hand_serves_the_logs_of_the_environment(
    log: Log, port: int, launch: Callable[..., Server]
) -> None:
    log.append("step=1 loss=0.5\n")
    server = launch(*GUNICORN, "wsgi:app", port=port, TAILPLOT_LOGS=str(log.path), TAILPLOT_PORT=str(port))
    until(lambda: '"value":[0.5]' in (answered(port, "/metrics.json") or (0, ""))[1], server)
    assert server.stop() == 0
    assert server.log_text() == f"Tailplot: http://127.0.0.1:{port}/ (Ctrl-C ends it)\nServer shutting down!\n"


def test_another_host_starts_with_a_token_and_asks_for_it(log: Log, port: int, launch: Callable[..., Server]) -> None:
    server = launch(*TAILPLOT, str(log.path), "--host", "0.0.0.0", "-p", str(port), port=port, TAILPLOT_TOKEN="secret")
    assert (answered(port, "/metrics.json") or (0, ""))[0] == 401
    assert (answered(port, "/metrics.json", "Authorization: Bearer secret") or (0, ""))[0] == 200
    assert (answered(port, "/?token=secret", "Referer: x") or (0, ""))[0] == 303
    assert "secret" not in server.log_text()
    assert server.log_text().startswith(f"Tailplot: http://0.0.0.0:{port}/?token=…")


def test_a_flag_wins_over_the_environment(log: Log, port: int, launch: Callable[..., Server]) -> None:
    server = launch(*TAILPLOT, str(log.path), "-p", str(port), port=port, TAILPLOT_PORT="1", TAILPLOT_INTERVAL="9")
    assert 'content="9"' in (answered(server.port, "/plot") or (0, ""))[1]


def test_a_hook_reads_and_its_faults_are_told_in_words(log: Log, serve: Callable[..., Server]) -> None:
    log.append("phase A :: 7 :: 0.5\nphase A :: broken\nstep=8 loss=0.25\n")
    server = serve(log.path, "--hooks", ROOT / "tests" / "hooks" / "colons.py")
    body = (answered(server.port, "/metrics.json") or (0, ""))[1].partition("\r\n\r\n")[2]
    metrics = json.loads(body)["runs"]["train"]["metrics"]
    assert {name: (found["step"], found["value"]) for name, found in metrics.items()} == {
        "loss A": ([7], [0.5]),
        "loss": ([8], [0.25]),
    }
    fault = (
        "colons.py line 8: ValueError: not enough values to unpack (expected 3, got 2); such lines are read as if "
        "there were no parse"
    )
    status = json.loads((answered(server.port, "/status.json") or (0, ""))[1].partition("\r\n\r\n")[2])
    assert [notice["text"] for notice in status["runs"]["train"]["notices"]] == [fault]
    assert server.log_text().splitlines()[1:] == [fault]


def test_the_first_picture_comes_where_no_list_of_fonts_was_ever_made(
    tmp_path: Path, log: Log, serve: Callable[..., Server]
) -> None:
    log.append("step=1 loss=1\nstep=2 loss=2\n")
    nowhere = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "MPLCONFIGDIR": ""}
    server = serve(log.path, env=nowhere)
    with urllib.request.urlopen(server.url + "/plot.png", timeout=20) as answer:
        assert answer.read().startswith(b"\x89PNG")


def test_the_master_imports_nothing_that_a_worker_patches(tmp_path: Path) -> None:
    """Gunicorn's master runs the configuration, and hands what it imported to its workers (gunicorn #1566)."""
    path = hooks_file(tmp_path, "import ssl, numpy\ndef parse(line):\n    return None\n")
    program = (
        "import sys; sys.argv = ['x']; exec(open('gunicorn.conf.py').read(), of := {'__file__': 'gunicorn.conf.py'}); "
        "import app.__main__, app.startup; assert app.startup.refusal(of['_settings']) is None; "
        "print(sorted({'ssl', 'flask', 'gevent', 'numpy', 'requests', 'urllib3'} & set(sys.modules)))"
    )
    settings = {"TAILPLOT_LOGS": "train.log", "TAILPLOT_HOOKS": path}
    assert end_of(sys.executable, "-c", program, **settings) == (0, "[]\n")


# -- how it ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("workers", ["1", "3"])
def test_it_ends_within_two_seconds_whoever_is_connected(
    log: Log, serve: Callable[..., Server], sig: signal.Signals, workers: str
) -> None:
    log.append("step=1 loss=0.5\n")
    server = serve(log.path, env={"WEB_CONCURRENCY": workers})
    streams = [opened(server, "/events", b"points") for _ in range(10)]
    idle = [opened(server, "/healthz", b"ok\n") for _ in range(5)]
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"GET / HT")
    began = time.monotonic()
    code = server.stop(sig)
    took = time.monotonic() - began
    for connection in [*streams, *idle, half]:
        connection.close()
    assert code == 0
    assert server.log_text().splitlines()[1:] == ["Server shutting down!"]
    assert took < ENDS_WITHIN


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_ends_them_quietly(
    port: int, launch: Callable[..., Server]
) -> None:
    server = launch(*TAILPLOT, "demo", "-p", str(port), port=port, WEB_CONCURRENCY="3")
    streams = [opened(server, "/events", b"status") for _ in range(6)]
    began = time.monotonic()
    os.killpg(server.pid, signal.SIGINT)
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < ENDS_WITHIN
    for stream in streams:
        stream.close()
    assert server.log_text().splitlines()[1:] == ["Server shutting down!"]


def test_the_demo_training_ends_with_its_server(port: int, launch: Callable[..., Server]) -> None:
    server = launch(*TAILPLOT, "demo", "-p", str(port), port=port)
    until(lambda: '"value":[' in (answered(port, "/metrics.json") or (0, ""))[1], server)
    training = [pid for pid in children(server.pid) if b"app.demo" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(training) == 1
    assert server.stop() == 0
    assert not Path(f"/proc/{training[0]}").exists()
    assert server.log_text().splitlines()[1:] == ["Server shutting down!"]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_gunicorn_by_hand_says_a_port_in_use_in_the_same_words(log: Log, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, printed = end_of(
            *(sys.executable, "-m", "gunicorn", "wsgi:app"), TAILPLOT_LOGS=str(log.path), TAILPLOT_PORT=str(port)
        )
    assert code == 2
    assert printed.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {port}: address already in use; choose another with --port" in printed


def test_sockets_that_somebody_opened_before_are_no_way_around_the_token(log: Log, port: int) -> None:
    command = (sys.executable, "-m", "gunicorn", "wsgi:app", "-b", f"0.0.0.0:{port}")
    code, printed = end_of(*command, TAILPLOT_LOGS=str(log.path), LISTEN_FDS="1")
    assert code == 2
    assert "needs a token" in printed
