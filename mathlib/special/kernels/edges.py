"""log I and log K where the five regions do not reach: negative order, x <= 0, infinities, NaN.

Order: K_(-v) = K_v, I_(-v) = I_v + (2/pi) sin(pi v) K_v (DLMF 10.27.2, 10.27.3). Argument: for integer v the logarithm
of |I_v(x)| exists for x < 0; nothing else does. A logarithm of a negative number is NaN.
"""

from mathlib._lib.double_double import two_sum
from mathlib._lib.elementary import exp, log, log1p, sinpi
from mathlib._lib.words_python import floor, where
from mathlib.special.kernels.logs import (
    far,
    joined,
    joined_small,
    outer,
    seeds_large,
    seeds_middle,
    seeds_small,
)
from mathlib.special.kernels.regions import INFINITY, NAN, inside

TWO_OVER_PI = 0.6366197723675814


def choose(k, a, b, c, d, e):
    """The value of region k."""
    return where(k == 0, a, where(k == 1, b, where(k == 2, c, where(k == 3, d, e))))


def anywhere(v, x):
    """The pairs (i, il, k, kl) for any 0 <= v < inf, 0 < x < inf, each formula on arguments of its own region."""
    n = inside(v, x)
    i0, il0, k0, kl0, x0 = far(where(n == 0, v, 1e3), where(n == 0, x, 1e3))
    i1, il1, k1, kl1, x1 = outer(where(n == 1, v, 30.0), where(n == 1, x, 30.0))
    m, l, ll, kn, d, x2 = seeds_large(where(n == 2, v, 1.0), where(n == 2, x, 5.0))
    i2, il2, k2, kl2, x2 = joined(m, l, ll, kn, d, x2)
    m, l, ll, kn, d, x3 = seeds_middle(where(n == 3, v, 1.0), where(n == 3, x, 2.0))
    i3, il3, k3, kl3, x3 = joined(m, l, ll, kn, d, x3)
    p, pl, h, hl, kn, sign, x4 = seeds_small(where(n == 4, v, 1.0), where(n == 4, x, 0.5))
    i4, il4, k4, kl4, x4 = joined_small(p, pl, h, hl, kn, sign, x4)
    i = choose(n, i0, i1, i2, i3, i4)
    k = choose(n, k0, k1, k2, k3, k4)
    return i, choose(n, il0, il1, il2, il3, il4), k, choose(n, kl0, kl1, kl2, kl3, kl4)


def reflected(v, i, il, k, kl):
    """log I_(-v) for v > 0 from the pairs of log I_v and log K_v; the larger of the two terms is taken out."""
    c = TWO_OVER_PI * sinpi(v)
    d = (k - i) + (kl - il)
    t = exp(where(d > 0.0, -d, d))
    return where(d > 0.0, k + (kl + log(c + t)), i + (il + log1p(c * t)))


def edge(v, x):
    """The pairs and |x| for any v and x. A pair holds an infinite value or NaN in its first part."""
    a = where(v < 0.0, -v, v)
    b = where(x < 0.0, -x, x)
    proper = where(a < INFINITY, 1.0, 0.0)
    a = where(proper > 0.0, a, 1.0)
    usual = where(b > 0.0, where(b < INFINITY, 1.0, 0.0), 0.0)
    i, il, k, kl = anywhere(a, where(usual > 0.0, b, 1.0))
    whole = floor(a) == a
    minus = where(v < 0.0, where(whole, 0.0, 1.0), 0.0)
    i = where(minus > 0.0, reflected(a, i, il, k, kl), i)
    il = where(minus > 0.0, 0.0, il)
    pole = where(sinpi(a) > 0.0, INFINITY, NAN)
    at_zero = where(minus > 0.0, pole, where(a == 0.0, 0.0, -INFINITY))
    i = where(usual > 0.0, i, where(b == 0.0, at_zero, where(b == INFINITY, INFINITY, NAN)))
    k = where(usual > 0.0, k, where(b == 0.0, INFINITY, where(b == INFINITY, -INFINITY, NAN)))
    il = where(usual > 0.0, il, 0.0)
    kl = where(usual > 0.0, kl, 0.0)
    left = x < 0.0
    i = where(left, where(whole, i, NAN), i)
    k = where(left, NAN, k)
    return where(proper > 0.0, i, NAN), where(proper > 0.0, il, 0.0), where(proper > 0.0, k, NAN), kl, b


def scaled(f, fl, x):
    """f + fl + x, but -inf (of exp(-+x) I or K at x = inf) and other values that are not finite as they are."""
    s, e = two_sum(f, x)
    s = where(f < INFINITY, where(f > -INFINITY, s + (e + fl), f), f)
    far_out = where(x < INFINITY, where(x > -INFINITY, 0.0, 1.0), 1.0)
    return where(far_out > 0.0, where(f == f, -INFINITY, NAN), s)


def edge_ie(i, il, k, kl, x):
    return scaled(i, il, -x)


def edge_ke(i, il, k, kl, x):
    return scaled(k, kl, x)
