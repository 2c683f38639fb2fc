"""status: the sentence for every state of a run."""

import pytest

from app.status import MOST_NOTICES, Status


def status(state: str, points: int = 5, **facts: object) -> Status:
    built = Status(path="/runs/a/train.log", state=state, points=points)
    for name, value in facts.items():
        setattr(built, name, value)
    return built


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (status("waiting"), "Waiting for train.log. It is read as soon as the training job writes it."),
        (
            status("waiting", reason="No such file or directory"),
            "Waiting for train.log (No such file or directory). It is read as soon as the training job writes it.",
        ),
        (status("denied"), "No permission to read train.log. Try: chmod a+r train.log"),
        (status("not_regular", reason="FIFO"), "train.log is not a regular file (FIFO). Use: command | tee train.log"),
        (status("unreadable", reason="Stale handle"), "train.log cannot be read (Stale handle); trying again."),
        (status("loading", offset=1_500_000, size=2_000_000_000), "Loading 1.5 of 2,000 MB of train.log."),
        (status("live"), "Live: train.log is read as it grows."),
        (status("quiet", last_line=100.0), "No new line in train.log for 14 min."),
        (status("finished"), "Finished: the last step that train.log announced is there."),
        (
            status("live", points=0, lines=1),
            "No metrics in train.log yet: 1 line read, none of them names a number that can be drawn.",
        ),
        (
            status("quiet", points=0, lines=12_345),
            "No metrics in train.log yet: 12,345 lines read, none of them names a number that can be drawn.",
        ),
    ],
    ids=lambda value: getattr(value, "state", ""),
)
def test_every_state_has_its_sentence(facts: Status, sentence: str) -> None:
    assert facts.text("train", 100.0 + 14 * 60) == sentence


def test_a_run_without_a_path_goes_by_its_name() -> None:
    assert Status(state="live", points=1).text("box", 0.0) == "Live: box is read as it grows."


@pytest.mark.parametrize(
    ("facts", "eta"),
    [
        ({}, None),
        ({"step": 450.0, "total": 1000.0, "rate": 5.5}, 100.0),
        ({"step": 450.0, "total": 1000.0, "rate": 0.0}, None),
        ({"step": 450.0, "total": 1000.0}, None),
        ({"step": 450.0, "rate": 5.5}, None),
        ({"step": 1000.0, "total": 1000.0, "rate": 5.5}, None),
    ],
    ids=repr,
)
def test_the_time_left_needs_a_step_a_total_and_a_rate(facts: dict[str, float], eta: float | None) -> None:
    assert status("live", **facts).eta == eta


def test_what_is_shown_has_the_keys_that_were_promised() -> None:
    shown = status("live", last_line=99.0, unread=["7 files"], skipped={"no numbers": 3}).shown("train", 100.0)
    assert list(shown) == [
        *("state", "text", "format", "offset", "size", "generation", "lines", "understood", "skipped"),
        *("series_left_out", "step", "rate", "total", "eta", "last_line_age", "notices", "unread"),
    ]
    assert (shown["last_line_age"], shown["unread"], shown["skipped"]) == (1.0, [], {"no numbers": 3})


def test_unread_lines_are_shown_until_there_is_a_point() -> None:
    assert status("live", points=0, unread=["7 files"]).shown("train", 0.0)["unread"] == ["7 files"]


def test_how_many_series_found_no_place_is_shown() -> None:
    assert [status("live", series_left_out=count).shown("train", 0.0)["series_left_out"] for count in (0, 7)] == [0, 7]


def test_an_age_is_never_negative() -> None:
    assert status("live", last_line=100.0).shown("train", 99.0)["last_line_age"] == 0.0


def test_a_notice_is_kept_with_its_time_and_is_news() -> None:
    facts = status("live")
    facts.note("rotated", "train.log was rotated", 5.0)
    assert facts.notices == [{"time": 5.0, "kind": "rotated", "text": "train.log was rotated"}]
    assert facts.revision == 1


def test_what_is_to_be_said_once_is_said_once() -> None:
    facts = status("live")
    assert [facts.note_once("hook", text, 5.0) for text in ("a", "b", "a")] == [True, True, False]
    assert ([notice["text"] for notice in facts.notices], facts.revision) == (["a", "b"], 2)


def test_the_oldest_notices_go_first() -> None:
    facts = status("live")
    for number in range(MOST_NOTICES + 1):
        facts.note("rotated", str(number), 5.0)
    assert [notice["text"] for notice in facts.notices] == [str(number) for number in range(1, MOST_NOTICES + 1)]
