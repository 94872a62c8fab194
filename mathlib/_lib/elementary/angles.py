"""The reduction of angles to the first octant; sin, cos, tan, sinpi, cospi.

Small angles: Cody and Waite, Software Manual for the Elementary Functions (1980); large ones: Payne and Hanek, SIGNUM
Newsletter 18 (1983) 19.
"""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import quick_two_sum, two_sum
from mathlib._lib.elementary.constants import HALF_PI, HALF_PI_LOW, INFINITY, PI, PI_LOW, TWO_OVER_PI, magnitude
from mathlib._lib.words_python import Horner, exp2i, floor, madd, split, two_prod, where

SIN_TAIL = Horner(tables_elementary.SIN_TAIL)  # (sin y - y) / y^3 in y^2, |y| <= pi / 4
COS_TAIL = Horner(tables_elementary.COS_TAIL)  # (cos y - 1 + y^2 / 2) / y^4
SIN_0, SIN_1, SIN_2, SIN_3, SIN_4, SIN_5 = tables_elementary.SIN_TAIL
COS_0, COS_1, COS_2, COS_3, COS_4, COS_5 = tables_elementary.COS_TAIL
TWO_OVER_PI_0, TWO_OVER_PI_1 = tables_elementary.TWO_OVER_PI_0, tables_elementary.TWO_OVER_PI_1
TWO_OVER_PI_2, TWO_OVER_PI_3 = tables_elementary.TWO_OVER_PI_2, tables_elementary.TWO_OVER_PI_3

# pi/2 in parts of 38, 38 and 53 bits: k times the first two is exact for |k| <= 2^15, hence the largest near angle
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267923333, 2.5633441515971907e-12, -2.6718907338610155e-24
NEAR_ANGLE = 51471.0


def sine(y, yl):
    """sin(y + yl) as a sum of two, |y| <= pi/4."""
    z = y * y
    return y, madd(z * y, SIN_TAIL(z), madd(-0.5 * z, yl, yl))


def cosine(y, yl):
    """cos(y + yl) as a sum of two, |y| <= pi/4."""
    z, e = two_prod(y, y)
    h = 0.5 * z
    w = 1.0 - h
    return w, ((1.0 - w) - h) + madd(z * z, COS_TAIL(z), -madd(y, yl, 0.5 * e))


def sine_or_cosine(cosine, y, yl):
    """cos(y + yl) where the condition ``cosine`` holds, else sin(y + yl) (one polynomial, its coefficients chosen)."""
    z = y * y
    h = 0.5 * z
    w = 1.0 - h
    p = madd(where(cosine, COS_5, SIN_5), z, where(cosine, COS_4, SIN_4))
    p = madd(p, z, where(cosine, COS_3, SIN_3))
    p = madd(p, z, where(cosine, COS_2, SIN_2))
    p = madd(p, z, where(cosine, COS_1, SIN_1))
    p = madd(p, z, where(cosine, COS_0, SIN_0))
    low = madd(-where(cosine, y, h), yl, where(cosine, (1.0 - w) - h, yl))
    return where(cosine, w, y) + madd(where(cosine, z, y) * z, p, low)


def quadrant(k):
    """k modulo 4, less 2: -2, -1, 0, 1."""
    return madd(-4.0, floor(0.25 * k), k) - 2.0


def sin_quadrants(k, y, yl):
    """sin(k pi/2 + y + yl) for an integer-valued k."""
    q = quadrant(k)
    r = sine_or_cosine(q * q == 1.0, y, yl)
    return where(q >= 0.0, -r, r)


def cos_quadrants(k, y, yl):
    """cos(k pi/2 + y + yl) for an integer-valued k."""
    q = quadrant(k)
    r = sine_or_cosine(q * q != 1.0, y, yl)
    return where(q * q == -q, -r, r)


def tan_quadrants(k, y, yl):
    """tan(k pi/2 + y + yl) for an integer-valued k: a quotient of pairs, with one correction."""
    odd = madd(-2.0, floor(0.5 * k), k) > 0.5
    s, sl = sine(y, yl)
    c, cl = cosine(y, yl)
    s, sl = quick_two_sum(s, sl)
    c, cl = quick_two_sum(c, cl)
    n, nl = where(odd, -c, s), where(odd, -cl, sl)
    d, dl = where(odd, s, c), where(odd, sl, cl)
    i = 1.0 / d
    t = n * i
    p, e = two_prod(t, d)
    return madd(((n - p) - e) + madd(-t, dl, nl), i, t)


def reduce_near(x):
    """(k, y, yl): x = k pi/2 + y + yl with |y| <= pi/4, for |x| <= NEAR_ANGLE."""
    k = floor(madd(x, TWO_OVER_PI, 0.5))
    r = madd(k, -HALF_PI_1, x)
    y = madd(k, -HALF_PI_2, r)
    return k, y, madd(k, -HALF_PI_3, madd(k, -HALF_PI_2, r - y))


def table_index(j):
    """The whole number 0 <= j < 128 as a subscript of a table: the cell in which `split` finds the number made here."""
    k, i, m = split(where(j < 80.0, madd(j, 0.00390625, 0.6875), madd(j, 0.0078125, 0.375)))
    return i


def modulo4(a):
    """a - 4 n, exact, between -2 and 2: the symmetric remainder keeps tiny negative numbers whole."""
    return a - 4.0 * floor(madd(0.25, a, 0.5))


def reduce_far(x):
    """(k, y, yl), k modulo 4, for every finite x >= 2.

    x = m 2^(8 row) with m < 2^8; times 2/pi it is m times 2/pi 2^(8 row), of which multiples of 2^55 are left out:
    m times them is a multiple of 4. The four doubles of the table hold 208 bits of the rest. The nearest that x comes
    to a multiple of pi/2 is 2^-61, so an error of 2^-84 of the smallest y is left.
    """
    k, i, m = split(x)
    row = floor(0.125 * k)
    row = where(row < 127.0, row, 127.0)  # the largest doubles have k = 1024
    m = m * exp2i(k - 8.0 * row)
    i = table_index(row)
    p0, e0 = two_prod(m, TWO_OVER_PI_0[i])
    p1, e1 = two_prod(m, TWO_OVER_PI_1[i])
    p2, e2 = two_prod(m, TWO_OVER_PI_2[i])
    s, t = two_sum(modulo4(p0), modulo4(e0))
    s, t1 = two_sum(s, modulo4(p1))
    t, t2 = two_sum(t, t1)
    t, t3 = two_sum(t, e1)
    t, t4 = two_sum(t, p2)
    s, t = two_sum(s, t)
    k = floor(s + 0.5)
    s, t = two_sum(s - k, t)
    s, t = quick_two_sum(s, t + (t2 + t3 + t4 + (e2 + m * TWO_OVER_PI_3[i])))
    p, e = two_prod(s, HALF_PI)
    y, yl = quick_two_sum(p, e + madd(s, HALF_PI_LOW, t * HALF_PI))
    return k, y, yl


def reduce_angle(x):
    """(k, y, yl) for every finite x; something for the others."""
    near = x * x <= NEAR_ANGLE * NEAR_ANGLE
    k, y, yl = reduce_near(where(near, x, 0.0))
    a = magnitude(x)
    far_k, far_y, far_yl = reduce_far(where(a < INFINITY, where(near, 2.0, a), 2.0))
    far_k, far_y, far_yl = where(x < 0.0, -far_k, far_k), where(x < 0.0, -far_y, far_y), where(x < 0.0, -far_yl, far_yl)
    return where(near, k, far_k), where(near, y, far_y), where(near, yl, far_yl)


def angle_is_near(x):
    return where(x * x <= NEAR_ANGLE * NEAR_ANGLE, 1.0, 0.0)


def sin_near(x):
    """sin x for |x| <= NEAR_ANGLE."""
    k, y, yl = reduce_near(x)
    return where(x == 0.0, x, sin_quadrants(k, y, yl))  # -0.0 stays


def cos_near(x):
    """cos x for |x| <= NEAR_ANGLE."""
    k, y, yl = reduce_near(x)
    return cos_quadrants(k, y, yl)


def tan_near(x):
    """tan x for |x| <= NEAR_ANGLE."""
    k, y, yl = reduce_near(x)
    return where(x == 0.0, x, tan_quadrants(k, y, yl))  # -0.0 stays


def sin(x):
    """sin x; NaN where x is not finite."""
    k, y, yl = reduce_angle(x)
    return where(x == 0.0, x, sin_quadrants(k, y, yl) + 0.0 * (x - x))


def cos(x):
    """cos x; NaN where x is not finite."""
    k, y, yl = reduce_angle(x)
    return cos_quadrants(k, y, yl) + 0.0 * (x - x)


def tan(x):
    """tan x; NaN where x is not finite."""
    k, y, yl = reduce_angle(x)
    return where(x == 0.0, x, tan_quadrants(k, y, yl) + 0.0 * (x - x))


def reduce_half_turns(a):
    """(k, y, yl): pi a = k pi/2 + y + yl with |y| <= pi/4, for a >= 0; k = 0 from 2^53 on and where not finite."""
    b = where(a < 9007199254740992.0, a, 0.0)  # every double from 2^53 on is an even number
    k = where(b < 2251799813685248.0, floor(madd(2.0, b, 0.5)), 2.0 * b)  # above, 2 b is whole and the sum not exact
    r = madd(-0.5, k, b)
    p, e = two_prod(r, PI)
    y, yl = quick_two_sum(p, madd(r, PI_LOW, e))
    return k, y, yl


def sinpi(x):
    """sin(pi x); zeros at the integers are exact and have the sign of x."""
    a = magnitude(x)
    k, y, yl = reduce_half_turns(a)
    s = sin_quadrants(k, y, yl) + 0.0 * (a - a)  # NaN where x is not finite; -0.0 becomes 0.0
    return where(x == 0.0, x, where(x < 0.0, -s, s))


def cospi(x):
    """cos(pi x); zeros at the half-integers are exact."""
    a = magnitude(x)
    k, y, yl = reduce_half_turns(a)
    return cos_quadrants(k, y, yl) + 0.0 * (a - a)
