"""How gunicorn runs Tailplot. Picked up by itself by `gunicorn wsgi:app` in this folder; `python -m app` names it."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Only what needs nothing but the standard library: what the master imports is there before a worker patches it.
from app import descriptors, server_log, sockets
from app.settings import settings_from

try:
    _settings = settings_from(os.environ)
except ValueError as _error:
    print(f"tailplot: {_error}", file=sys.stderr)
    sys.exit(2)

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

bind = f"{_host}:{_settings.port}"
# workers: gunicorn takes WEB_CONCURRENCY, else 1, which is right below ~5,000 viewers; each reads the logs by itself
worker_class = "gevent"  # one greenlet per viewer: thousands of open streams in one process
# Streams end at --max-streams; the rest stays free for pages, JSON, /healthz. Each connection is a file: one more than
# the process may open would make the loop turn in vain, so beyond the pool they wait in the kernel.
worker_connections = _settings.max_streams + 2000
worker_connections = min(
    worker_connections, descriptors.raise_limit(worker_connections + descriptors.OWN) - descriptors.OWN
)
preload_app = False  # preloading would import ssl & co. before gevent patches them (gunicorn #1566, #2796)
timeout = 30  # of the loop's heartbeat, not of a request: a blocked loop is killed
graceful_timeout = 1  # streams end themselves before; idle keep-alive connections would hold SIGTERM
keepalive = 5  # also the limit for reading a request's head: never 0, and a phone on a bad link needs seconds
max_requests = 0  # recycling a worker would cut every stream
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # the heartbeat must not wait for a disk
umask = 0o077  # the default would make a unix socket world-writable
forwarded_allow_ips = ""  # nobody may tell us a prefix or a scheme: all links are relative
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
limit_request_line = 8190  # a cursor of 100 runs is under 3 KB
limit_request_fields = 50
limit_request_field_size = 8190
control_socket_disable = True  # one socket would be shared by all servers of a user
accesslog = None  # its %(U)s is the decoded path: a request could write lines of its own
loglevel = "warning"  # and, as information, who stalled: see app/server_log.py


def on_starting(server):
    """Refuse, in words, what must not start; before anything is bound."""
    from app.startup import refusal

    server.log.error_log.addFilter(server_log.shorten)
    inherited = "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ
    sentence = refusal(_settings, server.cfg.address, inherited)
    if sentence:
        print(f"tailplot: {sentence}", file=sys.stderr)
        sys.exit(2)


def when_ready(server):
    """Say where the charts are: the one line at the start."""
    address = server.LISTENERS[0].getsockname()
    if isinstance(address, str):
        print(f"Tailplot: listening on unix:{address}", flush=True)
        return
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    path = "?token=…  (the token that was set)" if _settings.token else " (Ctrl-C ends it)"
    print(f"Tailplot: http://{host}:{address[1]}/{path}", flush=True)


def post_worker_init(worker):
    """Start reading in this worker, and watch for its end: no hook fires in a gevent worker on SIGTERM."""
    from app import hub

    # Ctrl-C in a terminal reaches every process. The master passes it on: told twice, a worker ends in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for listener in worker.sockets:
        sockets.set_deadline(listener)
    hub.start_no_programs()
    hub.stop_with(lambda: worker.alive)
    worker.wsgi.extensions["tailplot"].follower.ensure_running()


def pre_request(worker, req):
    """Wait for no reader for ever, whatever is asked for: gunicorn has just made the socket a blocking one."""
    sockets.begin_answer(req.unreader.sock)


def on_exit(server):
    """The one line at the end."""
    print("Server shutting down!", flush=True)
