"""The map of the (v, x) quadrant: which formula serves where, shared by every kernel of the room.

With r = hypot(v, x):

* FAR, OUTER: r >= R1 and r >= R0 = 25. One uniform expansion in 1/r whatever the ratio v : x. Its smallest term is
  about exp(-2 r), so r = 25 is where double precision is reached; from R1 on a third of the coefficients is enough.
* LARGE (x >= 4), MIDDLE (1 <= x < 4), SMALL (x < 1): inside r < 25. Fitted seeds of order |mu| <= 1/2, then
  recurrences.
* EDGE: everything that is not 0 <= v < inf, 0 < x < inf.
"""

from mathlib._lib.words_python import floor, madd, where
from mathlib.special.kernels import tables_debye

R0_SQUARED, R1_SQUARED = tables_debye.R0**2, tables_debye.R1**2
INFINITY = float("inf")
NAN = float("nan")

HUGE = 1e140  # above it squares are scaled by 2^-700 first
DOWN, UP, HALF_LOG_UP = 1.90109156629516e-211, 5.260135901548374e210, 242.60151319598084  # 2^-700, 2^700, 350 log 2
DOWN_EXPONENT = 700.0
LIFT, LIFT_EXPONENT = 4.149515568880993e180, 600.0  # 2^600 keeps tiny arguments and quotients of a logarithm normal


def inside(v, x):
    """Region of 0 <= v < inf, 0 < x < inf: 0 FAR, 1 OUTER, 2 LARGE, 3 MIDDLE, 4 SMALL."""
    s = v * v + x * x
    inner = where(x >= 4.0, 2, where(x >= 1.0, 3, 4))
    return where(s >= R1_SQUARED, 0, where(s >= R0_SQUARED, 1, inner))


def region(v, x):
    """As `inside`, and 5 EDGE for all other arguments, NaN included."""
    positive = where(x > 0.0, inside(v, x), 5)
    finite = where(x < INFINITY, where(v < INFINITY, positive, 5), 5)
    return where(v >= 0.0, finite, 5)


def even(v, x):
    """The arguments of a function that is even in the order."""
    return where(v < 0.0, -v, v), x


def even_region(v, x):
    """`region` for a function that is even in the order."""
    return region(where(v < 0.0, -v, v), x)


def order(v):
    """v = n + mu with |mu| <= 1/2, exactly, and the variable 8 mu^2 - 1 of the fits."""
    n = floor(v + 0.5)
    mu = v - n
    return n, mu, madd(8.0 * mu, mu, -1.0)
