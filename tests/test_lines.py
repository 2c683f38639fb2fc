"""lines: bytes become lines that know where they end, however they are cut."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.lines
from app.lines import Line, LineSplitter


def lines_of(*chunks: bytes) -> list[Line]:
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)]


def test_a_half_written_line_waits_for_its_end() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"a\nloss 0.1")) == [Line("a", 2)]
    assert list(splitter.feed(b"234")) == []
    assert splitter.at == 2
    assert list(splitter.feed(b"\n")) == [Line("loss 0.1234", 14)]


def test_a_half_line_comes_out_when_the_generation_is_over() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"a\nlo")) == [Line("a", 2)]
    assert list(splitter.feed(b"ss")) == []
    assert list(splitter.close()) == [Line("loss", 6)]
    assert splitter.at == 6
    assert list(splitter.close()) == []


def test_a_carriage_return_alone_ends_a_line() -> None:
    assert [line[:2] for line in lines_of(b"\r 10%\r 20%\rdone\n")] == [(" 10%", 6), (" 20%", 11), ("done", 16)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_line_is_redrawn_where_no_newline_stands_between_it_and_the_one_before(size: int) -> None:
    log = b"a\r\nb\n\rc\rd\r\re\b\bf\ng\r"
    lines = lines_of(*(log[at : at + size] for at in range(0, len(log), size)))
    assert "".join(line.text for line in lines) == "abcdefg"
    assert "".join(line.text for line in lines if line.redrawn) == "def"


def test_backspaces_end_a_line_as_a_carriage_return_does() -> None:
    bar = b" 1/2 [=>..]" + b"\b" * 11
    assert lines_of(bar + b" 2/2 [====]\n") == [Line(" 1/2 [=>..]", 12), Line(" 2/2 [====]", 34, redrawn=True)]
    splitter = LineSplitter()
    assert list(splitter.feed(bar)) == [Line(" 1/2 [=>..]", 12)]
    assert (splitter.at, splitter.lines) == (22, 1)


def test_a_carriage_return_and_newline_in_two_chunks_are_one_end() -> None:
    assert lines_of(b"a\r\nb\r\n") == [Line("a", 2), Line("b", 5)]
    assert lines_of(b"a\r", b"\nb\r", b"\n") == [Line("a", 2), Line("b", 5)]


def test_empty_lines_are_left_out_and_their_bytes_are_counted() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"\n\n\r\na\n\n")) == [Line("a", 6)]
    assert (splitter.at, splitter.lines) == (7, 1)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("cut", [1, 2, 3, 7, 100])
def test_a_line_beyond_the_limit_is_dropped_and_its_neighbours_stay(
    monkeypatch: pytest.MonkeyPatch, end: bytes, cut: int
) -> None:
    monkeypatch.setattr(app.lines, "LONGEST_LINE", 10)
    log = end.join([b"before", b"x" * 10, b"y" * 11, b"z" * 35, b"after", b""])
    splitter = LineSplitter()
    lines = [line.text for at in range(0, len(log), cut) for line in splitter.feed(log[at : at + cut])]
    assert lines == ["before", "x" * 10, "after"]
    assert (splitter.too_long, splitter.lines, splitter.at) == (2, 3, len(log))


def test_an_endless_line_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.lines, "LONGEST_LINE", 1000)
    splitter = LineSplitter()
    for _ in range(100):
        assert list(splitter.feed(b"a" * 100)) == []
    assert sum(map(len, splitter._half)) <= 1000
    assert list(splitter.feed(b"\nnext\n")) == [Line("next", 10_006)]


def test_a_megabyte_without_an_end_costs_no_time() -> None:
    splitter = LineSplitter()
    started = time.process_time()
    assert list(splitter.feed(b"a" * (1 << 20))) == []
    assert time.process_time() - started < 1


def test_a_byte_order_mark_is_stripped_at_the_start_only() -> None:
    bom = b"\xef\xbb\xbf"
    assert lines_of(bom + b"a\n" + bom + b"b\n") == [Line("a", 5), Line("\ufeffb", 10)]
    assert lines_of(bom[:1], bom[1:2], bom[2:] + b"a\n") == [Line("a", 5)]
    assert lines_of(bom + b"\na\n") == [Line("a", 6)]


def test_invalid_utf_8_leaves_the_numbers_of_its_line() -> None:
    assert lines_of(b"loss\xff\xfe 0.5\n") == [Line("loss\ufffd\ufffd 0.5", 11)]


def test_a_character_cut_in_two_comes_out_whole() -> None:
    text = "損失=0.5 step=1"
    log = text.encode() + b"\n"
    for cut in range(len(log)):
        assert lines_of(log[:cut], log[cut:]) == [Line(text, len(log))]


def test_the_nul_bytes_of_a_hole_are_left_out() -> None:
    assert lines_of(b"\0" * 900 + b"step 1\n\0\0\n") == [Line("step 1", 907)]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_only_newline_and_carriage_return_end_a_line(separator: str) -> None:
    text = f"step 1{separator}loss 0.5"
    assert text.splitlines() != [text]
    assert [line.text for line in lines_of(text.encode() + b"\n")] == [text]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
def test_a_log_in_utf_16_is_read_by_its_byte_order_mark(codec: str, cut: int) -> None:
    text = "\ufeffloss 0.5\r\n損失 \U0001f600\n 10%\r 20%\b\b\n\nend"
    log = text.encode(codec)
    splitter = LineSplitter()
    lines = [line for at in range(0, len(log), cut) for line in splitter.feed(log[at : at + cut])] + [*splitter.close()]
    assert [line.text for line in lines] == ["loss 0.5", "損失 \U0001f600", " 10%", " 20%", "end"]
    assert [text.encode(codec)[: line.at].decode(codec)[-1] for line in lines] == ["\r", "\n", "\r", "\b", "d"]
    assert (splitter.at, splitter.lines) == (len(log), 5)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "pair", ["\u0a0d", "\u0d0a", "\u0a0a", "\u0a41\u4100", "\u4100\u0a41", "\u410a\u0041", "\u000b\u0a00"]
)
def test_half_a_unit_of_utf_16_is_no_line_end(codec: str, pair: str) -> None:
    log = f"\ufeffa{pair}b\n".encode(codec)
    assert lines_of(log) == [Line(f"a{pair}b", len(log))]


@pytest.mark.parametrize(("codec", "lone"), [("utf-16-le", b"\x3d\xd8"), ("utf-16-be", b"\xde\x00")])
def test_damaged_utf_16_leaves_the_numbers_of_its_line(codec: str, lone: bytes) -> None:
    log = "\ufefface ".encode(codec) + lone + " 0.5\0\n".encode(codec)
    assert lines_of(log) == [Line("ace \ufffd 0.5", len(log))]


def test_half_a_unit_at_the_end_of_utf_16_is_no_character() -> None:
    log = "\ufefface 0.5\n".encode("utf-16-le")
    splitter = LineSplitter()
    assert list(splitter.feed(log[:-1])) == []
    assert list(splitter.close()) == [Line("ace 0.5", len(log) - 1)]
    assert splitter.at == len(log) - 1


def test_a_byte_order_mark_of_utf_16_counts_at_the_start_only() -> None:
    assert lines_of(b"a\n\xff\xfeb\n") == [Line("a", 2), Line("\ufffd\ufffdb", 6)]
    assert lines_of(b"\xff", b"\n\xfea\n") == [Line("\ufffd", 2), Line("\ufffda", 5)]
    assert [*LineSplitter().close()] == []


@pytest.mark.parametrize(
    "text",
    [
        "当前Batch：10/6035 | 当前epoch:0/50 | 当前损失值：10.113 | 当前准确率：0.00%",
        "第1轮，训练集损失：0.5（最佳）→ “完成”……",
        "エポック 1、損失 0.5",
        "学习率＝0.1 α β ≥ 25℃ ★",
        "鑫：0.5",
    ],
)
def test_a_line_in_gb_18030_is_read_as_chinese(text: str) -> None:
    line = text.encode("gb18030") + b"\n"
    assert lines_of(line) == [Line(text, len(line))]


@pytest.mark.parametrize(
    "line",
    [
        "损失：0.5".encode()[1:],
        "损失：0.5".encode()[:-4] + b" 0.5",
        b" 50%|" + "█████".encode()[:-2] + b"| 5/10",
        b" 50%|" + "█████".encode()[1:] + b"| 5/10",
        "━━━━".encode()[:-2] + b" 5/10",
        "━━━━".encode()[2:] + b" 5/10",
        "┃ loss ┃".encode()[:-1],
        "─ loss".encode("gb18030"),
        "perte après l'époque 1: 0.5".encode("latin-1"),
        "für 25 °C: 0.5 µs ± 0.1".encode("cp1252"),
        b"loss \x80 0.5",
        b"loss \xff 0.5",
    ],
)
def test_broken_text_of_another_kind_is_no_chinese(line: bytes) -> None:
    [got] = lines_of(line + b"\n")
    assert "\ufffd" in got.text
    assert got.text == line.decode(errors="replace")


def test_each_line_has_its_own_encoding() -> None:
    log = "损失：0.5\n".encode("gb18030") + "损失：0.25\n".encode() + b"caf\xe9 1\n"
    assert [line.text for line in lines_of(log)] == ["损失：0.5", "损失：0.25", "caf\ufffd 1"]


pieces = st.sampled_from(
    [
        b"a",
        b"loss 0.5",
        b"\n",
        b"\r",
        b"\r\n",
        b"\b",
        b"\b\b",
        b"\0",
        b"\n\0",
        b"\0\n",
        b"\xff",
        b"\xfe",
        b"\xef\xbb\xbf",
    ]
    + ["é損".encode(), "损失：".encode("gb18030"), "损失".encode("utf-16-le"), b"\x3d\xd8", b""]
)
ENDS = {b"\xff\xfe": [b"\b\0", b"\n\0", b"\r\0"], b"\xfe\xff": [b"\0\b", b"\0\n", b"\0\r"]}
starts = st.sampled_from([b"", b"", b"\xff\xfe", b"\xfe\xff", b"\xff", b"\xfe", b"\xef\xbb\xbf"])
logs = st.builds(bytes.__add__, starts, st.lists(pieces, max_size=40).map(b"".join))
cuts = st.one_of(st.lists(st.integers(0, 200), max_size=10), st.just([*range(300)]))


@given(logs, cuts, st.integers(3, 9))
def test_where_the_bytes_are_cut_never_matters(log: bytes, cuts: list[int], longest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.lines, "LONGEST_LINE", longest)
        whole, cut = LineSplitter(), LineSplitter()
        edges = [0, *sorted(cuts), len(log)]
        in_pieces = [line for a, b in zip(edges, edges[1:], strict=False) for line in cut.feed(log[a:b])]
        in_pieces += cut.close()
        assert [*whole.feed(log), *whole.close()] == in_pieces
        assert (whole.at, whole.lines, whole.too_long) == (cut.at, cut.lines, cut.too_long)
        assert whole.at == len(log)
        ends = ENDS.get(log[:2], [b"\b", b"\n", b"\r"])
        assert all(log[: line.at].endswith(tuple(ends)) or line.at == len(log) for line in in_pieces)


# -- holes ---------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.binary(max_size=20).map(lambda text: text + b" " * (len(text) % 2)), st.integers(0, 5))),
    st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff"]),
)
def test_a_hole_that_is_skipped_is_as_the_nuls_in_it(pieces: list[tuple[bytes, int]], mark: bytes) -> None:
    skipping, fed = LineSplitter(), LineSplitter()
    lines = list(skipping.feed(mark))
    expected = list(fed.feed(mark))
    for text, pairs in pieces:
        lines += skipping.feed(text)
        skipping.skip(2 * pairs)
        expected += fed.feed(text + bytes(2 * pairs))
    assert lines + list(skipping.close()) == expected + list(fed.close())
    assert (skipping.at, skipping.lines) == (fed.at, fed.lines)


def test_nuls_are_counted_and_make_no_line_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.lines, "LONGEST_LINE", 10)
    splitter = LineSplitter()
    assert list(splitter.feed(b"lo" + bytes(30))) == []
    splitter.skip(1 << 40)
    assert list(splitter.feed(bytes(3) + b"ss=1\n")) == [Line("loss=1", 40 + (1 << 40))]
    assert (splitter.nul_bytes, splitter.too_long) == (33 + (1 << 40), 0)
