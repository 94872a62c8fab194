"""Numbers that several elementary functions share, magnitude and sign."""

from mathlib._lib.words_python import split, where

LOG2_E = 1.4426950408889634
PI, PI_LOW = 3.141592653589793, 1.2246467991473532e-16
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
TWO_OVER_PI = 0.6366197723675814
TINY, LIFT, LIFT_EXPONENT = 2.2250738585072014e-308, 18014398509481984.0, 54.0  # 2^-1022 and 2^54
INFINITY, NAN = float("inf"), float("nan")


def magnitude(x):
    """|x|"""
    return where(x < 0.0, -x, x)


def is_minus_zero(x):
    """1.0 for -0.0, else 0.0: no comparison tells them apart, but the bits that `split` takes for an exponent do.

    It finds -1023 for 0.0, and for -0.0 a number beyond 1024 in magnitude. Array libraries without access to bits take
    every zero for 0.0.
    """
    k, i, m = split(where(x == 0.0, x, 1.0))
    return where(magnitude(k) > 1024.0, 1.0, 0.0)
