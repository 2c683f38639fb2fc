"""tokens: each piece of a message is one token of its kind."""

import pytest

from app.tokens import TOKEN

PARTS = {"unit", "total", "whole", "of"}


def kinds(text: str) -> list[tuple[str, str]]:
    found = [(token.lastgroup or "", token.group()) for token in TOKEN.finditer(text)]
    return [("number" if kind in PARTS else kind, piece) for kind, piece in found]


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        *[
            (piece, "number")
            for piece in ("7", "-7.5e-05", "1,234.5", "5%", "2epoch", "3/500", "3 / 500", "3 of 5", "nan")
        ],
        *[(piece, "word") for piece in ("loss", "train/loss_ctc", "Acc@1", "f1-score", "#7", "val(test)", "准确率")],
        *[(piece, "skip") for piece in ("/data/ckpt", "train.py:12", "http://host:1/2", "2026-11-23", "12:30:05")],
        *[(piece, "skip") for piece in ("0x7f3a", "deadbeef01", "2 days,")],
        *[(piece, "junk") for piece in ("2.9.1+cu128", "1_000", "3.12.3")],
        *[(piece, "separator") for piece in (":", "=", "：")],
        *[(piece, "cut") for piece in (",", ";", "|", "\t", "│")],
        *[(piece, "arrow") for piece in ("->", "=>", "→")],
        *[("±", "plusminus"), ("[", "open"), ("]", "close"), ("{", "brace")],
    ],
)
def test_a_piece_is_one_token(piece: str, kind: str) -> None:
    assert kinds(piece) == [(kind, piece)]


def test_a_line_of_metrics_is_words_marks_and_numbers() -> None:
    assert [kind for kind, _ in kinds("step 3/500 | loss=0.5 (0.6), lr 1e-3")] == [
        *("word", "number", "cut", "word", "separator", "number", "open", "number", "close", "cut", "word", "number"),
    ]
