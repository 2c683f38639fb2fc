"""Tailplot: live training charts from the log file that a training job already writes.

The pipeline, each step knowing only those before it:
  sources → lines → formats → rows → fold → store      bytes become columns that only grow
  view, groups, curves, downsample → figure             what to draw; picture draws it without a browser
  wire → stream → routes → the page                     columns become JSON, events, HTTP
  follow, slices, progress                              the one loop that keeps it going
  superseded, thinning                                  what of the columns is let go, and when
Beside it: settings, startup, guard (who may ask), reading and hooks (how the owner wants logs read), hub (gevent),
sockets, descriptors and server_log (readers that stall, and how many there may be), status, words, stamps, loading,
dry_run, demo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Mapping[str, str] | None = None) -> Flask:
    """The program, put together: settings → board → follower → routes.

    Args:
        config: settings by the names of their environment variables; default: the environment.

    Raises:
        ValueError: a setting that is not accepted, in one sentence.
    """
    # Imported here, not above: `python -m app` reads this file in gunicorn's master, and flask brings ssl,
    # which must not be there before the worker patches it.
    import os

    from flask import Flask

    from app import guard, routes
    from app.follow import Follower
    from app.reading import reading_or_built_in
    from app.settings import ROOT, settings_from
    from app.store import Board

    settings = settings_from(os.environ if config is None else config)
    board = Board()
    app = Flask(__name__, root_path=str(ROOT), static_folder=None, template_folder="templates")
    reading = reading_or_built_in(settings)
    follower = Follower(
        board, settings.logs, settings.watch, reading, rotated=settings.rotated, max_points=settings.max_points
    )
    app.extensions["tailplot"] = routes.Parts(settings, board, follower)
    guard.init_app(app, settings)
    routes.register(app)
    return app
