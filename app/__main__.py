"""`python -m app LOG …`: flags → environment → gunicorn in this process; `extract`, `explain` and `demo` too."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from app.settings import ROOT, TABLE, settings_from, switch

PR_SET_PDEATHSIG = 1  # prctl(2)
USAGE = "python -m app LOG [LOG …] [settings]   (or: explain LOG, extract LOG, demo)"


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one sentence without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Exit 2."""
        fail(message)


def fail(sentence: str) -> NoReturn:
    """End with exit status 2 and one sentence."""
    print(f"tailplot: {sentence}", file=sys.stderr)
    sys.exit(2)


def main(arguments: list[str]) -> None:
    """Run the command that the arguments name."""
    command = arguments[0] if arguments else ""
    if command in ("extract", "explain"):
        dry_run(command, arguments[1:])
        return
    if command == "demo":
        arguments = [start_demo(), *arguments[1:]]
    logs = read_flags(arguments)
    for spec in logs:
        _must_be_one(spec)
    if logs:
        os.environ["TAILPLOT_LOGS"] = os.pathsep.join(logs)
    serve()


def dry_run(command: str, arguments: list[str]) -> None:
    """Run `extract` or `explain` on the one log that is named, read as the flags and the environment say."""
    from app.dry_run import explain, extract
    from app.reading import reading_from

    logs = read_flags(arguments)
    if len(logs) != 1:
        fail(f"name one log: python -m app {command} train.log")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the hooks file may print
            reading = reading_from(settings_from(os.environ))
        {"extract": extract, "explain": explain}[command](logs[0], reading)
    except ValueError as error:
        fail(str(error))


def start_demo() -> str:
    """Start the demo training beside the server, until the server ends; the path of its log."""
    folder = tempfile.mkdtemp(prefix="tailplot-")
    path = str(Path(folder) / "demo.log")
    training = subprocess.Popen([sys.executable, "-m", "app.demo", path], cwd=ROOT, preexec_fn=_end_with_parent)
    server = os.getpid()

    def end() -> None:
        if os.getpid() == server:  # workers are forks of the server, and leave through here too
            training.terminate()
            training.wait()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return path


def _end_with_parent() -> None:
    """Ask Linux to end this process with its parent, also where that is killed; elsewhere only `atexit` does."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def read_flags(arguments: list[str]) -> list[str]:
    """The logs that are named. Flags go into the environment, where gunicorn and its workers read them, if accepted."""
    parser = Parser(prog="tailplot", usage=USAGE, allow_abbrev=False)
    parser.add_argument("logs", metavar="LOG", nargs="*", help=TABLE[0].help)
    for setting in TABLE:
        if setting.flags:
            alone: dict[str, str] = {"action": "store_const", "const": "on"} if setting.read is switch else {}
            words = f"{setting.help} [{setting.variable}]"
            parser.add_argument(*setting.flags, dest=setting.name, help=words, **alone)  # type: ignore[arg-type]
    given = vars(parser.parse_args(arguments))
    logs: list[str] = given.pop("logs")
    for setting in TABLE:
        if given.get(setting.name):
            os.environ[setting.variable] = given[setting.name]
    try:
        settings_from(os.environ)
    except ValueError as error:
        fail(str(error))
    return logs


def _must_be_one(spec: str) -> None:
    """Refuse what would be taken apart on its way to the workers, through TAILPLOT_LOGS."""
    if os.pathsep in spec.replace("://", ""):
        glob = spec.replace(os.pathsep, "?")
        fail(f"{spec}: a {os.pathsep} separates logs, so name this one by a glob: '{glob}'")


def serve() -> None:
    """Run gunicorn here until a signal ends it."""
    from gunicorn.app.wsgiapp import WSGIApplication

    sys.argv = ["tailplot", "-c", str(ROOT / "gunicorn.conf.py"), "app:create_app()"]
    WSGIApplication("").run()


if __name__ == "__main__":
    main(sys.argv[1:])
