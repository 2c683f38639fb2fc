"""app/encoding.py: what bytes look like. How they are cut and decoded is told in test_lines."""

import pytest

from app.encoding import looks_wide

TEXT = "step=1 loss=0.5\n" * 20


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_looks_like_it(codec: str) -> None:
    assert looks_wide(TEXT.encode(codec))
    assert looks_wide(("損失 " + TEXT).encode(codec))


@pytest.mark.parametrize(
    "sample",
    [
        TEXT.encode(),
        bytes(4096),
        bytes(2000) + TEXT.encode(),
        bytes(101) + TEXT.encode(),
        b"",
        "a\n".encode("utf-16-le"),
        TEXT.encode("utf-32-le"),
    ],
    ids=["ASCII", "a hole", "a hole and text", "a hole of odd length", "nothing", "too little to say", "UTF-32"],
)
def test_other_bytes_do_not(sample: bytes) -> None:
    assert not looks_wide(sample)
