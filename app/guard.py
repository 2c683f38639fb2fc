"""Who may ask what: methods, Host, token, and the headers that keep browsers strict."""

from __future__ import annotations

import hashlib
import hmac

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from app.settings import Settings
from app.startup import is_loopback

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
MOST_SHOWN = 40


def init_app(app: Flask, settings: Settings) -> None:
    """Check every request before its route runs, and put the headers on every answer."""
    app.before_request(lambda: _check(settings))

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.errorhandler(404)
    def not_found(_error: Exception) -> Response:
        return refuse(404, "not found")


def _check(settings: Settings) -> AnyResponse | None:
    """A refusal, or None where the request may go on."""
    if request.method not in ("GET", "HEAD"):
        return refuse(405, "only GET and HEAD are answered here", {"Allow": "GET, HEAD"})
    if "HTTP_HOST" not in request.environ:  # Werkzeug would make one up
        return refuse(400, "missing Host header")
    if settings.token:
        return _check_token(settings)
    if not _is_own_host(request.environ["HTTP_HOST"], settings.allow_host):
        return refuse(403, "host not allowed; start with --allow-host")
    return None


def refuse(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """A refusal in one line of plain text."""
    return Response(text + "\n", status, headers, mimetype="text/plain")


def shown(given: str) -> str:
    """A given value as it may stand in an answer: escaped, at most 40 characters."""
    return ascii(given[:MOST_SHOWN])


def _is_own_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether the Host header names this machine: a foreign name is a page that rebinds its DNS to us."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and host[-1:] != "]" else host
    return is_loopback(name.lower()) or name.lower() in allowed or "*" in allowed


def _cookie_name() -> str:
    """Cookies are shared by all ports of a host, so the port is in the name."""
    return f"tailplot_{request.environ.get('SERVER_PORT', '')}"


def _cookie_value(token: str) -> str:
    return hmac.new(token.encode(), b"tailplot-cookie-1", hashlib.sha256).hexdigest()


def _check_token(settings: Settings) -> AnyResponse | None:
    token = settings.token
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(bearer, token):
        return None
    if _same(request.cookies.get(_cookie_name(), ""), _cookie_value(token)):
        return None
    if request.path == "/" and _same(request.args.get("token", ""), token):
        response = redirect("./", 303)
        response.set_cookie(_cookie_name(), _cookie_value(token), httponly=True, samesite="Strict")
        return response
    return refuse(
        401,
        "token needed: open the link printed at start",
        {"WWW-Authenticate": 'Bearer realm="tailplot"'},
    )


def _same(given: str, wanted: str) -> bool:
    """Compared as bytes and in constant time: compare_digest raises on a str that is not ASCII."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
