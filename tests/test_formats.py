"""formats: what each makes of its samples, in which order they are asked, and what a parser remembers."""

import json
import math
import sys
import time
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.formats
from app.formats import LONGEST, MOST_SHAPES, Parser, delimited, formats, jsonl, keyvalue, pydict
from app.names import SPLITS
from app.rows import LONGEST_NUMBER, Fields, read_number

NAMES = [module.__name__.rpartition(".")[2] for module in formats()]
BY_NAME = dict(zip(NAMES, formats(), strict=True))
LINES = [line for module in formats() for line, _ in module.SAMPLES]
# As a log has them: rows below their header. Columns without one are left out: remembered, they stay without a name
# where a header of as many columns comes after them.
RUNS_OF_LINES = [[line for line, _ in BY_NAME[name].SAMPLES] for name in NAMES if name != "columns"]


def same(fields: Fields | None, wanted: Fields | None) -> bool:
    """Equal, and NaN equal to NaN."""
    return repr(fields) == repr(wanted) or (fields is not None and wanted is not None and _same(fields, wanted))


def _same(fields: Fields, wanted: Fields) -> bool:
    return fields.keys() == wanted.keys() and all(
        value == wanted[name] or (value != value and wanted[name] != wanted[name]) for name, value in fields.items()
    )


def lines_of(module: ModuleType) -> list[str]:
    return [line for line, fields in module.SAMPLES if fields is not None]


@pytest.mark.parametrize("name", NAMES)
def test_a_format_makes_of_its_samples_what_it_says(name: str) -> None:
    parse = BY_NAME[name].parser()
    for line, wanted in BY_NAME[name].SAMPLES:
        assert same(parse(line), wanted), f"{line!r}: {parse(line)} is not {wanted}"


@pytest.mark.parametrize("name", NAMES)
def test_no_earlier_format_takes_a_sample_of_a_later_one(name: str) -> None:
    for earlier in NAMES[: NAMES.index(name)]:
        for line in lines_of(BY_NAME[name]):
            assert BY_NAME[earlier].parser()(line) is None, f"{earlier} takes {line!r} away from {name}"


@pytest.mark.parametrize("name", NAMES)
def test_the_parser_gives_a_sample_to_its_own_format(name: str) -> None:
    parser = Parser()
    for line, wanted in BY_NAME[name].SAMPLES:
        found = parser(line)
        if wanted is not None:
            assert same(found, wanted), f"{line!r}: {found} is not {wanted}"
            assert parser.took == name
    assert parser.format == name


def test_formats_are_asked_from_the_specific_to_the_general() -> None:
    orders = [module.ORDER for module in formats()]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


@given(st.lists(st.sampled_from(RUNS_OF_LINES), max_size=8))
def test_remembering_the_shape_changes_no_result(runs_of_lines: list[list[str]]) -> None:
    remembers, forgets = Parser(), Parser()
    for line in chain.from_iterable(runs_of_lines):
        forgets._winners.clear()
        assert same(remembers(line), forgets(line)), line


def test_the_format_that_took_a_shape_is_asked_first() -> None:
    parser = Parser()
    asked: list[str] = []

    def spy(name: str, fields: Fields | None) -> tuple[str, app.formats.Parse]:
        return name, lambda text: (asked.append(name), fields)[1]

    parser._parsers = [spy("a", None), spy("b", {"loss": 1.0})]
    assert parser("loss 1") == parser("loss 22") == {"loss": 1.0}
    assert asked == ["a", "b", "b"]
    assert parser("acc 22") == {"loss": 1.0}
    assert asked == ["a", "b", "b", "a", "b"]


def test_shapes_are_remembered_up_to_a_limit() -> None:
    parser = Parser()
    for number in range(MOST_SHAPES + 50):
        name = "loss" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
        assert parser(f"{name}=1") == {name: 1.0, "@loose": 1.0}
    assert len(parser._winners) == MOST_SHAPES


def test_a_line_that_no_format_knows_is_none() -> None:
    parser = Parser()
    assert parser("Loading the data set") is None
    assert (parser.format, parser.took) == ("", "")


@pytest.mark.parametrize(
    ("line", "records"),
    [
        ("step=1 loss=0.5step=2 loss=0.4", [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}]),
        ("step=1 lostep=2 loss=0.4step=3 l", [{"step": 1}, {"step": 2, "loss": 0.4}, {"step": 3}]),
        ('{"step": 1, "loss": 0.5}{"step": 2, "loss": 0.4}', [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}]),
        ('{"step": 1, "lo{"step": 2, "loss": 0.4}', [{"step": 2, "loss": 0.4}]),
        ("{'step': 1, 'loss': 0.5}{'step': 2, 'loss': 0.4}", [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}]),
        ('{"step": 1, "lo{"step": 2', []),
        ("step=1 loss=0.5", [{"step": 1, "loss": 0.5}]),
    ],
)
def test_of_a_line_that_writers_share_each_record_is_read(line: str, records: list[Fields]) -> None:
    parser = Parser()
    parser("step=1 loss=1step=2 loss=2")
    fields = parser(line)
    assert [each for each in (fields, *parser.further) if each is not None] == records


def test_the_records_of_a_line_are_asked_of_the_formats_and_not_of_the_user() -> None:
    asked: list[str] = []
    line = '{"step": 1, "loss": 1}{"step": 2, "loss": 2}'
    parser = Parser([("mine", lambda text: asked.append(text))])
    parser(line)
    assert (asked, parser.took, parser.taken) == ([line], "jsonl", {"jsonl": 2})


def test_a_format_file_is_found_by_being_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouted.py").write_text(
        "ORDER = 5\n"
        "SAMPLES = [('LOSS!0.5', {'loss': 0.5})]\n"
        "def parser():\n"
        "    return lambda text: {'loss': float(text[5:])} if text.startswith('LOSS!') else None\n"
    )
    monkeypatch.setattr(app.formats, "__path__", [*app.formats.__path__, str(tmp_path)])
    formats.cache_clear()
    try:
        parser = Parser()
        assert parser("LOSS!0.5") == {"loss": 0.5}
        assert parser.format == "shouted"
        assert [module.__name__ for module in formats()][0] == "app.formats.shouted"
    finally:
        monkeypatch.undo()
        formats.cache_clear()
        sys.modules.pop("app.formats.shouted", None)


# What other readers of logs got wrong, and how it is.
PEERS: Mapping[str, Fields] = {
    "loss: -7.5e-05": {"loss": -7.5e-05, "@loose": 1},
    "loss=-7.5E-05, lr=1e-4": {"loss": -7.5e-05, "lr": 1e-4, "@loose": 1},
    "step: 5 n: 888": {"step": 5, "n": 888},
    "step 5 n 888": {"step": 5, "n": 888},
    "Acc: 71.59% (9332/13036)": {"Acc": 71.59, "@loose": 1},
    "Loss: 0.852 | Acc: 71.59% (9332/13036)": {"Loss": 0.852, "Acc": 71.59, "@loose": 1},
    "step 3, loss 0.5": {"step": 3, "loss": 0.5},
    "Epoch 3, step 100, loss 0.5": {"epoch": 3, "step": 100, "loss": 0.5},
    "[epoch:  0, iter:  49,400, lr:(2e-4,)] l_pix: 5.76e-03 ": {
        "epoch": 0,
        "step": 49_400,
        "lr": 2e-4,
        "l_pix": 5.76e-03,
    },
    "loss=1,234,lr=3": {"loss": 1234, "lr": 3, "@loose": 1},
    "step 120/2000 loss 1": {"step": 120, "@total": 2000, "loss": 1},
    "time: 1.5s loss: 2": {"time": 1.5, "loss": 2, "@loose": 1},
    "loss: +.5e3 acc: 1.": {"loss": 500, "acc": 1, "@loose": 1},
    "loss: Infinity acc: -inf": {"loss": math.inf, "acc": -math.inf, "@loose": 1},
    "2026-11-23 12:04:05 loss=0.5": {"@local": 1_795_435_445.0, "loss": 0.5, "@loose": 1},
}


@pytest.mark.parametrize(("line", "wanted"), PEERS.items(), ids=list(PEERS))
def test_a_number_in_text_is_read_whole(line: str, wanted: Fields) -> None:
    assert Parser()(line) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "loss=1_000",
        "loss=0x10",
        "loss=١٢",
        "loss=１２",
        "loss=²",
        "loss=1,5",
        "loss=1e12345",
        "loss=1.2.3",
        "version: 2.9.1",
        "loss=nano",
        "loss=" + "9" * 65,
        "time: 12:04:05",
        "date: 2026-11-23",
        "path=/runs/7/model.pt",
    ],
)
def test_what_is_no_number_gives_no_metric(line: str) -> None:
    assert Parser()(line) is None


def test_a_total_counts_in_ascii_digits_alone() -> None:
    parse = keyvalue.parser()
    assert "@total" not in (parse("step: 3/١٢ loss: 1") or {})
    assert "@total" not in (parse(f"step: 3/{'9' * 400} loss: 1") or {})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('{"a": {"b": {"c": {"d": 1, "e": {"f": 2}}}}}', {"a/b/c/d": 1}),
        ('{"step": 1, "step": 2}', {"step": 2}),
        ('{"loss": "0.5", "ok": true, "no": null, "l": [1], "m": [1, 2]}', {"loss": "0.5", "l": 1}),
        ('{"loss": -Infinity}', {"loss": -math.inf}),
        ('{"loss": 1e400}', {"loss": math.inf}),
        ('{"n": ' + "9" * 400 + "}", {"n": math.inf}),
        ('{"n": -' + "9" * 400 + "}", {"n": -math.inf}),
        ('{"step": 1, "n": ' + "9" * 5000 + "}", {"step": "1", "n": "9" * 5000}),
        ('  {"loss": 1}  ', {"loss": 1}),
        ('{"loss": 1} trailing', None),
        ("{" * 2000 + "}" * 2000, None),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, None),
        ("{'loss': 1}", None),
    ],
)
def test_json_of_any_make_is_read_or_refused(line: str, wanted: Fields | None) -> None:
    assert jsonl.parse(line) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("{'loss': tensor(0.5), 'acc': torch.float32(1.0)}", {"loss": 0.5, "acc": 1.0, "@loose": 1}),
        ("{'loss': np.float32(0.5), 'n': np.int64(3)}", {"loss": 0.5, "n": 3, "@loose": 1}),
        ("{'eval_loss': 1e-05, 'epoch': 1}", {"eval_loss": 1e-05, "epoch": 1}),
        ("step {'loss': 0.5} done", None),
        ("{'version': '2.9.1', 'loss': 1.0}", {"loss": 1.0, "@loose": 1}),
    ],
)
def test_a_printed_dict_gives_its_numbers(line: str, wanted: Fields | None) -> None:
    assert pydict.parse(line) == wanted


def test_a_later_header_takes_the_place_of_the_first() -> None:
    parse = delimited.parser()
    assert parse("1,2") is None
    assert parse("epoch,loss") == {}
    assert parse("1,0.5") == {"epoch": 1, "loss": 0.5}
    assert parse("epoch,loss,acc") == {}
    assert parse("2,0.4,0.9") == {"epoch": 2, "loss": 0.4, "acc": 0.9}
    assert parse("3,0.3") is None


def test_quoted_cells_and_semicolons_are_cells() -> None:
    parse = delimited.parser()
    assert parse('"epoch";"train loss"') == {}
    assert parse('1;"0.5"') == {"epoch": 1, "train loss": 0.5}


@pytest.mark.parametrize(
    ("name", "before", "line", "wanted"),
    [
        ("boxed", [], "| Metrics |         |", {"@group": ""}),
        ("table", ["epoch  loss  acc  note  more"], "3  0.5  was  the  best", None),
        ("columns", ["0 0.5 1.86 0.09"], "1 0.25 1.5", None),
        ("delimited", ["epoch,loss,acc,lr"], "3, loss: 0.5, 0.25, 0.1", None),
        ("delimited", ["epoch,loss,acc,lr"], "3, loss=0.5, 0.25, 0.1", None),
        ("pydict", [], "{'step': 1, 'a': {'b': {'c': {'d': 2, 'e': {'f': 3}}}}}", {"step": 1, "a/b/c/d": 2}),
        (
            "progress",
            [],
            "Validating:  50%|#####     | 5/10 [00:01<00:01,  4.87it/s, loss=0.5]",
            {"step": 5, "@total": 10, "@within": 1, "@bar": 1, "@postfix": 1, "@section": "val", "loss": 0.5},
        ),
    ],
)
def test_a_line_after_others_is_read_or_refused(name: str, before: list[str], line: str, wanted: Fields | None) -> None:
    parse = BY_NAME[name].parser()
    for earlier in before:
        parse(earlier)
    assert parse(line) == wanted


def test_a_log_with_a_header_has_no_columns_without_names() -> None:
    parser = Parser()
    assert parser("step,loss,acc") == {}
    assert parser("9,0.50,19,0.4") is None  # two rows on one line, both of them torn
    assert parser("29,0.5,0.25") == {"step": 29, "loss": 0.5, "acc": 0.25}


def test_a_log_of_numbers_from_its_first_line_on_keeps_its_columns_behind_other_lines() -> None:
    parser = Parser()
    assert parser("0 0.5 1.86") == {"step": 0, "col2": 0.5, "col3": 1.86}
    assert parser("val loss: 0.25") == {"val loss": 0.25, "@loose": 1}
    assert parser("1 0.25 1.5") == {"step": 1, "col2": 0.25, "col3": 1.5}


def test_a_row_of_words_under_a_header_is_no_row() -> None:
    parse = delimited.parser()
    parse("epoch,loss,note")
    assert parse("1,0.5,best so far") == {"epoch": 1, "loss": 0.5, "note": "best so far"}
    assert parse("9 of ten,the end,done!") is None


@pytest.mark.parametrize(
    "line", ['"' + "x" * 200_000 + '",3', '{"a": "' + "x" * 70_000 + '", "loss": 1}', "step=1 loss=1 " + "x" * 70_000]
)
def test_a_line_too_long_for_any_format_is_refused_not_raised(line: str) -> None:
    parse = Parser()
    parse("a,b")
    assert parse(line) is None


# A line holds neither of the two characters that end one.
characters = st.characters(exclude_characters="\r\n")
texts = st.one_of(
    st.text(characters, max_size=200),
    st.text(st.sampled_from("0123456789.,:;=/%|[](){}'\"-+eE_ \tabstepln"), max_size=200),
    st.lists(st.sampled_from([*LINES, "{'", '{"', "': ", "=", ": ", "nan", "1e5"]), max_size=6).map("".join),
    st.builds(
        lambda line, at, text: line[:at] + text + line[at:],
        st.sampled_from(LINES),
        st.integers(0, 60),
        st.text(characters),
    ),
)


@given(st.lists(texts, max_size=10))
def test_no_text_makes_a_parser_raise_and_its_values_are_numbers_or_words(lines: list[str]) -> None:
    parser = Parser()
    for line in lines:
        for name, value in (parser(line) or {}).items():
            assert isinstance(name, str)
            assert isinstance(value, int | float | str)


# Counted, not read: of a record without a count, of the time stamp and of `1.2M steps`.
CONTEXT = ("@loose", "@within", "@zoned", "@local", "@yearless", "@clock", "step")


@given(texts)
def test_keys_with_values_give_only_numbers_that_stand_in_the_line(line: str) -> None:
    for name, value in (keyvalue.parser()(line) or {}).items():
        if name == "@section":
            assert value in SPLITS.values()
        elif name not in CONTEXT and len(str(value)) <= LONGEST_NUMBER:
            assert isinstance(value, float)
            assert any(same({"v": value}, {"v": number}) for number in _numbers_in(line)), (name, value)


def _numbers_in(line: str) -> list[float]:
    line = line.replace(",", "")
    found = (read_number(line[a:b]) for a in range(len(line)) for b in range(a + 1, min(len(line), a + 64) + 1))
    return [number for number in found if number is not None]


PIECES = [
    "a%",
    "a+",
    "a#",
    "a ",
    "a: ",
    "a=",
    "a,",
    "'",
    "{'a':",
    "{'",
    "1,",
    " ",
    '"',
    "\t",
    "1",
    "1.",
    "1e",
    ".1",
    "-",
]


@pytest.mark.parametrize("head", ["", "loss: ", "step=1 loss=", "{'loss': ", '{"loss": '])
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", NAMES)
def test_the_longest_line_costs_no_more_than_its_length(name: str, piece: str, head: str) -> None:
    parse = BY_NAME[name].parser()
    started = time.process_time()
    parse(head + piece * ((LONGEST - 100) // len(piece)) + "x}")
    assert time.process_time() - started < 1


def test_the_samples_are_what_a_log_can_hold() -> None:
    for line in LINES:
        assert json.loads(json.dumps(line)) == line
        assert not {"\n", "\r"} & set(line)
