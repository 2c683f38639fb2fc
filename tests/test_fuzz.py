"""fuzz: no line, however it is mangled, stops the reading; and the search for such lines finds them."""

import itertools
import random

import pytest

from app.fold import Fold
from tests import fuzz
from tests.fuzz import MUTATIONS, SHORT, Corpus, Fuzz, corpus_from, limit, mutated, repeated, report, steep, stretches

LINES = 10_000


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_from([])


def found(corpus: Corpus, lines: int, *, short: float = 1e9, motifs: int = 0) -> Fuzz:
    searched = Fuzz(corpus, short=short)
    searched.run(lines, motifs)
    return searched


def test_no_mutated_line_raises(corpus: Corpus) -> None:
    searched = found(corpus, LINES)
    assert searched.lines == LINES
    assert not searched.findings, "\n".join(report(searched))


def test_the_same_seed_gives_the_same_lines(corpus: Corpus) -> None:
    one, other, another = (next(stretches(random.Random(seed), corpus)) for seed in (1, 1, 2))
    assert one == other
    assert one != another


@pytest.mark.parametrize("change", [change for change, _ in MUTATIONS], ids=lambda change: change.__name__)
def test_every_mutation_changes_lines_and_takes_the_empty_one(change: fuzz.Mutation, corpus: Corpus) -> None:
    rng = random.Random(1)
    lines = [corpus.line(rng) for _ in range(50)]
    assert sum(change(rng, line, corpus) != line for line in lines) > 20
    assert isinstance(change(rng, "", corpus), str)


def test_lines_reach_4_and_64_kib(corpus: Corpus) -> None:
    rng = random.Random(1)
    sizes = [len(mutated(rng, corpus.line(rng), corpus)) for _ in range(20_000)]
    assert sum(SHORT - 100 < size <= SHORT for size in sizes) > 100
    assert any(size > fuzz.LONG - 100 for size in sizes)


@pytest.mark.parametrize("before", [0, 3])
def test_an_exception_that_the_fold_survives_is_found(
    before: int, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(fold: Fold, line: bytes, *, last: bool = False) -> float:
        fold.parser = lambda text: {}[text]  # type: ignore[assignment]
        return plain(fold, line, last=last)

    plain = fuzz.cost
    monkeypatch.setattr(fuzz, "cost", stumble)
    searched = Fuzz(corpus)
    with searched._listening():
        searched._check(Fold(0), [b"a"] * before, b"loss 0.5")
    assert [(each.kind, each.line, len(each.before)) for each in searched.findings] == [
        ("exception", b"loss 0.5", before)
    ]
    assert "KeyError('loss 0.5') in test_fuzz.py" in searched.findings[0].where


def test_an_exception_that_stops_the_fold_is_found(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fold, "close", lambda fold: 1 / 0)
    assert {each.kind for each in found(corpus, 3).findings} == {"exception"}


def test_a_line_that_takes_longer_than_the_limit_is_found(corpus: Corpus) -> None:
    searched = found(corpus, 20, short=0)
    assert {each.kind for each in searched.findings} == {"slow"}
    assert "slow: " in "\n".join(report(searched))


def test_a_long_line_may_take_as_many_times_longer() -> None:
    assert limit(b"x" * 10) == limit(b"x" * SHORT) == fuzz.LIMIT
    assert limit(b"x" * SHORT * 16) == 16 * fuzz.LIMIT


@pytest.mark.parametrize(("power", "is_steep"), [(1, False), (1.3, False), (1.5, True), (2, True)])
def test_a_cost_that_outgrows_the_length_is_steep(power: float, is_steep: bool) -> None:
    assert steep([1e-3 * (size / 1024) ** power for size in fuzz.LADDER]) == is_steep


def test_costs_under_a_millisecond_are_never_steep() -> None:
    assert not steep([1e-6, 1e-5, 1e-4, 9e-4])


def test_one_step_up_is_not_steep() -> None:
    assert not steep([1e-3, 2e-3, 8e-3, 16e-3])


def test_a_motif_whose_cost_is_the_square_of_its_length_is_found(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "cost", lambda fold, line, last=False: 1e-9 * len(line) ** 2)
    searched = found(corpus, 0, motifs=3)
    assert [each.kind for each in searched.findings] == ["growth"] * 3
    assert all("* n" in each.where for each in searched.findings)


@pytest.mark.parametrize("part", ["a", "ab", "━", "\ud800", "12345678"])
def test_a_motif_fills_a_line_up_to_its_length_in_bytes(part: str) -> None:
    size = len(repeated(part, 100).encode(errors="replace"))
    assert 100 - 8 < size <= 100


def test_stretches_follow_logs_and_mix_them(corpus: Corpus) -> None:
    first = list(itertools.islice(stretches(random.Random(1), corpus), 10))
    assert all(0 < len(stretch) <= fuzz.STRETCH for stretch in first)
