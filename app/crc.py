"""CRC-32 of bytes that need not be there: a hole in a file is known by its length alone. Pure."""

from __future__ import annotations

_POLYNOMIAL = 0xEDB88320
_ONES = 0xFFFFFFFF
_X0, _X1 = 1 << 31, 1 << 30
"""The polynomials 1 and x: the highest bit is the coefficient of x⁰."""


def crc_over_zeros(crc: int, count: int) -> int:
    """What `zlib.crc32(bytes(count), crc)` gives, in time that grows with the digits of `count`.

    A zero byte multiplies the register by x⁸ modulo the polynomial (zlib's crc32_combine rests on the same).
    """
    power, square = _X0, _X1
    exponent = 8 * count
    while exponent:
        if exponent & 1:
            power = _times(square, power)
        square = _times(square, square)
        exponent >>= 1
    return _times(power, crc ^ _ONES) ^ _ONES


def _times(a: int, b: int) -> int:
    """The product of two polynomials modulo the polynomial of CRC-32."""
    product, bit = 0, _X0
    while bit:
        if a & bit:
            product ^= b
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
        bit >>= 1
    return product
