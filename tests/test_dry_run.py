"""dry_run: what `extract` and `explain` print of a log, without a server."""

import io
import json
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from app.__main__ import main
from app.dry_run import explain, extract
from app.explain import as_text, explained

HERE = Path(__file__).resolve().parent

LOG = (
    b"loading 7 files\n"
    b"hello\n"
    b"step 1 loss 0.5 acc nan\n"
    b"step 2 loss 0.25 acc inf\n"
    b"\x1b[32mstep 3 loss -inf acc 1\x1b[0m\n"
    b"step 4 loss 2"
)


def fail(word: str) -> NoReturn:
    raise AssertionError(f"{word} is no JSON")


def extracted(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[list[object]]]:
    extract(str(path))
    series: dict[str, list[list[object]]] = json.loads(capsys.readouterr().out, parse_constant=fail)
    return series


def test_extract_prints_every_series_as_strict_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(LOG)
    assert extracted(path, capsys) == {
        "loss": [[1, 0.5], [2, 0.25], [3, "-inf"], [4, 2]],
        "acc": [[1, "nan"], [2, "inf"], [3, 1]],
    }


def test_extract_reads_a_log_that_is_longer_than_one_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"".join(b"step=%d loss=%d\n" % (number, number) for number in range(60_000)))
    assert extracted(path, capsys) == {"loss": [[number, number] for number in range(60_000)]}


@pytest.mark.parametrize(
    ("log", "x"),
    [
        ("step=3 loss=1\nstep=5 loss=2\n", [3, 5]),
        ("epoch=0.5 loss=1\nepoch=1.5 loss=2\n", [0.5, 1.5]),
        ("loss=1\nloss=2\n", [0, 1]),
        ("2026-11-23 12:04:05 loss=1\n2026-11-23 12:04:06 loss=2\n", [0, 1]),
    ],
)
def test_x_is_the_step_or_the_epoch_or_the_number_of_the_point(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str, x: list[float]
) -> None:
    path = tmp_path / "train.log"
    path.write_text(log)
    assert [point[0] for point in extracted(path, capsys)["loss"]] == x


def test_extract_of_a_log_without_metrics_is_an_empty_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    assert extracted(path, capsys) == {}


def test_explain_prints_what_became_of_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(LOG)
    explain(str(path))
    text = capsys.readouterr().out
    assert text == as_text(str(path), explained([LOG]))
    assert " ".join(text.split()).startswith(f"{path}: 6 lines read: 7 points of 2 metrics.")


def test_explain_prints_what_the_terminal_cannot_show_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.log"
    path.write_text("step 1 \u635f\u5931 0.5\n")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    explain(str(path))
    monkeypatch.undo()
    out.seek(0)
    assert r"step 1 \u635f\u5931 0.5" in out.read()


@pytest.mark.parametrize("command", ["extract", "explain"])
def test_a_log_that_is_not_there_is_named_and_the_status_is_2(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.log"
    with pytest.raises(SystemExit) as ended:
        main([command, str(missing)])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tailplot: {missing} cannot be read: ")
    assert err.count("\n") == 1


def test_a_folder_without_logs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no logs; name one"):
        extract(str(tmp_path))


@pytest.mark.parametrize("path", sorted((HERE / "logs").glob("*")), ids=lambda path: path.name)
def test_every_small_log_is_extracted_and_explained(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extracted(path, capsys)
    explain(str(path))
    assert "\nMetrics\n" in capsys.readouterr().out
