"""Rows of 16-bit numbers times vectors, and the rounding of a new row to them.

Products of two 16-bit numbers are exact in float32, and their sums are taken in float64. The products with rows are
reductions whose order of summation is the compiler's (that is what lets it vectorise them). Every row has an order of
its own and every entry of a combination too, so results do not depend on how rows or columns are shared among threads.
"""

import numpy as np
from numba import njit

__all__ = [
    "combine_bfloat16",
    "combine_float16",
    "largest",
    "times_bfloat16",
    "times_float16",
    "to_bfloat16",
    "to_float16",
]

TILE = 65536  # columns: that much of a row is read in one go; shorter runs are slower, the vector stays in the cache
SUM = {"reassoc", "nsz", "contract"}  # what the compiler may do to a sum; NaN and infinity keep their meaning


@njit(inline="always")
def from_bfloat16(bits):
    """Return the float32 of the bits (uint16) of a bfloat16."""
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)  # the outer cast keeps the shift at 32 bits


@njit(inline="always")
def from_float16(bits):
    """Return the float32 of the bits (int16) of a finite half; exact, subnormal halves included."""
    spread = np.int32(np.int32(np.int32(bits) << np.int32(13)) & np.int32(-1879056384))  # the sign, and 0x0fffe000
    return spread.view(np.float32) * np.float32(2.0**112)  # the difference of the biases of the exponents


@njit(nogil=True, cache=True)
def largest(x):
    """Return the largest magnitude of a float32 vector; infinity or NaN if an entry is that."""
    top = np.uint32(0)
    for bits in x.view(np.uint32):  # as integers, magnitudes have the same order, and NaN is above infinity
        top = max(top, np.uint32(bits & np.uint32(0x7FFFFFFF)))
    magnitude = np.uint32(top)  # a name of its own: numba asks for a single definition of what it views
    return magnitude.view(np.float32)


@njit(nogil=True, cache=True)
def to_bfloat16(x, factor, bits, values):
    """Round x * factor to the nearest bfloat16, ties to even: bits and values. All is finite."""
    for j in range(x.size):
        u = np.float32(x[j] * factor).view(np.uint32)
        lowest = np.uint32(np.uint32(u >> np.uint32(16)) & np.uint32(1))
        high = np.uint32(np.uint32(u + np.uint32(np.uint32(0x7FFF) + lowest)) >> np.uint32(16))
        bits[j] = np.uint16(high)
        values[j] = from_bfloat16(high)


@njit(nogil=True, cache=True)
def to_float16(x, factor, bits, values):
    """Round x * factor, at most 65504 in magnitude, to the nearest half, ties to even: bits and values."""
    half = np.float32(0.5)
    for j in range(x.size):
        u = np.float32(x[j] * factor).view(np.uint32)
        sign = np.uint32(np.uint32(u >> np.uint32(16)) & np.uint32(0x8000))
        size = np.uint32(u & np.uint32(0x7FFFFFFF))
        lowest = np.uint32(np.uint32(size >> np.uint32(13)) & np.uint32(1))
        normal = np.uint32(np.uint32(size + np.uint32(np.uint32(0xFFF) + lowest)) >> np.uint32(13))
        normal = np.uint32(normal - np.uint32(112 << 10))
        # Subnormal halves are multiples of 2^-24, which is the unit in the last place of 0.5 in float32.
        tiny = np.uint32(np.float32(size.view(np.float32) + half).view(np.uint32) - half.view(np.uint32))
        coded = np.int16(sign | (tiny if size < np.uint32(0x38800000) else normal))
        bits[j] = coded
        values[j] = from_float16(coded)


@njit(nogil=True, cache=True, fastmath=SUM)
def dot8_bfloat16(x, r0, r1, r2, r3, r4, r5, r6, r7):
    """Return the products of eight rows with x."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for j in range(x.size):
        s0 += np.float64(from_bfloat16(r0[j]) * x[j])
        s1 += np.float64(from_bfloat16(r1[j]) * x[j])
        s2 += np.float64(from_bfloat16(r2[j]) * x[j])
        s3 += np.float64(from_bfloat16(r3[j]) * x[j])
        s4 += np.float64(from_bfloat16(r4[j]) * x[j])
        s5 += np.float64(from_bfloat16(r5[j]) * x[j])
        s6 += np.float64(from_bfloat16(r6[j]) * x[j])
        s7 += np.float64(from_bfloat16(r7[j]) * x[j])
    return s0, s1, s2, s3, s4, s5, s6, s7


@njit(nogil=True, cache=True, fastmath={"contract"})
def add8_bfloat16(y, c, r0, r1, r2, r3, r4, r5, r6, r7):
    """Add the combination of eight rows with the coefficients c to y."""
    c0, c1, c2, c3, c4, c5, c6, c7 = c
    for j in range(y.size):
        a = (from_bfloat16(r0[j]) * c0 + from_bfloat16(r1[j]) * c1) + (
            from_bfloat16(r2[j]) * c2 + from_bfloat16(r3[j]) * c3
        )
        b = (from_bfloat16(r4[j]) * c4 + from_bfloat16(r5[j]) * c5) + (
            from_bfloat16(r6[j]) * c6 + from_bfloat16(r7[j]) * c7
        )
        y[j] += a + b


@njit(nogil=True, cache=True)
def times_bfloat16(rows, x, out, start, stop):
    """Write the products of the rows from `start` to `stop` with x."""
    d = x.size
    out[start:stop] = 0.0
    for a in range(0, d, TILE):
        b = min(a + TILE, d)
        for i in range(start, stop, 8):
            found = dot8_bfloat16(
                x[a:b],
                rows[i, a:b],
                rows[min(i + 1, stop - 1), a:b],
                rows[min(i + 2, stop - 1), a:b],
                rows[min(i + 3, stop - 1), a:b],
                rows[min(i + 4, stop - 1), a:b],
                rows[min(i + 5, stop - 1), a:b],
                rows[min(i + 6, stop - 1), a:b],
                rows[min(i + 7, stop - 1), a:b],
            )
            for k in range(min(8, stop - i)):
                out[i + k] += found[k]


@njit(nogil=True, cache=True)
def combine_bfloat16(rows, c, y, start, stop):
    """Write the columns from `start` to `stop` of c @ rows, summed in the dtype of c, which is padded with zeros."""
    m = len(rows)
    total = np.empty(min(TILE, stop - start), c.dtype)
    for a in range(start, stop, TILE):
        b = min(a + TILE, stop)
        part = total[: b - a]
        part[:] = 0
        for i in range(0, m, 8):
            add8_bfloat16(
                part,
                (c[i], c[i + 1], c[i + 2], c[i + 3], c[i + 4], c[i + 5], c[i + 6], c[i + 7]),
                rows[i, a:b],
                rows[min(i + 1, m - 1), a:b],
                rows[min(i + 2, m - 1), a:b],
                rows[min(i + 3, m - 1), a:b],
                rows[min(i + 4, m - 1), a:b],
                rows[min(i + 5, m - 1), a:b],
                rows[min(i + 6, m - 1), a:b],
                rows[min(i + 7, m - 1), a:b],
            )
        y[a:b] = part


@njit(nogil=True, cache=True, fastmath=SUM)
def dot8_float16(x, r0, r1, r2, r3, r4, r5, r6, r7):
    """Return the products of eight rows with x."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for j in range(x.size):
        s0 += np.float64(from_float16(r0[j]) * x[j])
        s1 += np.float64(from_float16(r1[j]) * x[j])
        s2 += np.float64(from_float16(r2[j]) * x[j])
        s3 += np.float64(from_float16(r3[j]) * x[j])
        s4 += np.float64(from_float16(r4[j]) * x[j])
        s5 += np.float64(from_float16(r5[j]) * x[j])
        s6 += np.float64(from_float16(r6[j]) * x[j])
        s7 += np.float64(from_float16(r7[j]) * x[j])
    return s0, s1, s2, s3, s4, s5, s6, s7


@njit(nogil=True, cache=True, fastmath={"contract"})
def add8_float16(y, c, r0, r1, r2, r3, r4, r5, r6, r7):
    """Add the combination of eight rows with the coefficients c to y."""
    c0, c1, c2, c3, c4, c5, c6, c7 = c
    for j in range(y.size):
        a = (from_float16(r0[j]) * c0 + from_float16(r1[j]) * c1) + (
            from_float16(r2[j]) * c2 + from_float16(r3[j]) * c3
        )
        b = (from_float16(r4[j]) * c4 + from_float16(r5[j]) * c5) + (
            from_float16(r6[j]) * c6 + from_float16(r7[j]) * c7
        )
        y[j] += a + b


@njit(nogil=True, cache=True)
def times_float16(rows, x, out, start, stop):
    """Write the products of the rows from `start` to `stop` with x."""
    d = x.size
    out[start:stop] = 0.0
    for a in range(0, d, TILE):
        b = min(a + TILE, d)
        for i in range(start, stop, 8):
            found = dot8_float16(
                x[a:b],
                rows[i, a:b],
                rows[min(i + 1, stop - 1), a:b],
                rows[min(i + 2, stop - 1), a:b],
                rows[min(i + 3, stop - 1), a:b],
                rows[min(i + 4, stop - 1), a:b],
                rows[min(i + 5, stop - 1), a:b],
                rows[min(i + 6, stop - 1), a:b],
                rows[min(i + 7, stop - 1), a:b],
            )
            for k in range(min(8, stop - i)):
                out[i + k] += found[k]


@njit(nogil=True, cache=True)
def combine_float16(rows, c, y, start, stop):
    """Write the columns from `start` to `stop` of c @ rows, summed in the dtype of c, which is padded with zeros."""
    m = len(rows)
    total = np.empty(min(TILE, stop - start), c.dtype)
    for a in range(start, stop, TILE):
        b = min(a + TILE, stop)
        part = total[: b - a]
        part[:] = 0
        for i in range(0, m, 8):
            add8_float16(
                part,
                (c[i], c[i + 1], c[i + 2], c[i + 3], c[i + 4], c[i + 5], c[i + 6], c[i + 7]),
                rows[i, a:b],
                rows[min(i + 1, m - 1), a:b],
                rows[min(i + 2, m - 1), a:b],
                rows[min(i + 3, m - 1), a:b],
                rows[min(i + 4, m - 1), a:b],
                rows[min(i + 5, m - 1), a:b],
                rows[min(i + 6, m - 1), a:b],
                rows[min(i + 7, m - 1), a:b],
            )
        y[a:b] = part
