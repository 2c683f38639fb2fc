"""app/crc.py: the checksum of zeros that nobody has."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from app.crc import crc_over_zeros


@given(st.binary(max_size=50), st.integers(0, 100_000))
def test_it_is_the_checksum_that_the_zeros_would_have_given(before: bytes, count: int) -> None:
    assert crc_over_zeros(zlib.crc32(before), count) == zlib.crc32(before + bytes(count))


def test_a_hole_of_four_gibibytes_is_the_same_as_its_two_halves() -> None:
    half = crc_over_zeros(zlib.crc32(b"step=1\n"), 2 << 30)
    assert crc_over_zeros(half, 2 << 30) == crc_over_zeros(zlib.crc32(b"step=1\n"), 4 << 30)
