"""document: a log that is one JSON document becomes records; every other log comes back line by line."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.document
from app.document import Document
from app.lines import Line, LineSplitter
from app.records import records
from app.rows import Fields

TRAINER_STATE = {
    "best_metric": None,
    "epoch": 0.4,
    "log_history": [
        {"epoch": 0.2, "learning_rate": 4.6e-07, "loss": 0.3048, "step": 25},
        {"epoch": 0.4, "eval_loss": 0.28, "step": 50, "done": True, "mode": "eval"},
    ],
    "max_steps": 50,
    "stateful_callbacks": {"TrainerControl": {"args": {"should_log": False}, "attributes": {}}},
}
TRAINER_ROWS: list[Fields] = [
    {"epoch": 0.2, "learning_rate": 4.6e-07, "loss": 0.3048, "step": 25},
    {"epoch": 0.4, "eval_loss": 0.28, "step": 50, "mode": "eval"},
]


def lines_of(text: str) -> list[Line]:
    splitter = LineSplitter()
    return [*splitter.feed(text.encode(errors="replace")), *splitter.close()]


def read(lines: Iterable[Line]) -> tuple[list[Line], list[tuple[int, Fields]], int]:
    """All that a document makes of a log: ordinary lines, records with their place, lines read."""
    document = Document()
    ordinary: list[Line] = []
    rows: list[tuple[int, Fields]] = []
    count = 0
    for line in lines:
        if document.over:
            ordinary.append(line)
            continue
        reading = document.take(line)
        ordinary += reading.lines
        rows += [(line.at, fields) for fields in reading.records]
        count += reading.read
    return ordinary + document.close(), rows, count


def assert_ordinary(text: str) -> None:
    lines = lines_of(text)
    assert read(lines) == (lines, [], 0)


def test_a_document_over_several_lines_gives_its_records_at_its_last_line() -> None:
    text = json.dumps(TRAINER_STATE, indent=2)
    lines = lines_of(text)
    assert read(lines) == ([], [(len(text), fields) for fields in TRAINER_ROWS], len(lines))


def test_lines_after_a_document_are_ordinary_again() -> None:
    text = json.dumps(TRAINER_STATE, indent=2) + "\n"
    log = text + "loss: 0.5\n[1,\n2]\n"
    ordinary, rows, _ = read(lines_of(log))
    assert ordinary == [
        Line("loss: 0.5", len(text) + 10),
        Line("[1,", len(text) + 14),
        Line("2]", len(text) + 17),
    ]
    assert {at for at, _ in rows} == {len(text)}


def test_blank_lines_before_and_in_a_document_do_not_matter() -> None:
    log = '  \n \t\n[\n \n{"loss": 1}\n , {"loss": 2}\n]\n'
    ordinary, rows, count = read(lines_of(log))
    assert [line.text for line in ordinary] == ["  ", " \t"]
    assert rows == [(log.index("1}") + 3, {"loss": 1}), (log.index("2}") + 3, {"loss": 2})]
    assert count == 5


def test_blank_lines_between_two_records_are_of_the_list() -> None:
    assert read(lines_of('[\n{"loss": 1},\n \n\t\n{"loss": 2}\n \n]\n'))[::2] == ([], 7)


def test_nothing_of_an_object_is_settled_before_its_last_bracket() -> None:
    document = Document()
    for line in lines_of('{"log": [\n{"loss": 1},\n{"loss": 2}\n]'):
        assert document.take(line) == app.document.WAITING
        assert (document.holding, document.over) == (True, False)
    assert document.take(Line("}", 40)).records == [{"loss": 1}, {"loss": 2}]
    assert (document.holding, document.over) == (False, True)


def test_a_record_of_a_list_is_given_with_the_line_that_ends_it() -> None:
    document = Document()
    told = []
    for line in lines_of('[\n{\n"loss": 1\n},\n{"loss": 2, "acc": {\n"top1": 0.5}}, {"loss": 3}\n,{"loss": 4},\n]'):
        reading = document.take(line)
        told.append(([fields["loss"] for fields in reading.records], reading.read, document.holding, document.over))
    assert told == [
        ([], 0, True, False),
        ([], 0, True, False),
        ([], 0, True, False),
        ([1], 4, False, False),
        ([], 0, True, False),
        ([2, 3], 2, False, False),
        ([4], 1, False, False),
        ([], 1, False, True),
    ]


@pytest.mark.parametrize(
    ("log", "given"),
    [
        ('[{"loss": 1},\n{"loss": 2}]', [(1, 1.0), (2, 2.0)]),
        ('[{"loss": 1\n}, {"loss": 2\n}, {"loss": 3}\n, {"loss": 4\n} ]\n', [(3, 1.0), (3, 2.0), (3, 3.0), (5, 4.0)]),
        ('[ {\n"loss": 1\n}, {\n"loss": 2\n} ]\n', [(5, 1.0), (5, 2.0)]),
        ('[{"loss": 1}, {"loss": 2},\n{"loss": 3}, {"loss": 4}]\n', [(1, 1.0), (1, 2.0), (2, 3.0), (2, 4.0)]),
        ('[\n{"loss": 1} ,\n{"loss": 2}\n]', [(2, 1.0), (3, 2.0)]),
        ("[\n" + json.dumps({"loss": 1}, indent=4) + "\n]", [(4, 1.0)]),
        ('[\n{"loss": 1, "note": "},"},\n{"loss": 2, "note": "]"}\n]', [(2, 1.0), (3, 2.0)]),
    ],
)
def test_records_stand_where_they_end_whatever_the_layout(log: str, given: list[tuple[int, float]]) -> None:
    lines = lines_of(log)
    ordinary, rows, count = read(lines)
    ends = [line.at for line in lines]
    assert [(ends.index(at) + 1, fields["loss"]) for at, fields in rows] == given
    assert (ordinary, count) == ([], len(lines))


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("loss: 0.25\nloss: 0.125\n", "garbage"),
        ("\t\n{\n'lr': 0.1\n},\n", "an object that is no JSON, in lines that were held"),
        ('{\n"a": 1],\n"b": 2},\n{"loss": 3},\n', "brackets that do not match"),
        ('{"loss": 2} {"loss": 3},\n{"loss": 4},\n', "no comma"),
        ('{"loss": 2},,\n{"loss": 3},\n', "a comma too many"),
        ("2,\n3\n]\n", "a number"),
        ('[{"loss": 2}],\n', "a list"),
        ("null,\n", "a null"),
        ('{"loss": 2}, 3, {"loss": 4},\n{"loss": 5}\n]\n', "a number in the middle of a line"),
        ('{"loss": 2}, 3]\n{"loss": 3}\n', "a number at the end"),
        ('{"loss": 2}}\n{"loss": 3}\n', "the wrong bracket at the end"),
    ],
    ids=lambda value: value if "\n" not in value else "",
)
def test_records_stay_where_their_list_goes_on_as_no_list_of_objects(rest: str, why: str) -> None:
    start = '[\n{"loss": 1},\n'
    lines = lines_of(start + rest)
    assert read(lines) == (lines[2:], [(len(start), {"loss": 1})], 2), why


def test_a_list_that_was_never_closed_keeps_its_records_and_gives_back_what_is_held() -> None:
    document = Document()
    lines = lines_of('[\n{"loss": 1},\n{\n"loss": 2,\n')
    assert [len(document.take(line).records) for line in lines] == [0, 1, 0, 0]
    assert document.close() == lines[2:]
    assert document.close() == []


def test_objects_without_numbers_wait_for_the_first_one_with_a_number() -> None:
    document = Document()
    told = [
        (document.holding, list(reading.records), reading.read)
        for line in lines_of('[\n{},\n{"note": "a"}, {},\n{"loss": 1},\n{},\n{"note": "b"}\n]')
        if (reading := document.take(line))
    ]
    assert told == [
        (True, [], 0),
        (True, [], 0),
        (True, [], 0),
        (False, [{}, {"note": "a"}, {}, {"loss": 1}], 4),
        (False, [{}], 1),
        (False, [{"note": "b"}], 1),
        (False, [], 1),
    ]


def test_a_record_has_no_key_of_our_own() -> None:
    assert read(lines_of('[\n{"@boxed": 1, "@total": 3, "loss": 1}\n]'))[1] == [(40, {"loss": 1})]
    assert records({"log": [{"@group": "x", "loss": 1}, {"loss": 2}]}) == [{"loss": 1}, {"loss": 2}]


def test_brackets_and_quotes_in_strings_do_not_count() -> None:
    log = '{"note": "]}\\"{[",\n"more": "\\\\",\n"log": [{"loss": 1, "note": "}"},\n{"loss": 2}]\n}\n'
    assert read(lines_of(log))[1] == [(len(log), {"loss": 1, "note": "}"}), (len(log), {"loss": 2})]


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ('[{"loss": 1}, {"loss": 2}]', [{"loss": 1}, {"loss": 2}]),
        ('[{"loss": 1}]', [{"loss": 1}]),
        (json.dumps(TRAINER_STATE), TRAINER_ROWS),
        ('{"loss": [3, 2], "val_loss": [4, 3]}', records({"loss": [3, 2], "val_loss": [4, 3]})),
    ],
)
def test_a_first_line_that_is_a_whole_document_is_one(line: str, rows: list[Fields]) -> None:
    assert read([Line(line, 9)]) == ([], [(9, fields) for fields in rows], 1)


@pytest.mark.parametrize(
    "log",
    [
        '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n',
        '{"step": 1, "val": {"loss": 0.5, "per_class": [1, 2]}}\n{"step": 2}\n',
        '{"step": 1, "tests": [{"loss": 0.5}]}\n',
        '{"step": 1, "betas": [0.9, 0.999]}\n',
        "{}\n",
        "[]\n[1, 2]\n",
    ],
)
def test_a_first_line_that_is_a_plain_object_is_a_json_line(log: str) -> None:
    assert_ordinary(log)


@pytest.mark.parametrize(
    "log",
    [
        "epoch 1 loss 0.5\n[\n",
        "{\n  gpu : 0\n  batchSize : 128\n}\nloss 0.5\n",
        "{'lr': 0.1,\n 'batch': 32}\nloss 0.5\n",
        "{\n'lr': 0.1\n}\n",
        "[2024-01-01 10:00:00] epoch 1\n[2024-01-01 10:00:01] loss 0.5\n",
        "[1/10][20/100] loss: 0.5\n",
        "[INFO] start\nloss 0.5\n",
        "[3 files\n4 files\n",
        "[[0.1 0.2]\n [0.3 0.4]]\n",
        "[\n1 0.5\n2 0.4\n",
        "[\n1\n2\n]\n",
        '[\n"a"\n:\n',
        "[\n,\n",
        "[,\n",
        '{"lr": 0.1,\n"a\n": 2}\n',
        '{"lr": 0.1,\n"b": True}\n',
        '{"lr": 0.1,\n"b": 2} loss 0.5\n',
        "[[1,\n2],\n[3,\n4]]\n",
        '[[{"loss": 1},\n{"loss": 2}]]\n',
        '[\n1,\n{"loss": 2}\n]\n',
        '[{"loss": 1}, 2,\n{"loss": 3}\n]\n',
        "[\n{},\n{}\n]\n",
        '[\n{"name": "adam"},\n{"name": "sgd"},\n]\nloss 0.5\n',
        "[\n \n]\n",
        '[{"lr": 0.1,\n\'b\': 2},\n{"loss": 1},\n',
        "[\n}\nloss 0.5\n",
        ']\n[{"loss": 1},\n{"loss": 2}]\n',
        '{"model": "gpt2",\n "layers": 12,\n "betas": [0.9, 0.999]}\nloss 0.5\n',
        '{"log": [\n{"loss": 1},\n]}\n',
        '{"log": [\n{"loss": 1},\n{"loss": 2},\n',
        "[\n" * 5000 + "]\n" * 5000,
        '{"a":' + "[\n" * 5000 + "]\n" * 5000 + "}\n",
        '[{"a":\n' + "[" * 100_000 + "\n" + "]" * 100_000 + "},\n",
        "[" + "9" * 5000 + ",\n" + '{"loss": 1}]\n',
        '[{"loss": ' + "9" * 5000 + "},\n" + '{"loss": 1}]\n',
    ],
)
def test_lines_that_are_no_document_come_back_in_order(log: str) -> None:
    assert_ordinary(log)


@pytest.mark.parametrize("rest", ["", " \t", ", [2", "]", '{"step": 1}', " loss 0.5"])
def test_the_bracket_that_closes_a_document_ends_its_line(rest: str) -> None:
    for texts in (["[", '{"a": "]"},', '{"a": 1}]'], ['{"log": [{"a": 1}, {"a": 2}]}'], ['{"a": [1, 2]}']):
        document = Document()
        *before, last = texts
        for text in before:
            document.take(Line(text, 1))
        assert document.ends_with(last)
        assert not document.ends_with(last[:-1])
        assert document.ends_with(last + rest) == (not rest)
        reading = document.take(Line(last + rest, 2))
        assert (reading.rest, reading.lines, document.over) == (rest, (), True)


@pytest.mark.parametrize("half", ['{"step": 1, "loss": 2}', "[1, 2]", "[]", "{}", "loss [1]", '["a"]', '{"a": "]', "]"])
def test_a_half_line_that_is_no_document_ends_nothing(half: str) -> None:
    document = Document()
    assert not document.ends_with(half)
    assert not document.holding


@pytest.mark.parametrize(
    "texts",
    [
        ["{", "  gpu : 0"],
        ["[", "1"],
        ["[", "[1,"],
        ["[1,"],
        ["[", "", '"a"'],
        ["[", ","],
        ['{"a": [', "1]},[2"],
        ['{"a": [', "1]}, 2"],
        ["[{}, 2,", "3"],
        ['{"a": 1', '"b": 2'],
        ['{"a": "b'],
        ["]"],
        ["5"],
        ["loss 0.5"],
    ],
)
def test_a_line_that_cannot_be_json_gives_the_held_ones_back_at_once(texts: list[str]) -> None:
    document = Document()
    lines = [Line(text, 10 * at) for at, text in enumerate(texts, 1)]
    assert [document.take(line) for line in lines[:-1]] == [app.document.WAITING] * (len(lines) - 1)
    assert document.take(lines[-1]).lines == lines
    assert (document.over, document.holding) == (True, False)


def test_an_object_that_grows_too_large_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    log = '{"log": [\n{"loss": 1},\n{"loss": 2}\n]}\n'
    assert read(lines_of(log))[2] == 4
    monkeypatch.setattr(app.document, "LARGEST", len(log) - 1)
    assert_ordinary(log)


def test_a_list_may_be_longer_than_what_may_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.document, "LARGEST", 30)
    lines = lines_of("[\n" + '{"loss": 1},\n' * 1000 + '{"loss": 2}\n]\n')
    ordinary, rows, count = read(lines)
    assert (ordinary, len(rows), count) == ([], 1001, 1003)


def test_a_record_that_grows_too_large_comes_back_and_those_before_it_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.document, "LARGEST", 30)
    lines = lines_of('[\n{"loss": 1},\n{"loss": 2,\n"note": "a",\n"more": "b",\n"acc": 3},\n{"loss": 4}\n]\n')
    ordinary, rows, count = read(lines)
    assert (ordinary, [fields for _, fields in rows], count) == (lines[2:], [{"loss": 1}], 2)


def test_objects_without_numbers_are_held_and_count_for_what_may_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.document, "LARGEST", 30)
    assert_ordinary("[\n" + "{},\n" * 100 + '{"loss": 1}\n]\n')


def test_a_document_that_was_never_closed_comes_back_when_the_generation_is_over() -> None:
    document = Document()
    held = lines_of('{"log": [\n{"loss": 1},\n')
    assert [document.take(line).lines for line in held] == [(), ()]
    assert document.close() == held
    assert document.close() == []


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (TRAINER_STATE, TRAINER_ROWS),
        (
            {"meta": {"sets": [{"name": "RMSE"}]}, "iterations": [{"learn": [49.5], "iteration": 0, "test": [1, 2]}]},
            [{"learn": 49.5, "iteration": 0, "test/0": 1, "test/1": 2}],
        ),
        ([{"loss": 1, "acc": {"top1": 0.5}, "per_class": list(range(9))}], [{"loss": 1, "acc/top1": 0.5}]),
        (
            {"train": [{"epoch": 1, "loss": 3}, {"epoch": 2, "loss": 2}], "val": [{"loss": 4}, {"loss": 5}]},
            [{"epoch": 1, "train/loss": 3}, {"epoch": 2, "train/loss": 2}, {"val/loss": 4}, {"val/loss": 5}],
        ),
        ({"log": [{"loss": 3}, {"loss": 2}, {"loss": 1}], "nets": [{"size": 3}, {"size": 2}]}, "log"),
        ({"log": [{"loss": 3}, {"loss": 2}], "best": [{"loss": 2}]}, "log"),
        (
            {"loss": [3, 2.5], "acc": [0.1, None]},
            [{"epoch": 1, "loss": 3, "acc": 0.1}, {"epoch": 2, "loss": 2.5}],
        ),
        (
            {"train": {"loss": [3, 2]}, "val": {"loss": [4, 5], "epoch": [10, 20]}},
            [{"train/loss": 3, "val/loss": 4, "epoch": 10}, {"train/loss": 2, "val/loss": 5, "epoch": 20}],
        ),
        ({"epoch": [0, 1], "loss": [3, 2]}, [{"epoch": 0, "loss": 3}, {"epoch": 1, "loss": 2}]),
        ({"callbacks": [{"patience": 3}], "loss": [3, 2]}, [{"epoch": 1, "loss": 3}, {"epoch": 2, "loss": 2}]),
        ({"loss": [1] * 9, "sizes": [1, 2], "lr": 0.1}, [{"epoch": i + 1, "loss": 1} for i in range(9)]),
        ({"loss": [1] * 10, "val": [2] * 9}, None),
        ({"model": "gpt2", "layers": 12, "betas": [0.9, 0.999]}, []),
        ({"log": [{"loss": 3}], "model": "gpt2", "lr": 0.1, "betas": [0.9, 0.999]}, [{"loss": 3}]),
        ({"loss": [1], "flags": [True, False], "names": ["a", "b"], "none": [None, None]}, []),
        ({"a": {"b": {"c": {"d": [{"loss": 1}]}}}}, [{"loss": 1}]),
        ({"a": {"b": {"c": {"d": {"e": [{"loss": 1}]}}}}}, []),
        ([{"loss": 1}, 2], []),
        ([[1, 2], [3, 4]], []),
        ([1, 2], []),
        ([{}], []),
        ({}, []),
        (3, []),
        (None, []),
    ],
)
def test_records_are_found_in_a_value(value: Any, rows: list[Fields] | str | None) -> None:
    if isinstance(rows, str):
        rows = value[rows]
    if rows is None:
        rows = [{"step": i + 1, "loss": 1} | ({"val": 2} if i < 9 else {}) for i in range(10)]
    assert records(value) == rows


def test_a_number_too_large_for_a_float_is_infinite() -> None:
    assert records([{"loss": 10**400}]) == [{"loss": float("inf")}]
    assert records({"loss": [10**400, 1]})[0]["loss"] == float("inf")


@pytest.mark.parametrize(
    "log",
    [
        "[" * 500_000 + "\n",
        "[\n" * 100_000,
        '{"a":' + "[\n" * 100_000,
        '{"a": [' + "[\n" + "[]," * 200_000 + "\n1]\n",
        "[\n" + '{"step": 1, "loss": 0.5},\n' * 200_000,
        "[\n" + '{\n"step": 1,\n"loss": 0.5\n},\n' * 60_000 + "]\n",
        "[\n" + "{},\n" * 100_000,
        "[\n" + "{},\n" * 100_000 + '{"loss": 1}\n]\n',
        '[\n{"loss": 1},\n2,\n' + '{"loss": 1},\n' * 100_000,
        "[\n2,\n" + '{"loss": 1},\n' * 100_000,
        '[\n{"loss": 1}, 2,\n' + '{"loss": 1},\n' * 100_000,
        "[[1],\n" + "[2],\n" * 100_000,
        "{\n" + '"a": {\n},\n' * 100_000 + '"b": 1}\n',
        "{\n" + '"a": {"b": 1},\n' * 100_000,
        '[{"a": [\n' + '{"b": {\n}\n},\n' * 70_000,
        '[\n{"a": [1},\n' + '{"b": 1},\n' * 100_000,
        '[\n{"loss": 1}\n' + ",\n\t\n" * 100_000,
        '{"a": "' + '\\"' * 300_000 + "\n",
        "[1" + " " * 500_000 + "x\n",
        "[\n" + "[]," * 200_000 + "\n1]\n",
        "{" + ",".join(f'"{i}":[{{"a":1}},{{"a":2}}]' for i in range(20_000)) + "\n}\n",
        "{" + ",".join(f'"{i}":[1,2,3,4,5,6,7,8,9]' for i in range(20_000)) + ',\n"l":[' + "1," * 90_000 + "1]}\n",
    ],
)
def test_a_hostile_document_costs_no_time(log: str) -> None:
    lines = lines_of(log)
    started = time.process_time()
    read(lines)
    assert time.process_time() - started < 5


json_text = st.builds(
    lambda value, indent: json.dumps(value, indent=indent),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["loss", "step", "log", "é{"]), inner)
        ),
        max_leaves=12,
    ),
    st.sampled_from([None, 0, 1, 4]),
)
pieces = st.lists(
    st.sampled_from(
        ["{", "[", "}", "]", ",", ":", '"', "\\", '"loss": 0.5', '{"loss": 1}', "1", "-", "NaN", " ", "\n", "x", "é"]
    ),
    max_size=30,
).map("".join)


@given(st.lists(st.one_of(json_text, pieces), min_size=1, max_size=4).map("\n".join), st.integers(1, 400))
def test_no_line_is_lost_and_nothing_is_raised(text: str, largest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.document, "LARGEST", largest)
        lines = lines_of(text)
        ordinary, rows, count = read(lines)
        assert len(ordinary) + count == len(lines)
        assert bool(rows) == bool(count)
        first = next((i for i, line in enumerate(lines) if line.text.strip(" \t")), 0)
        assert ordinary == lines[:first] + lines[first + count :]
        assert {at for at, _ in rows} <= {line.at for line in lines[first : first + count]}
        assert [at for at, _ in rows] == sorted(at for at, _ in rows)


@given(json_text)
def test_a_value_over_several_lines_gives_what_is_in_it(text: str) -> None:
    value = json.loads(text)
    if "\n" in text and isinstance(value, dict | list):
        given = [fields for _, fields in read(lines_of(text))[1]]
        if isinstance(value, list) and not all(isinstance(inner, dict) for inner in value):
            value = value[: len(given)]  # the objects that it began with
        assert repr(given) == repr(records(value))


objects = st.lists(
    st.dictionaries(st.sampled_from(["loss", "step", "note"]), st.sampled_from([1, 0.5, "a", None, {"top1": 1}])),
    min_size=1,
    max_size=6,
)


@given(objects, st.sampled_from([None, 0, 2]), st.lists(st.sampled_from([",", ",\n", "\n,", "\n,\n", ",\n \n"])))
def test_a_list_that_was_cut_off_has_the_records_before_the_cut(
    values: list[dict[str, Any]], indent: int | None, commas: list[str]
) -> None:
    parts = [json.dumps(value, indent=indent) for value in values]
    glue = [*commas, *[",\n"] * len(parts)]
    text = "[\n" + "".join(part + comma for part, comma in zip(parts, glue, strict=False))
    whole = [fields for _, fields in read(lines_of(text + '{"loss": 1}\n]\n'))[1]]
    assert whole == records([*values, {"loss": 1}])
    for cut in range(len(text)):
        given = [fields for _, fields in read(lines_of(text[:cut]))[1]]
        assert given == whole[: len(given)]
