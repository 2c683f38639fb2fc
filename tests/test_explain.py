"""app/explain.py and app/why.py: what became of each kind of line, said in words."""

import re
import textwrap
from pathlib import Path

import pytest

from app.curves import curve_of
from app.explain import MOST_KINDS, MOST_SHOWN, WIDTH, Explainer, Explanation, Kind, Metric, as_text, explained
from app.fold import Fold
from app.hooks import Faults, Hook
from app.reading import Reading
from app.store import Run

LOGS = sorted((Path(__file__).resolve().parent / "logs").glob("*"))

BOX = (
    "| train/             |       |\n"
    "|    loss            | 0.5   |\n"
    "|    total_timesteps | 16384 |\n"
    "-------------------------------\n"
)
CHINESE = "Read as UTF-8, and where it is none as GB 18030 (Chinese)."
MIXED = (
    "loading 7 files\n"
    "hello\n"
    "Epoch: [3][7/500]  Loss 0.5\n"
    "Epoch: [3][8/500]  Loss 0.25\n"
    f"{BOX}"
    '{"iter": 9, "acc": 0.5}\n'
    "损失: 0.5\n"
    "step 10 loss 2"
)


def told_of(log: str | bytes) -> Explanation:
    """The explanation of a log that comes in one piece."""
    return explained([log.encode() if isinstance(log, str) else log])


def kind_of(line: str, before: str = "") -> Kind:
    """What is said of one line; `before` are lines above it."""
    told = told_of(before + line)
    found = next((kind for kind in told.kinds if kind.text == line.rstrip().replace("\t", "\\t")), None)
    assert found, as_text("log", told)
    return found


# -- the whole -----------------------------------------------------------------------------------------


def test_a_small_log_is_explained_exactly() -> None:
    told = told_of("loading 7 files\nhello\niter 1: loss 0.5, acc inf\niter 2: loss 0.25, acc 1\niter 3: loss 0.125\n")
    why = '7 (no step on the line, and "loading" is no metric\'s name)'
    loading = Kind(1, 0, "", "loading 7 files", why, "", in_vain=2)
    assert told == Explanation(
        summary="5 lines read: 5 points of 2 metrics.",
        notes=["Read as UTF-8.", "Not drawn, by cause: no format knows it 1, no numbers 1."],
        kinds=[
            Kind(2, 2, "keyvalue", "iter 1: loss 0.5, acc inf", 'step 1 (named "iter"), metrics loss, acc'),
            loading,
            Kind(1, 0, "", "hello", "no numbers"),
            Kind(1, 1, "keyvalue", "iter 3: loss 0.125", 'step 3 (named "iter"), metric loss'),
        ],
        more="",
        metrics=[Metric("loss", 3, 3, 0, 0.5, 0.125), Metric("acc", 2, 2, 0, float("inf"), 1.0)],
        skipped=[loading],
    )


def test_the_text_says_the_same_in_aligned_columns() -> None:
    told = told_of("loading 7 files\niter 1: loss 0.5\niter 2: loss 0.25\n")
    assert as_text("train.log", told) == textwrap.dedent(
        """\
        train.log: 3 lines read: 2 points of 1 metric.
        Read as UTF-8.
        Not drawn, by cause: no format knows it 1.

        Kinds of line, the most frequent first
                2  keyvalue  iter 1: loss 0.5
                             step 1 (named "iter"), metric loss
                1  –         loading 7 files
                             7 (no step on the line, and "loading" is no metric's name)

        Metrics
                2  step   0.5 → 0.25  loss

        Lines with numbers that gave nothing
          loading 7 files
              7 (no step on the line, and "loading" is no metric's name)
        """
    )


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_however_the_bytes_are_cut_the_explanation_is_the_same(size: int) -> None:
    log = MIXED.encode() + "\n准确率: 0.5\n".encode("gb18030")
    cut = [log[start : start + size] for start in range(0, len(log), size)]
    assert explained(cut) == told_of(log)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_the_metrics_are_those_of_the_charts(path: Path) -> None:
    run, fold = Run("log"), Fold(0)
    run.add(fold.feed(path.read_bytes()))
    run.add(fold.close())
    told = told_of(path.read_bytes())
    assert [metric.name for metric in told.metrics] == list(run.metrics)
    for metric in told.metrics:
        curve, values = curve_of(run.series(metric.name), "step"), run.series(metric.name).value
        assert (metric.points, metric.x) == (len(values), curve.kind)
        assert metric.without == (f" ({curve.left_out} of them without {curve.kind})" if curve.left_out else "")
        assert (metric.first, metric.last) == pytest.approx((values[0], values[-1]), nan_ok=True)


def test_an_empty_log_is_said_to_be_empty() -> None:
    assert as_text("train.log", told_of("")) == "train.log: No line in it yet.\n"


# -- kinds of line -------------------------------------------------------------------------------------


def test_lines_that_differ_in_numbers_blanks_and_bars_are_of_one_kind() -> None:
    told = told_of(
        "step=1 loss=-1e-5\nstep=20 loss=nan\nstep=300 loss=0.5\n"
        " 1/150 [>.....] - loss: 0.5\n75/150 [==>...] - loss: 0.5\n"
    )
    assert [kind.lines for kind in told.kinds] == [3, 2]


def test_the_most_frequent_kinds_are_shown_and_the_others_counted() -> None:
    words = [chr(97 + index // 26) + chr(97 + index % 26) for index in range(60)]
    told = told_of("".join(f"word {word}\n" for word in words) + "step 1 loss 0.5\n" * 3)
    assert (len(told.kinds), told.kinds[0].lines) == (MOST_SHOWN, 3)
    assert told.more == "21 more kinds of line (21 lines)"
    assert "      and 21 more kinds of line (21 lines)" in as_text("log", told).splitlines()


def test_a_log_in_which_every_line_is_of_its_own_kind_costs_bounded_memory() -> None:
    letters = "abcdefghijklmnop"
    words = ["".join(letters[index >> shift & 15] for shift in (12, 8, 4, 0)) for index in range(3 * MOST_KINDS)]
    explainer = Explainer()
    explainer.feed("".join(f"word {word}\n" for word in words).encode())
    told = explainer.told()
    assert len(explainer._kinds) == MOST_KINDS
    assert told.more == f"{MOST_KINDS - MOST_SHOWN} more kinds of line ({3 * MOST_KINDS - MOST_SHOWN:,} lines)"


def test_a_kind_is_shown_by_its_first_line_that_gave_a_point() -> None:
    told = told_of("f 0,1.5\nt 0,0.5\n0,0.25\nepoch,loss\n0,0.75\n1,0.5\n")
    kind = next(kind for kind in told.kinds if kind.format == "delimited" and kind.drawn)
    assert (kind.text, kind.lines, kind.drawn) == ("0,0.75", 3, 2)
    assert "(2 of 3 lines gave points)" in as_text("log", told)


# -- what came out of a line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("iter 120: loss 0.5", 'step 120 (named "iter"), metric loss'),
        ("[7] loss 0.5", "step 7 (by its place: [7]), metric loss"),
        ("7/500 loss=0.5", "step 7 of 500 (by its place: 7/500), metric loss"),
        ("[3,  2000] loss: 0.5", "step 2,000 (by its place: 2000]), epoch 3 (by its place: [3,), metric loss"),
        ("Train: 3 [20/88 (23%)] Loss: 0.5", "epoch 3 (by its place: 3), metric train/Loss"),
        ("Epoch 3/9: loss 0.5", 'epoch 3 of 9 (named "Epoch"), metric loss'),
        (
            "step 3 aa=1 bb=1 cc=1 dd=1 ee=1 ff=1 gg=1 hh=1 ii=1 jj=1",
            "metrics aa, bb, cc, dd, ee, ff, gg, hh and 2 more",
        ),
        ("2026-11-23 15:04:05 step 1 loss 0.5", "time 2026-11-23 15:04:05 (stamp), metric loss"),
        ("2026-11-23T15:04:05+02:00 step 1 loss 0.5", "time 2026-11-23 13:04:05 UTC (stamp), metric loss"),
        ("15:04:05 step 1 loss 0.5", "time 15:04:05 (stamp), metric loss"),
        ('{"iter": 3, "loss": 0.5}', 'step 3 (named "iter"), metric loss'),
        ('{"global_step": 50, "batch": 2, "loss": 0.5}', 'step 50 (named "global_step"), metric loss'),
        ('{"step": 3, "timestamp": 1795446245.0, "loss": 0.5}', 'time 1795446245 (named "timestamp")'),
        ("{'loss': 0.5, 'epoch': 0.25}", 'epoch 0.25 (named "epoch"), metric loss'),
        (
            "Epoch 1: 2%|▏ | 3/150 [00:02<1:08, 1.2it/s, loss=0.5]",
            'step 3 of 150 (by its place: 3/150), epoch 1 (named "Epoch"), metric loss',
        ),
        ("250 val 6.4308", "step 250 (by its place: 250), metric val"),
        ("Epoch 5", 'epoch 5 (named "Epoch"), for the lines after it'),
        ("Epoch 5: 10%|# | 3/150 [00:02<1:08, 1.2it/s]", 'epoch 5 (named "Epoch"), for the lines after it'),
        ('{"path": "x", "name": "y", "n": 3}', "a header, a rule, a bar, or the settings of a run"),
        ("epoch,loss", "no metric in it: a header"),
        ("lr=0.1", "nothing to draw"),
    ],
)
def test_what_came_out_of_a_line_is_said_with_its_reason(line: str, outcome: str) -> None:
    assert outcome in kind_of(line).outcome


def test_step_and_epoch_of_lines_before_are_told_from_those_of_the_line() -> None:
    assert kind_of("val_loss 0.5", "step 7 loss 0.25\n").outcome == "step 7 (from a line before), metric val_loss"


def test_a_step_that_is_counted_on_over_the_epochs_says_both_numbers() -> None:
    kind = kind_of("Epoch: [3][7/500] Loss 0.5")
    assert kind.outcome == ('step 1,007 (printed: 7, by its place: [3][7/500]), epoch 3 (named "Epoch"), metric Loss')


def test_the_columns_of_a_table_are_called_columns() -> None:
    assert (
        kind_of("1,9,0.5", "epoch,step,loss\n").outcome
        == 'step 9 (column "step"), epoch 1 (column "epoch"), metric loss'
    )


@pytest.mark.parametrize("size", [1, 10_000])
def test_the_rows_of_a_box_are_told_as_one_record(size: int) -> None:
    log = (BOX + "step 16385 loss 0.5\n" + BOX.replace("-", "")[:-2]).encode()
    told = explained(log[start : start + size] for start in range(0, len(log), size))
    outcomes = {kind.text.split()[1]: kind.outcome for kind in told.kinds if kind.format == "boxed"}
    said = "in a box, whose rows are one record: "
    assert outcomes == {
        "train/": said + "no value",
        "loss": said + "loss",
        "total_timesteps": said + "total_timesteps",
    }
    rule = next(kind for kind in told.kinds if kind.text.startswith("--"))
    assert (rule.drawn, rule.outcome) == (0, "no numbers")
    assert [metric.points for metric in told.metrics] == [2, 1]
    assert told.skipped == []


def test_the_box_that_the_next_metrics_end_is_not_taken_for_them() -> None:
    told = told_of(BOX.partition("---")[0] + "step 16385 acc 0.5\n")
    assert told.kinds[-1].outcome == 'step 16,385 (named "step"), metric acc'
    assert [metric.name for metric in told.metrics] == ["train/loss", "acc"]


# -- what was left out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ("step 1 loss 0.5 eta 300", '300 ("eta" is no metric\'s name)'),
        ("step 1 loss 0.5, gpu 3", '3 ("gpu" is no metric\'s name)'),
        ("foo=0.1", "foo (no step on the line, and no metric's name)"),
        ("dropout=0.1", "dropout (no step on the line, and an option's name)"),
        ("num_workers=4 batch_size=7", "num_workers, batch_size (no step on the line, and an option's name)"),
        ("loss=0.5 and 3", "3 (no step on the line, and "),
        ("step 1 loss 0.5", ""),
        ("step 1 of max steps 500 loss 0.5", '500 ("of max steps" says how many)'),
    ],
)
def test_the_numbers_of_a_line_that_are_not_drawn_are_said_with_the_reason(line: str, left_out: str) -> None:
    found = kind_of(line).left_out
    assert found.startswith(left_out) if left_out else not found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("saving checkpoint at step 1000", "a sentence that only mentions step 1,000"),
        ("hello", "no numbers"),
        ("2026-11-23 15:04:05 INFO hello", "no numbers behind its beginning"),
        ("reading /data/run7/x.py", "its numbers are parts of dates, paths, versions or words"),
        ("found 8 gpus", '8 (no step on the line, and "found" is no metric\'s name)'),
        ("epoch=5, dropout=0.3, num_workers=2", "the rest are options by name"),
        ("1 2 3", "1, 2, 3 (no step on the line, and no name)"),
        ("step 1 loss 0.5 " + "x" * 65_536, "longer than 65,536 characters"),
    ],
)
def test_why_no_format_knows_a_line_is_said(line: str, why: str) -> None:
    kind = told_of(line).kinds[0]
    assert kind.format == ""
    assert why in kind.outcome


@pytest.mark.parametrize("line", ["step=1 loss=0.5step=2 loss=0.4", '{"step": 1, "loss": 0.5}{"step": 2, "loss": 0.4}'])
def test_a_line_that_several_writers_share_is_said_to_be_one(line: str) -> None:
    kind = kind_of(line)
    assert kind.outcome == ("2 records on one line, for want of a line end between them; each is read by itself")
    assert kind.left_out == ""


def test_lines_that_gave_nothing_are_shown_first_those_with_numbers_by_themselves() -> None:
    told = told_of(
        "a file x7\n" * 6 + "2026-11-23 15:04:05 INFO hello\nhello\nfound 8 gpus\nstep 1 loss 0.5\nEpoch 3\n"
    )
    assert [kind.text for kind in told.skipped] == ["found 8 gpus", "a file x7"]


# -- how it was read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("log", "note"),
    [
        ("step 1 loss 0.5\n".encode("utf-16"), "Read as UTF-16, by the mark at its start."),
        (
            "第 1 步 准确率: 0.5\n准确率: 1\n".encode("gb18030"),
            CHINESE,
        ),
        (b"step 1 loss 0.5 \xff\nstep 2 loss 1\n", "Read as UTF-8, 1 line with bytes that are no text."),
        ("损失 0.5\n".encode(), "Read as UTF-8."),
    ],
)
def test_the_encoding_is_said(log: bytes, note: str, size: int) -> None:
    assert explained(log[start : start + size] for start in range(0, len(log), size)).notes == [note]


@pytest.mark.parametrize(
    ("log", "note"),
    [
        (b"step 1 loss 0.5\n" + b"\0" * 1200 + b"step 2 loss 0.4\n", "1,200 NUL bytes passed over."),
        (
            ("step 1 loss 0.5\n" * 20).encode("utf-16-le"),
            "320 NUL bytes passed over: it looks like UTF-16, but no mark at its start says so.",
        ),
    ],
)
def test_bytes_that_are_no_text_are_said_to_be_passed_over(log: bytes, note: str) -> None:
    told = told_of(log)
    assert told.notes == ["Read as UTF-8.", note]


def test_a_json_document_is_said_to_be_one_and_its_lines_are_no_kinds() -> None:
    told = told_of('{"log_history": [\n{"step": 1, "loss": 0.5},\n{"step": 2, "loss": 0.25}\n]}\nhello\n')
    assert told.notes[1] == "4 lines of it are one JSON document, whose records are in the metrics."
    assert [kind.text for kind in told.kinds] == ["hello"]
    assert told.metrics == [Metric("loss", 2, 2, 0, 0.5, 0.25)]


def test_what_is_wrong_with_the_hook_is_said(tmp_path: Path) -> None:
    def stumble(text: str) -> None:
        raise KeyError(text)

    faults = Faults()
    reading = Reading((("hook", Hook(str(tmp_path / "hooks.py"), stumble, faults)),), faults=faults)
    told = explained([b"step 1 loss 0.5\nstep 2 loss 0.25\n"], reading)
    assert len(told.notes) == 2
    assert re.fullmatch(
        r"hooks\.py.*KeyError.*; such lines are read as if there were no parse \(2 times\)\.", told.notes[1]
    )


def test_the_hook_is_named_as_the_format() -> None:
    told = explained([b"a|3|0.5\n"], Reading((("hook", lambda text: {"step": 3.0, "loss": 0.5}),)))
    assert told.kinds[0] == Kind(1, 1, "hook", "a|3|0.5", 'step 3 (named "step"), metric loss')


def test_control_and_bidi_characters_are_shown_escaped_and_colours_are_left_out() -> None:
    text = as_text("log", told_of("\x1b[32mstep 1\x1b[0m lo\u202ess\x07=0.5\x00\tend\n"))
    assert r"step 1 lo\u202ess\x07=0.5\tend" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_long_lines_are_cut_and_the_text_is_at_most_100_columns_wide() -> None:
    told = told_of(
        "step 1 " + " ".join(f"metric{'abcdefghijk'[number]}=0.5" for number in range(11)) + " word" * 99 + "\n"
    )
    text = as_text("log", told)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "…" in text
    assert len(told.kinds[0].text) == 201


def test_parts_of_a_log_that_begin_as_a_document_are_said_to_be_unread_lines_of_one() -> None:
    told = explained([b'{"log_history": [\n{"step": 1,\n'], end=b'"loss": 0.5}\n]}\n')
    assert told.notes == ["Read as UTF-8.", "It begins as one JSON document does, whose end was not read."]
    assert told.kinds == []
