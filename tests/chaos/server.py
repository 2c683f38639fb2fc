"""The program under chaos: a copy of it, run as an ordinary user, asked, killed, frozen and started again."""

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
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ORDINARY_USER = "tailplot"
STARTS_WITHIN = 20.0
STOPS_WITHIN = 10.0
FONTS_ARE_KNOWN = True
"""Whether matplotlib has its list of fonts before the program starts: it cannot make one in a thread of gevent's."""


class NoAnswerError(Exception):
    """The program does not do what it is waited for."""


class Server:
    """One program at one port, through as many lives as it takes."""

    def __init__(self, folder: Path, *args: str, source: Path = ROOT, workers: int = 1) -> None:
        """`source`: the tree that is copied; `args`: of the command line, the log among them."""
        self.port = _free_port()
        self.output = folder / "server.txt"
        self._folder, self._args = folder, args
        self._open: list[int] = []
        self._how = self._prepare(folder / "program", source) | {"cwd": folder}
        self._how["env"] |= {"WEB_CONCURRENCY": str(workers), "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}
        self._count = workers
        if FONTS_ARE_KNOWN:
            command = [self._python, "-c", "import matplotlib.font_manager"]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, **self._how)
        self.process: subprocess.Popen[bytes] | None = None

    def _prepare(self, program: Path, source: Path) -> dict[str, Any]:
        """Copies the program; how it is to be run by somebody to whom chmod means something."""
        for part in ("app", "static", "templates"):
            shutil.copytree(source / part, program / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(source / "gunicorn.conf.py", program)
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TAILPLOT_", "GUNICORN"))}
        self._python = sys.executable
        if os.geteuid() != 0:
            return {"env": env | {"PYTHONPATH": str(program)}}
        pwd.getpwnam(ORDINARY_USER)
        for path in (program, *program.rglob("*")):
            shutil.chown(path, ORDINARY_USER, ORDINARY_USER)
        # They may not enter the folders of root's Python: these are opened for them.
        self._open = [os.open(path, os.O_PATH) for path in (sys.base_prefix, sysconfig.get_path("purelib"))]
        base, packages = (f"/proc/self/fd/{fd}" for fd in self._open)
        self._python = f"{base}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        env |= {"HOME": str(program), "LD_LIBRARY_PATH": f"{base}/lib", "PYTHONPATH": f"{program}:{packages}"}
        them = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": ()}
        return {"env": env, "pass_fds": self._open, **them}

    # -- life and death --------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts it and waits until it answers.

        Raises:
            NoAnswerError: it does not.
        """
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [self._python, "-m", "app", *self._args, "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._how,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NoAnswerError(f"no answer; exit code {self.process.poll()}")
            time.sleep(0.02)

    def end(self) -> float:
        """SIGTERM; seconds until all of it was gone.

        Raises:
            NoAnswerError: it is not gone after 10 s, or its exit code is not 0.
        """
        assert self.process
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise NoAnswerError(f"still there {STOPS_WITHIN:g} s after SIGTERM") from None
        if code:
            raise NoAnswerError(f"exit code {code} after SIGTERM")
        return time.monotonic() - asked

    def kill(self) -> None:
        """SIGKILL for the first process and its workers, which live on otherwise."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """The end, whatever state it is in."""
        self.kill()
        for fd in self._open:
            os.close(fd)

    def workers(self) -> list[int]:
        """The processes that answer."""
        assert self.process
        pid = self.process.pid
        with contextlib.suppress(OSError):
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def kill_worker(self, index: int) -> int:
        """SIGKILL for one worker, which the first process replaces; its pid."""
        pids = self.workers()
        pid = pids[index % len(pids)]
        os.kill(pid, signal.SIGKILL)
        return pid

    def freeze(self, seconds: float) -> None:
        """SIGSTOP for all workers, and SIGCONT."""
        pids = self.workers()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    # -- questions -------------------------------------------------------------------------------------

    def answers(self) -> bool:
        """Whether /healthz says 200."""
        try:
            return bool(self.read("/healthz", 2.0))
        except OSError:
            return False

    def read(self, path: str, timeout: float = 10.0) -> bytes:
        """What a route says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            return answer.read()

    def statuses(self) -> dict[int, Any]:
        """`/status.json` of each worker by its pid, asked until all have answered or it has been tried often enough."""
        pids, found = set(self.workers()), {}
        for _ in range(60 if self._count > 1 else 3):
            with contextlib.suppress(OSError, json.JSONDecodeError):
                status = json.loads(self.read("/status.json", 5.0))
                found[status["worker"]] = status
            if len(pids) == self._count and pids <= found.keys():
                return {pid: found[pid] for pid in pids}
            pids = set(self.workers())
        return {}

    def weight(self) -> tuple[int, int]:
        """(kB of memory, open descriptors) of the heaviest worker."""
        kilobytes = descriptors = 0
        for pid in self.workers():
            with contextlib.suppress(OSError, IndexError, ValueError):
                status = Path(f"/proc/{pid}/status").read_text()
                kilobytes = max(kilobytes, int(status.split("VmRSS:")[1].split()[0]))
                descriptors = max(descriptors, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))
        return kilobytes, descriptors


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
