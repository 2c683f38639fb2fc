"""app/guard.py: who may ask what. By raw sockets where a client library would tidy the request up."""

import re
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from app import create_app, guard
from app.follow import Follower
from tests.conftest import Log, Server

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

TOKEN = "correct horse battery staple é"
ROUTES = ("/", "/events", "/metrics.json", "/plot.png", "/static/style.css", "/healthz", "/nothing")
OWN_HOSTS = ("127.0.0.1", "127.0.0.1:7777", "localhost", "LOCALHOST:1", "[::1]", "[::1]:7777", "127.8.8.8")
FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:7777",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "0.0.0.0:7777",
    "192.168.1.5",
    "[::]",
    "10.0.0.1:7777",
    "127.0.0.1@evil.example",
    "evil.example#localhost",
    "2130706433",
    "",
)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No loop: nothing here needs a log to be read."""
    monkeypatch.setattr(Follower, "ensure_running", lambda _self: None)
    monkeypatch.setattr(Follower, "healthy", lambda _self: True)


def site(log: Log, *, keeps_cookies: bool = True, **settings: str) -> FlaskClient:
    """A client of the app."""
    config = {f"TAILPLOT_{name.upper()}": value for name, value in settings.items()}
    return create_app({"TAILPLOT_LOGS": str(log.path)} | config).test_client(use_cookies=keeps_cookies)


def status_line(server: Server, request: str) -> str:
    """The first line of the answer to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = b""
        while b"\r\n" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
    return answer.partition(b"\r\n")[0].decode()


# -- Host ----------------------------------------------------------------------------------------------


def test_a_foreign_host_is_refused_on_every_route_and_an_own_one_is_not(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    for route in ROUTES:
        for host in FOREIGN_HOSTS:
            line = status_line(server, f"GET {route} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert line.split()[1] in ("403", "400"), (route, host, line)
        for host in OWN_HOSTS:
            line = status_line(server, f"HEAD {route} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert line.split()[1] == ("404" if route == "/nothing" else "200"), (route, host, line)


def test_raw_requests_that_no_browser_sends(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    own = "Host: localhost\r\n"
    for request, wanted in {
        "GET / HTTP/1.0\r\n\r\n": "400",
        "GET / HTTP/1.1\r\n\r\n": "400",
        f"GET / HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n": "400",
        f"GET http://evil.example/ HTTP/1.1\r\n{own}\r\n": "200",
        f"GET //evil.example/ HTTP/1.1\r\n{own}\r\n": "404",
        f"GET / HTTP/1.1\r\n{own}SCRIPT_NAME: /evil\r\n\r\n": "200",
        f"GET / HTTP/1.1\r\n{own}Script-Name: /evil\r\nX-Forwarded-Prefix: /evil\r\n\r\n": "200",
        f"GET / HTTP/1.1\r\n{own}X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\r\n": "200",
        f"GET / HTTP/1.1\r\n{own}X-Forwarded-Protocol: ssl\r\nForwarded: host=evil.example\r\n\r\n": "200",
        f"GET /static/%00 HTTP/1.1\r\n{own}\r\n": "404",
        f"GET /static/..%2f..%2fetc/passwd HTTP/1.1\r\n{own}\r\n": "404",
        f"GET /%0aFAKE%1b[31m HTTP/1.1\r\n{own}\r\n": "404",
        f"POST / HTTP/1.1\r\n{own}Content-Length: 4\r\n\r\nabcd": "405",
        f"PROPFIND / HTTP/1.1\r\n{own}\r\n": "405",
        f"GET / HTTP/1.1\r\n{own}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "400",
    }.items():
        line = status_line(server, request)
        assert line.split()[1:2] == [wanted], (request, line)
    assert "FAKE" not in server.log_text()
    assert "\x1b" not in server.log_text()


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_refused_in_words(log: Log, host: str) -> None:
    answer = site(log).get("/", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (403, "text/plain")
    assert answer.text == "host not allowed; start with --allow-host\n"


def test_a_missing_host_is_refused_in_words(log: Log) -> None:
    app = site(log).application

    def without_host(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterable[bytes]":
        del environ["HTTP_HOST"]
        return app(environ, start)

    answer = Client(without_host).get("/")
    assert (answer.status_code, answer.text) == (400, "missing Host header\n")


def test_hosts_that_were_allowed_are_own_ones(log: Log) -> None:
    client = site(log, allow_host="gpu-box, other.example")
    for host, status in {"gpu-box": 200, "GPU-box:7777": 200, "other.example": 200, "third.example": 403}.items():
        assert client.get("/healthz", headers={"Host": host}).status_code == status
    assert site(log, allow_host="*").get("/healthz", headers={"Host": "any.example"}).status_code == 200


# -- methods and headers -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("route", ROUTES)
def test_only_get_and_head_are_answered(log: Log, method: str, route: str) -> None:
    answer = site(log).open(route, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.text == "only GET and HEAD are answered here\n"


@pytest.mark.parametrize(
    "route", [*ROUTES, "/?x=foo", "/?run=a", "/plotly.js", "/figure.json", "/status.json", "/plot"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_answer_carries_the_headers(log: Log, route: str, method: str) -> None:
    answer = site(log).open(route, method=method, buffered=False)
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
    assert answer.headers["Cache-Control"]
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    answer.close()


@pytest.mark.parametrize(("host", "token", "status"), [("evil.example", "", 403), ("localhost", TOKEN, 401)])
def test_refusals_carry_the_headers_too(log: Log, host: str, token: str, status: int) -> None:
    answer = site(log, token=token).get("/", headers={"Host": host})
    assert answer.status_code == status
    assert set(guard.HEADERS) <= set(answer.headers.keys())
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_of_ours_carries_the_headers_and_tells_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Follower) -> bool:
        raise RuntimeError("a secret")

    client = site(log)
    monkeypatch.setattr(Follower, "healthy", broken)
    answer = client.get("/healthz")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert set(guard.HEADERS) <= set(answer.headers.keys())


# -- token ---------------------------------------------------------------------------------------------


def test_with_a_token_every_route_needs_it_and_any_host_is_fine(log: Log) -> None:
    client = site(log, token="secret")
    for route in ROUTES:
        answer = client.get(route)
        assert (answer.status_code, answer.mimetype) == (401, "text/plain")
        assert answer.text == "token needed: open the link printed at start\n"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tailplot"'
        answer = client.get(route, headers={"Authorization": "bearer secret", "Host": "gpu-box:7777"}, buffered=False)
        assert answer.status_code == (404 if route == "/nothing" else 200)
        answer.close()


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer secre", "Bearer secrett", "Basic secret", "Bearer é"]
)
def test_a_wrong_token_is_refused_whatever_it_is(log: Log, header: str) -> None:
    assert site(log, token="secret").get("/", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("query", ["token=", "token=wrong", "token=%C3%A9", "token=%ff", "token=" + "x" * 8000])
def test_a_wrong_token_in_the_link_is_refused_whatever_it_is(log: Log, query: str) -> None:
    assert site(log, token="secret").get(f"/?{query}").status_code == 401


def test_the_link_leads_to_a_cookie_that_is_not_the_token(log: Log) -> None:
    client = site(log, token="secret")
    answer = client.get("/?token=secret")
    assert (answer.status_code, answer.headers["Location"]) == (303, "./")
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"tailplot_\d+=[0-9a-f]{64};", cookie)
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "secret" not in cookie + answer.text
    assert client.get("/").status_code == 200
    assert client.get("/metrics.json").status_code == 200


def test_the_cookie_holds_on_another_worker_and_after_a_restart_but_not_for_another_token(log: Log) -> None:
    cookie = site(log, token="secret").get("/?token=secret").headers["Set-Cookie"].partition(";")[0]

    def answer(token: str, cookie: str) -> int:
        return site(log, token=token, keeps_cookies=False).get("/", headers={"Cookie": cookie}).status_code

    assert answer("secret", cookie) == 200
    assert answer("other", cookie) == 401
    name = cookie.partition("=")[0]
    for forged in (f"{name}=", f"{name}=secret", f"{name}=é", f"other{cookie}", cookie[:-1]):
        assert answer("secret", forged) == 401, forged


def test_the_token_is_taken_from_the_link_of_the_page_alone(log: Log) -> None:
    for route in ROUTES[1:]:
        assert site(log, token="secret").get(f"{route}?token=secret").status_code == 401, route


def test_a_token_of_any_characters_opens(log: Log) -> None:
    client = site(log, token=TOKEN)
    assert client.get("/", query_string={"token": TOKEN}).status_code == 303
    assert client.get("/").status_code == 200


def test_without_a_token_a_link_with_one_is_just_the_page(log: Log) -> None:
    answer = site(log).get("/?token=anything")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


# -- what is shown of a request ------------------------------------------------------------------------


def test_a_shown_value_is_escaped_and_short() -> None:
    assert guard.shown("a\n\x1b[31mé") == r"'a\n\x1b[31m\xe9'"
    assert len(guard.shown("x" * 1000)) == 42
