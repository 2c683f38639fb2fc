"""What must not start, in words. Light: gunicorn's master imports it."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from app.settings import ROOT, Settings, settings_from
from app.sources import refusal as refused_log

TRIAL_SECONDS = 20.0
"""A hooks file must load within; gunicorn would kill a worker that takes more than 30 s to come up."""
_ACCEPTED = "accepted"


def refusal(settings: Settings, addresses: Iterable[Any] = (), inherited: bool = False) -> str | None:
    """Why the server must not start with these settings and addresses to listen on; None where it may.

    An address is what a socket takes: (host, port, …), or a path for a unix socket. `inherited`: somebody opened the
    sockets before, so that their ports are in use, by ourselves.
    """
    if not settings.logs:
        return "name at least one log: python -m app train.log, or TAILPLOT_LOGS=train.log gunicorn wsgi:app"
    for spec in settings.logs:
        sentence = refused_log(spec)
        if sentence:
            return sentence
    sentence = _refused_reading(settings)
    if sentence:
        return sentence
    hosts = [
        settings.host,
        *(str(address[0]) for address in addresses if isinstance(address, tuple)),
    ]
    for host in hosts:
        if not is_loopback(host) and not settings.token:
            return (
                f"host {host} is reached from other machines, so it needs a token: set TAILPLOT_TOKEN to a long "
                "secret, or listen on 127.0.0.1 and use ssh -L"
            )
    if inherited:
        return None
    sentences = (_cannot_listen(*address[:2]) for address in addresses if isinstance(address, tuple))
    return next(filter(None, sentences), None)


def _refused_reading(settings: Settings) -> str | None:
    """Why the hooks file or the pattern is not accepted; tried in a process of its own, not in gunicorn's master.

    What the file imports (torch, requests, ssl) must not be there before gevent has patched a worker.
    """
    if not (settings.hooks or settings.pattern):
        return None
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    changes = {"TAILPLOT_HOOKS": settings.hooks, "TAILPLOT_PATTERN": settings.pattern, "PYTHONPATH": path}
    command = [sys.executable, "-P", "-c", "from app.startup import try_reading; try_reading()"]
    nothing = subprocess.DEVNULL
    try:
        tried = subprocess.run(
            command,
            env=os.environ | changes,
            stdin=nothing,
            stdout=subprocess.PIPE,
            stderr=nothing,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"hooks cannot be loaded: {settings.hooks} was not done within {TRIAL_SECONDS:g} s"
    said = tried.stdout.decode(errors="replace")
    if said == _ACCEPTED:
        return None
    return said or f"hooks cannot be loaded: {settings.hooks} ended Python with status {tried.returncode}"


def try_reading() -> None:
    """Make the reading that the environment asks for; write to stdout why it fails, or that it is accepted."""
    from app.reading import reading_from

    answer = os.dup(1)
    os.dup2(2, 1)  # what the hooks file prints is no answer
    try:
        reading_from(settings_from(os.environ))
        said = _ACCEPTED
    except ValueError as error:
        said = str(error)
    os.write(answer, said.encode(errors="backslashreplace"))
    os._exit(0)  # not to wait for threads that the file started


def _cannot_listen(host: str, port: int) -> str | None:
    """Why the port cannot be had, in words; gunicorn itself would try for 5 s and then print its own."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return f"cannot listen on {host} port {port}: {why}; choose another with --port"
    return None


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
