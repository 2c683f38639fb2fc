"""app/routes: what each route gives, by Flask's test client; the follower is turned by hand."""

import gzip
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.follow import Follower
from app.routes import Parts, plotlyjs
from app.routes import explain as explain_route
from app.sources import file
from tests.conftest import Log

PNG = b"\x89PNG\r\n\x1a\n"
PAGES = ("/", "/plot", "/figure.json", "/metrics.json", "/status.json", "/plot.png", "/healthz")


class Site:
    """The app without its loop, and a client that asks it."""

    def __init__(self, *logs: Path, **settings: str) -> None:
        config = {"TAILPLOT_LOGS": ":".join(map(str, logs)), "TAILPLOT_WATCH": "poll"}
        self.app = create_app(config | {f"TAILPLOT_{name.upper()}": value for name, value in settings.items()})
        self.parts: Parts = self.app.extensions["tailplot"]
        self.client: FlaskClient = self.app.test_client()

    def read(self) -> None:
        """Reads all that the logs hold."""
        self.parts.follower._discovered = -math.inf
        while self.parts.follower._turn():
            pass

    def get(self, url: str, **headers: str) -> TestResponse:
        """Asks; headers as words with `_` for `-`."""
        return self.client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def json(self, url: str) -> Any:
        """The strict JSON at an address."""
        answer = self.get(url)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        return strict(answer.data)

    def close(self) -> None:
        """Lets go of all files."""
        for tail in self.parts.follower._tails.values():
            tail.source.close()


def strict(text: bytes | str) -> Any:
    """JSON without the NaN and Infinity that Python's own reader lets pass."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No loop, and no waiting for the writer of a rotated file."""
    monkeypatch.setattr(Follower, "ensure_running", lambda _self: None)
    monkeypatch.setattr(file, "LINGER", 0.0)


@pytest.fixture
def site(log: Log) -> Iterator[Site]:
    """The log of this test, served."""
    site = Site(log.path)
    yield site
    site.close()


def lines(*steps: int) -> str:
    """A line of text a step, its loss the step's tenth."""
    return "".join(f"step={step} loss={step / 10} acc=0.5\n" for step in steps)


# -- the data ------------------------------------------------------------------------------------------


def test_metrics_gives_every_point_in_four_lists_of_equal_length(log: Log, site: Site) -> None:
    log.append("step=1 loss=0.5\nstep=2 loss=nan\nstep=3 loss=inf\nstep=4 loss=0.25\n")
    site.read()
    run = site.json("/metrics.json")["runs"]["train"]
    assert run["state"] == "live"
    assert run["metrics"]["loss"] == {
        "step": [1, 2, 3, 4],
        "epoch": None,
        "wall_time": None,
        "value": [0.5, None, None, 0.25],
    }
    assert run["about"]["loss"] == {
        "count": 4,
        "shown": 4,
        "thinned": False,
        "nonfinite": [[1, "nan"], [2, "inf"]],
        "segments": [0],
        "last": 0.25,
        "min": 0.25,
        "max": 0.5,
    }


def test_metrics_are_chosen_by_run_metric_and_window(tmp_path: Path) -> None:
    one, two = Log(tmp_path / "one.log"), Log(tmp_path / "two.log")
    one.append(lines(*range(10)))
    two.append(lines(*range(10)))
    site = Site(one.path, two.path)
    site.read()
    runs = site.json("/metrics.json?run=t*&metric=l*&from=3&to=5")["runs"]
    assert {run: list(of["metrics"]) for run, of in runs.items()} == {"two": ["loss"]}
    assert runs["two"]["metrics"]["loss"]["step"] == [3, 4, 5]
    assert runs["two"]["about"]["loss"]["thinned"] is True
    site.close()


def test_metrics_are_thinned_only_where_points_are_named(log: Log, site: Site) -> None:
    log.append("".join(f"step={step} loss={100 if step == 777 else 1}\n" for step in range(5000)))
    site.read()
    assert len(site.json("/metrics.json")["runs"]["train"]["metrics"]["loss"]["value"]) == 5000
    run = site.json("/metrics.json?points=100")["runs"]["train"]
    assert len(run["metrics"]["loss"]["value"]) <= 200
    assert 100 in run["metrics"]["loss"]["value"]
    assert (run["about"]["loss"]["count"], run["about"]["loss"]["thinned"]) == (5000, True)


def test_metrics_since_a_cursor_gives_only_what_came_after_it(log: Log, site: Site) -> None:
    log.append(lines(1, 2))
    site.read()
    cursor = site.json("/metrics.json")["cursor"]
    after = site.json(f"/metrics.json?since={cursor}")
    assert (after["cursor"], after["runs"]["train"]["metrics"]) == (cursor, {})
    log.append(lines(3, 4))
    site.read()
    after = site.json(f"/metrics.json?since={cursor}")
    assert after["runs"]["train"]["metrics"]["loss"]["step"] == [3, 4]
    assert site.json("/metrics.json?since=" + after["cursor"])["runs"]["train"]["metrics"] == {}


def test_metrics_since_a_cursor_goes_on_over_a_rotation(log: Log, site: Site) -> None:
    log.append(lines(1, 2))
    site.read()
    cursor = site.json("/metrics.json")["cursor"]
    log.rotate()
    log.append(lines(3))
    site.read()
    site.read()
    run = site.json(f"/metrics.json?since={cursor}")["runs"]["train"]
    assert run["metrics"]["loss"]["step"] == [3]
    assert run["about"]["loss"]["segments"] == []  # it goes on


def test_metrics_since_a_cursor_of_other_bytes_is_gone_in_words(log: Log, site: Site) -> None:
    log.append(lines(1, 2))
    site.read()
    cursor = site.json("/metrics.json")["cursor"]
    log.rewrite("step=7 loss=0.5 and other\nstep=8 loss=0.25 and more words here\n")
    site.read()
    other = ".".join([*cursor.split(".")[:3], "1"])
    answer = site.get(f"/metrics.json?since={other}")
    assert (answer.status_code, answer.text) == (
        410,
        "since names bytes that 'train' has no longer, or not yet; ask without it\n",
    )


def test_metrics_are_streamed(log: Log, site: Site) -> None:
    log.append("".join(f"step={step} " + " ".join(f"m{k}={step}" for k in range(40)) + "\n" for step in range(500)))
    site.read()
    answer = site.client.get("/metrics.json", buffered=False)
    pieces = list(answer.iter_encoded())
    assert len(pieces) >= 3
    assert len(strict(b"".join(pieces))["runs"]["train"]["metrics"]) == 40
    answer.close()


def test_the_figure_is_plotlys_and_carries_its_cursor(log: Log, site: Site) -> None:
    log.append(lines(1, 2, 3) + "step=4 loss=nan\n")
    site.read()
    figure = site.json("/figure.json")
    assert {trace["meta"]["run"] for trace in figure["data"]} == {"train"}
    assert {"loss", "acc"} <= {trace["meta"]["metric"] for trace in figure["data"]}
    assert figure["layout"]["meta"]["cursor"] == site.json("/metrics.json")["cursor"]
    assert "uirevision" in figure["layout"]


def test_the_status_says_how_each_run_is(log: Log, site: Site) -> None:
    log.append(lines(1) + "at 12:30 something odd happened 17 times over\n")
    site.read()
    status = site.json("/status.json")
    assert set(status) == {"cursor", "clients", "worker", "runs"}
    run = status["runs"]["train"]
    wanted = "state format offset size generation lines understood skipped rate total eta last_line_age notices unread"
    assert set(wanted.split()) <= set(run)
    assert (run["state"], run["lines"], run["understood"]) == ("live", 2, 1)
    assert run["offset"] == run["size"] == log.path.stat().st_size
    assert str(log.path.parent) not in json.dumps(status)


def test_the_health_is_one_word(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.get("/healthz").status_code == 503, "no log has been looked at yet"
    site.read()
    answer = site.get("/healthz")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")
    monkeypatch.setattr(Follower, "healthy", lambda _self: False)
    assert site.get("/healthz").status_code == 503


@pytest.mark.parametrize("route", ["/figure.json", "/plot.png"])
def test_news_that_is_no_point_changes_no_picture(log: Log, site: Site, route: str) -> None:
    log.append(lines(1, 2))
    site.read()
    before = site.get(route).headers["ETag"]
    site.parts.board.runs["train"].status.revision += 1
    site.parts.board.notify()
    assert site.get(route).headers["ETag"] == before
    log.append(lines(3))
    site.read()
    assert site.get(route).headers["ETag"] != before


def test_a_figure_is_compressed_for_who_takes_that(log: Log, site: Site) -> None:
    log.append(lines(*range(500)))
    site.read()
    plain = site.get("/figure.json")
    packed = site.get("/figure.json", Accept_Encoding="br, gzip")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["ETag"] != plain.headers["ETag"]


# -- the stream ----------------------------------------------------------------------------------------


def test_the_stream_says_hello_then_the_points_then_the_state(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    answer = site.client.get("/events", buffered=False)
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    pieces = answer.iter_encoded()
    hello = re.fullmatch(rb"retry: (\d+)\n: hello\n\n", next(pieces))
    assert hello is not None
    assert 1000 <= int(hello.group(1)) <= 3000
    assert site.json("/status.json")["clients"] == 1
    points, status = next(pieces).decode().removesuffix("\n\n").split("\n\n")
    cursor = site.json("/status.json")["cursor"]
    assert points.startswith(f"id: {cursor}\nevent: points\ndata: ")
    assert strict(points.partition("data: ")[2])["runs"]["train"]["metrics"]["loss"]["step"] == [1]
    assert status.startswith("event: status\ndata: ")
    assert strict(status.partition("data: ")[2])["runs"]["train"]["state"] == "live"
    answer.close()
    assert site.json("/status.json")["clients"] == 0


def first_frame(site: Site, since: str, url: str = "/events") -> str:
    """What a viewer with that id gets after the hello."""
    answer = site.client.get(url, headers={"Last-Event-ID": since}, buffered=False)
    pieces = answer.iter_encoded()
    next(pieces)
    frame = next(pieces).decode()
    answer.close()
    return frame


def steps_in(frame: str) -> list[int]:
    """The steps of the loss in the points of a frame."""
    found = [strict(text) for text in re.findall(r"^event: points\ndata: (.*)$", frame, re.MULTILINE)]
    return [step for points in found for step in points["runs"]["train"]["metrics"]["loss"]["step"]]


def test_the_stream_goes_on_after_the_id_and_the_header_wins_over_the_query(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    first = site.json("/status.json")["cursor"]
    log.append(lines(2))
    site.read()
    second = site.json("/status.json")["cursor"]
    log.append(lines(3))
    site.read()
    assert steps_in(first_frame(site, first)) == [2, 3]
    assert steps_in(first_frame(site, second, f"/events?since={first}")) == [3]
    assert steps_in(first_frame(site, "", f"/events?since={first}")) == [2, 3]


def test_the_stream_goes_on_into_the_next_generation_at_once(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    cursor = site.json("/status.json")["cursor"]
    log.append("the end\n")  # nothing to send, but bytes after the cursor
    site.read()
    log.rotate()
    log.append(lines(2))
    site.read()
    site.read()
    assert steps_in(first_frame(site, cursor)) == [2]


def test_a_run_that_still_waits_for_its_log_costs_no_reset(tmp_path: Path) -> None:
    one, two = Log(tmp_path / "train.log"), Log(tmp_path / "later.log")
    one.append(lines(1))
    site = Site(one.path, two.path)
    site.read()
    cursor = site.json("/status.json")["cursor"]
    one.append(lines(2))
    site.read()
    frame = first_frame(site, cursor)
    assert "event: reset" not in frame
    assert steps_in(frame) == [2]
    site.close()


def test_a_worker_that_has_just_started_sends_nothing_before_it_knows_the_runs_of_the_cursor(tmp_path: Path) -> None:
    small, large = Log(tmp_path / "small.log"), Log(tmp_path / "train.log")
    small.append(lines(1))
    large.append("a word\n" * 100_000 + lines(1))
    before, after = Site(tmp_path), Site(tmp_path)
    before.read()
    cursor = before.json("/status.json")["cursor"]
    small.append(lines(2))
    large.append(lines(2))
    answer = after.client.get("/events", headers={"Last-Event-ID": cursor}, buffered=False)
    pieces = answer.iter_encoded()
    next(pieces)
    assert b"event: points" not in next(pieces)  # nothing is read yet
    assert after.get(f"/metrics.json?since={cursor}").status_code == 410
    after.parts.follower._turn()
    assert list(after.parts.board.runs) == ["small"]
    assert b"event: points" not in next(pieces)  # its id would not name the run that is still to come
    after.read()
    frame = next(pieces)
    assert b"event: reset" not in frame
    assert steps_in(frame.decode()) == [2]
    answer.close()
    before.close()
    after.close()


@pytest.mark.parametrize("since", ["x", "~", "a.b.c", "abcdef.0.5.1", "é", "a.0.²", "9" * 5000, "abcdef.0.zz.é"])
def test_an_id_that_is_none_of_ours_is_answered_with_a_reset_and_all_points(log: Log, site: Site, since: str) -> None:
    log.append(lines(1))
    site.read()
    key = site.json("/status.json")["cursor"].partition(".")[0]
    answer = site.client.get("/events", query_string={"since": since.replace("abcdef", key)}, buffered=False)
    pieces = answer.iter_encoded()
    assert (answer.status_code, next(pieces)[:6]) == (200, b"retry:")
    # Another worker may be a poll ahead: an id of the right form has a second to turn up.
    assert (
        next(piece for piece in pieces if not piece.startswith((b"event: status", b":")))
        == b"id: \nevent: reset\ndata: {}\n\n"
    )
    assert steps_in(next(pieces).decode()) == [1]
    answer.close()


def test_beyond_the_most_streams_it_says_so_and_where_to_go(log: Log) -> None:
    site = Site(log.path, max_streams="1")
    site.read()
    first = site.client.get("/events", buffered=False)
    next(first.iter_encoded())
    answer = site.get("/events")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.text == "too many live viewers (1); use /metrics.json\n"
    first.close()
    again = site.client.get("/events", buffered=False)
    assert again.status_code == 200
    again.close()
    site.close()


def test_a_head_request_opens_no_stream(site: Site) -> None:
    site.read()
    answer = site.client.head("/events")
    assert (answer.status_code, answer.data) == (200, b"")
    assert site.json("/status.json")["clients"] == 0


# -- the explanation -----------------------------------------------------------------------------------

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def test_the_explanation_is_text_for_curl_and_a_page_for_a_browser(log: Log, site: Site) -> None:
    log.append("loading 7 files\n" + lines(1, 2))
    site.read()
    text, page = site.get("/explain?run=train", Accept="*/*"), site.get("/explain?run=train", Accept=BROWSER)
    assert (text.status_code, text.mimetype, text.headers["Vary"]) == (200, "text/plain", "Accept")
    assert text.text.startswith("train: 3 lines read: 4 points of 2 metrics.\nRead as UTF-8.\n")
    assert (page.status_code, page.mimetype, page.headers["Vary"]) == (200, "text/html", "Accept")
    for part in ("3 lines read: 4 points of 2 metrics.", "<code>step=1 loss=0.1 acc=0.5</code>", "<th", "no step on"):
        assert part in page.text
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert not [link for link in links if link.startswith(("/", "http"))]
    assert "<script" not in page.text


def test_the_explanation_is_of_the_log_as_it_is_now(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    log.append(lines(2, 3))
    assert site.get("/explain").text.startswith("train: 3 lines read: 6 points")


def test_the_explanation_keeps_hostile_lines_text(tmp_path: Path) -> None:
    log = Log(tmp_path / "<b>.log")
    log.append("<script>alert(7)</script>\nstep 1 <img/src=x>=3 <i>=1\n\x1b]0;title\x07 5 \x9b31m\n")
    site = Site(log.path)
    site.read()
    page = site.get("/explain", Accept=BROWSER).text
    assert "&lt;script&gt;alert(7)&lt;/script&gt;" in page
    assert not re.search("<(script|img|b|i)[ >/]", page)
    for answer in (page, site.get("/explain").text):
        assert all(character.isprintable() or character == "\n" for character in answer)
    site.close()


def test_the_explanation_of_an_unknown_run_is_404_naming_the_close_ones(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    answer = site.get("/explain?run=<trian>")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text == "no run '<trian>'; there is 'train'\n"


def test_without_a_name_and_with_several_runs_the_explanation_is_a_list_of_links(tmp_path: Path) -> None:
    one, two = Log(tmp_path / "one&.log"), Log(tmp_path / "two.log")
    one.append(lines(1))
    two.append(lines(1, 2))
    site = Site(one.path, two.path)
    site.read()
    assert site.get("/explain").text == "Which run?\nexplain?run=one%26\nexplain?run=two\n"
    page = site.get("/explain", Accept=BROWSER).text
    assert re.findall(r'<li><a href="([^"]*)">([^<]*)</a></li>', page) == [
        ("explain?run=one%26", "one&amp;"),
        ("explain?run=two", "two"),
    ]
    assert site.get("/explain?run=one%26").text.startswith("one&: 1 line read")
    assert site.get("/explain?run=t*").text.startswith("two: 2 lines read")
    site.close()


def test_a_file_of_a_folder_that_is_no_run_yet_for_it_has_no_metric_is_explained_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    Log(tmp_path / "runs" / "a.log").append("loading 7 files\n")
    site = Site(tmp_path / "runs")
    site.read()
    assert list(site.parts.board.runs) == []
    assert site.get("/explain").text == f"{explain_route.NO_RUN}\n"
    assert explain_route.NO_RUN in site.get("/explain", Accept=BROWSER).text
    site.close()


def test_a_log_that_is_not_there_is_explained_in_words(log: Log, site: Site) -> None:
    site.read()
    words = "Waiting for train.log. It is read as soon as the training job writes it."
    assert site.get("/explain").text == f"train: {words}\n"
    assert words in site.get("/explain", Accept=BROWSER).text


def test_a_run_whose_log_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.append(lines(1))
    site = Site(tmp_path / "*.log")
    site.read()
    log.remove()
    answer = site.get("/explain?run=a")
    assert (answer.status_code, answer.text) == (404, "the log of 'a' is gone\n")
    site.close()


def test_of_a_large_log_the_start_and_the_end_are_explained_and_said_to_be_all(
    log: Log, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_route, "FIRST", 256 * 1024)
    monkeypatch.setattr(explain_route, "LAST", 10_004)
    log.append("".join(f"a {step} loss=0.5\n" for step in range(10)))
    log.append("".join(f"step={step} loss=0.5\n" for step in range(40_000)))
    log.append("step=41000 late=0.25\n")
    site.read()
    text = site.get("/explain").text
    assert re.search(r"^Of 0\.\d MB only the first 0\.3 MB and the last 0\.0 MB were read", text, re.MULTILINE)
    assert re.search(r"^ +1  step   0\.25 → 0\.25  late$", text, re.MULTILINE)
    read = int(text.split(" lines read")[0].rpartition(" ")[2].replace(",", ""))
    assert 13_000 < read < 20_000
    assert len(re.findall(r"^ +[\d,]+  (?:keyvalue|–) ", text, re.MULTILINE)) == 3, "no line was cut in two"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_of_a_large_log_in_utf_16_the_ends_are_cut_between_lines(
    encoding: str, log: Log, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_route, "FIRST", 256 * 1024)
    monkeypatch.setattr(explain_route, "LAST", 10_003)
    log.append(
        "\ufeff".encode(encoding) + "".join(f"step={step} loss=0.5\n" for step in range(20_000)).encode(encoding)
    )
    site.read()
    text = site.get("/explain").text
    assert "Read as UTF-16" in text
    assert len(re.findall(r"^ +[\d,]+  (?:keyvalue|–) ", text, re.MULTILINE)) == 1, "no line was cut in two"


def test_a_large_json_document_is_said_to_be_longer_than_what_was_read(
    log: Log, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_route, "FIRST", 64 * 1024)
    monkeypatch.setattr(explain_route, "LAST", 10_004)
    log.append('{"loss": [\n' + "0.5,\n" * 100_000 + "0.25\n]}\n")
    site.read()
    assert "It begins as one JSON document does, whose end was not read." in site.get("/explain").text


def test_the_explanation_needs_the_token(log: Log) -> None:
    log.append(lines(1))
    site = Site(log.path, token="a-long-random-token")
    refused = site.get("/explain?run=train")
    assert (refused.status_code, "loss" in refused.text) == (401, False)
    assert site.get("/explain?run=train", Authorization="Bearer a-long-random-token").status_code == 200
    site.close()


def test_the_plain_page_leads_to_the_explanation_while_there_is_no_metric(log: Log, site: Site) -> None:
    log.append("loading 7 files\n")
    site.read()
    assert 'href="explain?run=train"' in site.get("/plot").text
    log.append(lines(1))
    site.read()
    assert "explain?run" not in site.get("/plot").text


# -- the page and the picture --------------------------------------------------------------------------


def test_the_page_names_its_runs_and_links_only_relatively(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    answer = site.get("/?run=train&x=epoch")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "<title>train</title>" in answer.text
    links = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert links
    assert not [link for link in links if link.startswith(("/", "http"))]
    assert "plot.png?run=train&amp;x=epoch" in answer.text
    assert not re.search(r"<script(?![^>]*src=)", answer.text)


def test_every_file_that_the_page_names_is_served(log: Log, site: Site) -> None:
    site.read()
    for link in re.findall(r'(?:src|href)="((?:static/|plotly)[^"]*)"', site.get("/").text):
        answer = site.get("/" + link)
        assert answer.status_code == 200, link
        assert answer.data


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    log = Log(tmp_path / "<script>alert(1)<" / "script>.log")
    log.path.parent.mkdir()
    log.append("step=1 <img/src=x>=3 loss=1\n" + '{"step": 2, "<b onload=x>": 4}\n')
    site = Site(tmp_path / "<script>alert(1)<")
    site.read()
    for url in ("/", "/plot"):
        assert "script&gt;" in site.get(url).text
        assert not re.search("<(script>alert|b onload|img/)", site.get(url).text)
    site.close()


def test_the_page_without_javascript_renews_itself_and_lists_the_last_values(log: Log, site: Site) -> None:
    log.append("step=1 loss=0.5 acc=0.25\nstep=1200 loss=0.75 acc=0.125 lr=0.0003\n")
    site.read()
    text = site.get("/plot?interval=7").text
    assert '<meta http-equiv="refresh" content="7">' in text
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]
    assert ["loss", "0.7500", "0.5000", "1,200"] in rows
    assert ["acc", "0.1250", "0.2500", "1,200"] in rows
    assert ["lr", "3.0e-4", "3.0e-4", "1,200"] in rows
    assert 'content="30"' in site.get("/plot").text
    assert 'src="plot.png?' in text


def test_the_refresh_of_the_plain_page_is_a_setting(log: Log) -> None:
    site = Site(log.path, interval="5")
    assert 'content="5"' in site.get("/plot").text


def test_the_picture_is_a_png_of_the_size_that_was_asked_for(log: Log, site: Site) -> None:
    log.append(lines(1, 2, 3))
    site.read()
    answer = site.get("/plot.png?width=640&height=480&scale=1.5")
    assert (answer.status_code, answer.mimetype, answer.data[:8]) == (200, "image/png", PNG)
    width, height = (int.from_bytes(answer.data[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (960, 720)


def test_the_address_of_the_recipe_gives_the_same_picture(log: Log, site: Site) -> None:
    log.append(lines(1, 2, 3))
    site.read()
    assert site.get("/static/train_plot.png").data == site.get("/plot.png").data


@pytest.mark.parametrize("text", ["", "hello\n"], ids=["no log", "no metrics"])
def test_before_any_point_every_route_answers_in_words(log: Log, site: Site, text: str) -> None:
    if text:
        log.append(text)
    site.read()
    for url in PAGES:
        assert site.get(url).status_code == 200, url
    assert site.get("/plot.png").data[:8] == PNG
    said = "No metrics in train.log yet" if text else "Waiting for train.log"
    assert said in site.get("/plot").text
    assert site.json("/metrics.json")["runs"]["train"]["metrics"] == {}
    assert site.json("/status.json")["runs"]["train"]["text"].startswith(said)
    assert said in json.dumps(site.json("/figure.json"))


def test_an_empty_folder_answers_too(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.read()
    for url in PAGES:
        assert site.get(url).status_code == 200, url
    assert site.json("/metrics.json") == {"cursor": "", "runs": {}}


def test_plotly_comes_compressed_and_for_good(site: Site) -> None:
    answer = site.get("/plotly.js", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert gzip.decompress(answer.data) == plotlyjs.path().read_bytes()
    assert site.get("/plotly.js").data == plotlyjs.path().read_bytes()


# -- asking again --------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/figure.json", "/plot.png", "/plot.png?width=300", "/static/style.css"])
def test_what_has_not_changed_is_not_sent_again(log: Log, site: Site, url: str) -> None:
    log.append(lines(1, 2))
    site.read()
    first = site.get(url)
    again = site.get(url, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    if not url.startswith("/static"):
        log.append(lines(3))
        site.read()
        assert site.get(url, If_None_Match=first.headers["ETag"]).status_code == 200
        assert site.get(url + "&x=epoch" if "?" in url else url + "?x=epoch").headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("url", [*PAGES, "/static/style.css", "/plotly.js"])
def test_head_gives_the_headers_alone(log: Log, site: Site, url: str) -> None:
    log.append(lines(1))
    site.read()
    answer = site.client.head(url)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.mimetype == site.get(url).mimetype


# -- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/figure.json?x=foo", "x must be one of step, epoch, wall_time, relative; got 'foo'"),
        ("/metrics.json?from=abc", "from must be a number; got 'abc'"),
        ("/metrics.json?to=nan", "to must be a number; got 'nan'"),
        ("/metrics.json?points=-1", "points must be a whole number from 4 to 20,000; got '-1'"),
        ("/figure.json?points=٣٣", r"points must be a whole number from 4 to 20,000; got '\u0663\u0663'"),
        ("/metrics.json?since=x", "since must be a cursor of this server; got 'x'"),
        ("/plot?interval=0", "interval must be a whole number from 1 to 3,600; got '0'"),
        ("/plot?interval=abc", "interval must be a whole number from 1 to 3,600; got 'abc'"),
        ("/plot.png?width=99999", "width must be a whole number from 200 to 4,000; got '99999'"),
        ("/plot.png?theme=red", "theme must be one of light, dark; got 'red'"),
        ("/events?x=<b>" + "y" * 99, "x must be one of step, epoch, wall_time, relative; got '<b>" + "y" * 37 + "'"),
        ("/?log=2", "log must be one of 0, 1; got '2'"),
    ],
)
def test_a_bad_query_says_what_was_given_and_what_is_accepted(log: Log, site: Site, url: str, sentence: str) -> None:
    log.append(lines(1))
    site.read()
    answer = site.get(url)
    assert (answer.status_code, answer.mimetype, answer.text) == (400, "text/plain", sentence + "\n")


@pytest.mark.parametrize("url", ["/plot.png?scale=9", "/plot.png?scale=4&width=4000", "/plot.png?scale=0"])
def test_a_picture_that_is_too_large_is_refused(site: Site, url: str) -> None:
    answer = site.get(url)
    assert answer.status_code == 400
    assert answer.text.startswith("scale must be from 0.5 to 4 with at most 4000 × 3000 px in the end; got ")


def test_an_unknown_run_or_metric_names_the_close_ones(log: Log, site: Site) -> None:
    log.append(lines(1))
    site.read()
    answer = site.get("/metrics.json?run=trian")
    assert (answer.status_code, answer.text) == (404, "no run 'trian'; there is 'train'\n")
    answer = site.get("/figure.json?metric=los")
    assert (answer.status_code, answer.text) == (404, "no metric 'los'; there is 'loss'\n")


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/static/", "/static/js/", "/static/../app/guard.py", "/static/%2e%2e/wsgi.py", "/figure.json/"],
)
def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.mimetype, answer.text) == (404, "text/plain", "not found\n")
