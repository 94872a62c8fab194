"""Chebyshev fits in two variables, cut by a proven error bound and written as rows of monomials.

Every function here computes with Arb (python-flint) at the precision that is set when it is called.
"""

from collections.abc import Callable

from flint import arb, arb_mat, fmpq

Function = Callable[[arb, arb], arb]
Rows = tuple[tuple[float, ...], ...]


def nodes(n: int) -> list[arb]:
    """The n zeros of the Chebyshev polynomial T_n."""
    return [arb.cos_pi_fmpq(fmpq(2 * i + 1, 2 * n)) for i in range(n)]


def _transform(n: int) -> arb_mat:
    """The matrix from values at `nodes(n)` to Chebyshev coefficients."""
    return arb_mat(
        [[arb.cos_pi_fmpq(fmpq(a * (2 * i + 1), 2 * n)) * (2 if a else 1) / n for i in range(n)] for a in range(n)]
    )


def interpolate(f: Function, m: int, n: int) -> arb_mat:
    """Coefficients c[a, b] of sum c[a, b] T_a(w) T_b(t), equal to f(w, t) at m x n Chebyshev nodes of [-1, 1]^2."""
    values = arb_mat([[f(w, t) for t in nodes(n)] for w in nodes(m)])
    return _transform(m) * values * _transform(n).transpose()


def slope(c: arb_mat) -> arb_mat:
    """Chebyshev coefficients of the derivative in w."""
    m, n = c.nrows(), c.ncols()
    d = [[arb(0)] * n for _ in range(m + 1)]
    for a in range(m - 1, 0, -1):
        d[a - 1] = [d[a + 1][b] + 2 * a * c[a, b] for b in range(n)]
    d[0] = [z / 2 for z in d[0]]
    return arb_mat(d[:m])


def economise(c: arb_mat, tolerance: float) -> list[int]:
    """Degree in t kept for every degree in w.

    The smallest corner of the staircase goes, again and again, as long as the sum of |c[a, b]| over all that went stays
    below `tolerance`. As |T_a T_b| <= 1, that sum bounds the error. A staircase, because it stays one (with the same
    number of coefficients) when Chebyshev polynomials become monomials.
    """
    size = [[abs(float(c[a, b])) for b in range(c.ncols())] for a in range(c.nrows())]
    degrees, dropped = [c.ncols() - 1] * c.nrows(), 0.0
    while True:
        corners = [a for a, d in enumerate(degrees) if a + 1 == len(degrees) or d > degrees[a + 1]]
        a = min(corners, key=lambda a: size[a][degrees[a]])
        dropped += size[a][degrees[a]]
        if dropped > tolerance:
            return degrees
        degrees[a] -= 1
        if degrees[a] < 0:
            degrees.pop()


def _chebyshev(n: int, unit: bool) -> list[list[int]]:
    """Monomial coefficients of T_0 .. T_n(z), or of T_0 .. T_n(2 z - 1) for the unit interval."""
    shift = 1 if unit else 0
    step = [[1], [-shift, 1 + shift]]
    for _ in range(n - 1):
        new = [0] * (len(step[-1]) + 1)
        for i, z in enumerate(step[-1]):
            new[i] -= 2 * shift * z
            new[i + 1] += 2 * (1 + shift) * z
        for i, z in enumerate(step[-2]):
            new[i] -= z
        step.append(new)
    return step[: n + 1]


def monomials(c: arb_mat, degrees: list[int], unit: bool = False) -> Rows:
    """Rows of monomials: row i is the polynomial in t that multiplies w**i. With `unit`, w runs over [0, 1]."""
    in_w, in_t = _chebyshev(len(degrees) - 1, unit), _chebyshev(degrees[0], False)
    rows = [[arb(0)] * (d + 1) for d in degrees]
    for a, d in enumerate(degrees):
        column = [sum((c[a, b] * in_t[b][k] for b in range(k, d + 1)), arb(0)) for k in range(d + 1)]
        for i, z in enumerate(in_w[a]):
            for k, y in enumerate(column):
                rows[i][k] += z * y
    return tuple(tuple(float(z) for z in row) for row in rows)


def fit(f: Function, m: int, n: int, tolerance: float, unit: bool = False) -> Rows:
    """Rows of monomials for f(w, t): at most `tolerance` away from the interpolant at m x n nodes."""
    c = interpolate(f, m, n)
    return monomials(c, economise(c, tolerance), unit)
