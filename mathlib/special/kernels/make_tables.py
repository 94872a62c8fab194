"""Derive every coefficient table of the Bessel kernels: `python -m mathlib.special.kernels.make_tables [--check]`.

Without an argument all tables_*.py beside this file are written anew; with --check the exit status is 1 if one differs.
No stored input: the values come from exact rationals and from Arb (python-flint) at BITS bits; each table is rounded to
double once, at the end.

A table of two variables is a tuple of rows; row i is the polynomial in t (ascending) that multiplies w**i.
Tolerances are bounds of the sum of all dropped Chebyshev coefficients, so the largest error before rounding is below
them; at the corners of a Debye table it comes near. They are small beside 2**-53 = 1.1e-16 of the result the table
serves.
"""

import argparse
import math
import sys
import textwrap
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import partial
from pathlib import Path

from flint import arb, arb_mat, arb_poly, ctx, fmpq, fmpq_poly

from mathlib.special.kernels.fit import Function, Rows, economise, fit, interpolate, monomials, slope

BITS = 256  # Debye sums lose about 60 bits; the rest is margin
FOLDER = Path(__file__).parent

# ---- Debye series, r = hypot(v, x) >= R0 -------------------------------------------------------------------
# DLMF 10.41.3, 10.41.4 and 10.41.9, with p = v/r and A = r + v log(x/(v + r)):
#   I_v = e^A / (2 pi r)^(1/2) * sum u_k(p)/v^k,   K_v = e^-A (pi/(2 r))^(1/2) * sum (-1)^k u_k(p)/v^k.
# The log of the first sum is sum L_n(q)/r^n, that of the second sum (-1)^n L_n(q)/r^n, where q = p^2 and L_n is a
# polynomial of degree n. q = 0 (Hankel's series for large x) and q = 1 (Stirling's) are ordinary points, and the size
# of the terms depends on r only: one expansion serves all v >= 0, x > 0. Its derivatives:
#   x d/dx = -(x/r)^2 sum M_n/r^n, M_n = n L_n + 2 q L_n': gives the ratios I_(v+1)/I_v and K_(v+1)/K_v,
#   v d/dv = (v/r)^2 sum N_n/r^n, N_n = -n L_n + 2 (1 - q) L_n': gives the order derivatives.
# Tables: sum over odd n of P_n/r^n = ODD(w, t)/r, over even n = EVEN(w, t)/r^2, w = (R/r)^2, t = 2 q - 1; R = R0, for
# the tables _FAR R = R1.
# TERMS: the terms fall until n ~ 2 r; the first one left out is below 3e-18 (N), 4e-20 (M), 2e-21 (L) at r = R0.
# R0: at 20 the tables of L have 50 % more coefficients; at 32 they have 23 % fewer, but recurrences and seeds inside
# would have to reach farther.
# R1: 64 makes the mean number of coefficients for (v, x) uniform in [0, 150]^2 smallest (see `borders`: L 84.4 at 64,
# 93.8 at 48, 86.9 at 80; N alike, M 111.8 at 64 and 111.2 at 80).
R0, R1, TERMS = 25.0, 64.0, 31
# kind: (P_n from n and L_n, bound of the absolute error of ODD/r and of EVEN/r^2). The sums of L are added to log I and
# log K, errors count against max(1, |log|). The sums of M are added to 1/2; for v = 0 that is the leading part of
# 1 - I_(v+1)/I_v, whose relative error is twice theirs. The sums of N are divided by r >= 25 before they are used.
Q = fmpq_poly([0, 1])
DEBYE_KINDS: dict[str, tuple[Callable[[int, fmpq_poly], fmpq_poly], float]] = {
    "DEBYE": (lambda n, p: p, 6e-17),
    "M": (lambda n, p: n * p + 2 * Q * p.derivative(), 3e-17),
    "N": (lambda n, p: -n * p + 2 * (1 - Q) * p.derivative(), 3e-16),
}


def debye_logarithm(count: int) -> list[fmpq_poly]:
    """L_0 = 0, L_1, ..., L_count as polynomials in q.

    u_(k+1)(p) = p^2 (1 - p^2) u_k'/2 + (1/8) integral_0^p (1 - 5 s^2) u_k ds (DLMF 10.41.9), u_k = p^k polynomial(q);
    n L_n = n u_n - sum_(k<n) k L_k u_(n-k), the logarithm of a power series.
    """
    u = [fmpq_poly([1])]
    for k in range(count):
        c = [fmpq(0)] * (k + 2)
        for j, z in enumerate(u[k].coeffs()):
            d = k + 2 * j
            c[j] += z * (fmpq(d, 2) + fmpq(1, 8 * (d + 1)))
            c[j + 1] -= z * (fmpq(d, 2) + fmpq(5, 8 * (d + 3)))
        u.append(fmpq_poly(c))
    logs = [fmpq_poly([0])]
    for n in range(1, count + 1):
        logs.append(u[n] - sum((k * logs[k] * u[n - k] for k in range(1, n)), fmpq_poly([0])) / n)
    return logs


def debye_fit(kind: str, first: int, border: float) -> tuple[arb_mat, list[int]]:
    """Chebyshev coefficients (exact: the sum is a polynomial in w and t) and the degrees that stay.

    first = 1: the odd n, first = 2: the even n; w runs over [0, 1] in the table, over [-1, 1] here.
    """
    polynomial, tolerance = DEBYE_KINDS[kind]
    terms = [(arb_poly(polynomial(n, p)), n - first) for n, p in enumerate(debye_logarithm(TERMS))][first::2]

    def total(w: arb, t: arb) -> arb:
        q, s = (1 + t) / 2, ((1 + w) / 2).sqrt() / border
        return sum((p(q) * s**e for p, e in terms), arb(0))

    c = interpolate(total, TERMS // 2 + 1, TERMS + 1)
    return c, economise(c, tolerance * border**first)


def debye_tables(kind: str) -> str:
    text = f"R0, R1 = {R0!r}, {R1!r}\n" if kind == "DEBYE" else ""
    for suffix, border in (("", R0), ("_FAR", R1)):
        for first, part in ((1, "_ODD"), (2, "_EVEN")):
            text += rows(kind + part + suffix, monomials(*debye_fit(kind, first, border), unit=True))
    return text


def borders() -> Iterable[str]:
    """For every candidate of R1: the number of coefficients and their mean over (v, x) uniform in [0, 150]^2."""

    def coefficients(border: float) -> int:
        return sum(d + 1 for first in (1, 2) for d in debye_fit(kind, first, border)[1])

    for kind in DEBYE_KINDS:
        near = coefficients(R0)
        for border in (48.0, 64.0, 80.0, 100.0, 128.0):
            far = coefficients(border)
            outer, inner = math.pi / 4 * (border / 150) ** 2, math.pi / 4 * (R0 / 150) ** 2
            mean = near * (outer - inner) + far * (1 - outer)
            yield f"{kind}: {near} from r = {R0:g}, {far} from r = {border:g}, mean {mean:.1f}"


# ---- K_mu, |mu| <= 1/2, inside r < R0 ----------------------------------------------------------------------
# sqrt(2 x/pi) e^x (K_mu(x), -K_mu'(x)), both even in mu: w = 8 mu^2 - 1; t = affine image of 1/(x + c), the variable of
# Hankel's series with its singularity at x = 0 moved to the left. c = 1/2 gives the shortest tables for 1 <= x < 4 (188
# coefficients together; 215, 213, 255 for c = 0, 1, 2), and c = 1 for 4 <= x < 25 (139; 154, 143, 161 for 0, 1/2, 2).
# The tables named _W are the derivatives in w. They are fitted apart: differentiating a cut table multiplies the
# dropped tail by the square of its degree at |mu| = 1/2.
SEED_RANGES = {"NEAR": (1, 4, Fraction(1, 2)), "FAR": (4, 25, Fraction(1))}
TOLERANCE, TOLERANCE_W = 2e-17, 1e-17  # a derivative in mu is 16 mu <= 8 times the one in w


def seed_tables() -> str:
    text = ""
    for suffix, (low, high, shift) in SEED_RANGES.items():
        left, right = 1 / (high + shift), 1 / (low + shift)
        middle, scale = float((left + right) / 2), float(2 / (right - left))
        value, minus_slope = seeds(middle, scale, float(shift))
        text += with_slope(f"SEED_K_{suffix}", interpolate(value, 14, 40))
        text += with_slope(f"SEED_DK_{suffix}", interpolate(minus_slope, 14, 40))
        text += f"X_MIDDLE_{suffix}, X_SCALE_{suffix} = {middle!r}, {scale!r}\n"
    for index, name in enumerate("ABCDE"):
        text += with_slope(f"LOG_X_{name}", interpolate(partial(temme, index), 16, 14))
    return text


def seeds(middle: float, scale: float, shift: float) -> tuple[Function, Function]:
    """sqrt(2 x/pi) e^x times K_mu(x), times -K_mu'(x) = K_(mu+1) - (mu/x) K_mu; t = (1/(x + shift) - middle) scale."""

    def point(w: arb, t: arb) -> tuple[arb, arb]:
        return ((1 + w) / 8).sqrt(), 1 / (middle + t / scale) - shift

    def value(w: arb, t: arb) -> arb:
        mu, x = point(w, t)
        return x.bessel_k(mu, scaled=True) * (2 * x / arb.pi()).sqrt()

    def minus_slope(w: arb, t: arb) -> arb:
        mu, x = point(w, t)
        return x.bessel_k(mu + 1, scaled=True) * (2 * x / arb.pi()).sqrt() - mu / x * value(w, t)

    return value, minus_slope


def temme(index: int, w: arb, t: arb) -> arb:
    """One of the sums A, B, C, D, E (index 0 to 4) about log x for x < 1, w = 8 mu^2 - 1, t = 8 y - 1, y = x^2/4.

    Temme, J. Comput. Phys. 19 (1975) 324: with S(mu) = sum y^k / (k! Gamma(k + 1 + mu)) and F = pi mu / sin(pi mu),
    K_mu = a sinh(s)/mu + b cosh(s), s = -mu log(x/2), a = F (S(-mu) + S(mu))/2, b = F (S(-mu) - S(mu))/(2 mu).
    The factor 1 - mu^2 is put into a and b: it cancels the pole of F at mu = 1, which would slow the fit in w.
    With s about log x instead of log(x/2), A = a cosh(mu log 2) + mu^2 b sinh(mu log 2)/mu and
    B = b cosh(mu log 2) + a sinh(mu log 2)/mu take the place of a, b: then no term of K_mu is negative.
    (1 - mu^2) K_mu = A sinh(s)/mu + B cosh(s), s = -mu log x;
    (1 - mu^2) (x/2) K_(mu+1) = e^s (C + mu B)/2 - y (sinh(s)/mu) (D - mu E), C = A - 2 y E, D = A_y, E = B_y.
    """
    m, y = (1 + w) / 8, (1 + t) / 8
    mu = m.sqrt()
    factor = (1 - m) * arb.pi() * mu / (arb.pi() * mu).sin()
    cosh, sinh = (mu * arb.const_log2()).cosh(), (mu * arb.const_log2()).sinh() / mu

    def pair(order: int) -> tuple[arb, arb]:
        minus, plus = (y.hypgeom_0f1(order + 1 + z, regularized=True) for z in (-mu, mu))
        a, b = factor * (minus + plus) / 2, factor * (minus - plus) / (2 * mu)
        return a * cosh + m * b * sinh, b * cosh + a * sinh

    (a, b), (d, e) = pair(0), pair(1)  # S' in y is the same sum with mu + 1
    return (a, b, a - 2 * y * e, d, e)[index]


# ---- Gamma -------------------------------------------------------------------------------------------------


def gamma_tables() -> str:
    """log Gamma(1 + v)/v on 0 <= v <= 1/2 in t = 4 v - 1; log Gamma(1 + mu)/mu on |mu| <= 1/2 in t = 2 mu."""

    def positive(_: arb, t: arb) -> arb:
        v = (1 + t) / 4
        return (1 + v).lgamma() / v

    def both(_: arb, t: arb) -> arb:
        return (1 + t / 2).lgamma() * 2 / t  # an even number of nodes: none is 0

    return vector("LGAMMA", fit(positive, 1, 24, TOLERANCE)[0]) + vector("LGAMMA_MU", fit(both, 1, 40, TOLERANCE)[0])


# ---- files -------------------------------------------------------------------------------------------------


def wrap(numbers: Iterable[float], opening: str, closing: str) -> str:
    """Numbers as text of at most 120 columns with a comma behind, later lines indented like the first number."""
    return textwrap.fill(
        ", ".join(map(repr, numbers)) + closing,
        119,
        initial_indent=opening,
        subsequent_indent=" " * len(opening),
        break_long_words=False,
        break_on_hyphens=False,
    )


def vector(name: str, numbers: Iterable[float]) -> str:
    return f"{name} = (\n" + wrap(numbers, "    ", ",") + "\n)\n"


def rows(name: str, table: Rows) -> str:
    return f"{name} = (\n" + ",\n".join(wrap(row, "    (", ",)") for row in table) + ",\n)\n"


def with_slope(name: str, c: arb_mat) -> str:
    d = slope(c)
    return rows(name, monomials(c, economise(c, TOLERANCE))) + rows(
        name + "_W", monomials(d, economise(d, TOLERANCE_W))
    )


FILES: dict[str, tuple[str, Callable[[], str]]] = {
    "tables_debye.py": ("Log of the Debye series, r >= R0 and (_FAR) r >= R1", lambda: debye_tables("DEBYE")),
    "tables_ratio.py": ("Debye series of the ratios, r >= R0 and (_FAR) r >= R1", lambda: debye_tables("M")),
    "tables_order.py": ("Debye series of the order derivatives, r >= R0 and (_FAR) r >= R1", lambda: debye_tables("N")),
    "tables_seeds.py": ("K_mu and its derivatives for |mu| <= 1/2; _W: slopes in w", seed_tables),
    "tables_gamma.py": ("log Gamma(1 + v)/v and log Gamma(1 + mu)/mu", gamma_tables),
}


def source(file: str) -> str:
    """The text of one generated file."""
    title, body = FILES[file]
    with ctx.workprec(BITS):
        return f'"""{title}. Generated by make_tables.py: do not edit."""\n\n' + body()


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the coefficient tables of the Bessel kernels.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file differs")
    if parser.parse_args().check:
        stale = [file for file in FILES if (FOLDER / file).read_text("ascii") != source(file)]
        print("differs, run make_tables.py: " + ", ".join(stale) if stale else "all tables agree")
        return 1 if stale else 0
    for file in FILES:
        (FOLDER / file).write_text(source(file), "ascii", newline="\n")
    with ctx.workprec(BITS):
        print("\n".join(borders()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
