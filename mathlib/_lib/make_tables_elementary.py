"""Derive tables_elementary.py with Arb: ``python -m mathlib._lib.make_tables_elementary [--check]``.

The tables of the double-double logarithm and the polynomials of the elementary functions.
"""

import math
import sys
import textwrap
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from flint import arb, arb_mat, ctx

BITS = 900  # precision of the fits: powers, exp(x^2) and log Gamma of large x cancel to a few hundred


def interpolate(f: Callable[[arb], arb], low: float, high: float, terms: int) -> tuple[float, ...]:
    """Return the monomial coefficients of the polynomial that meets f at the Chebyshev points of (low, high)."""
    with ctx.workprec(BITS):
        middle, half = (arb(low) + arb(high)) / 2, (arb(high) - arb(low)) / 2
        points = [middle + half * (arb.pi() * (2 * i + 1) / (2 * terms)).cos() for i in range(terms)]
        powers = arb_mat(terms, terms, [x**k for x in points for k in range(terms)])
        solution = powers.solve(arb_mat(terms, 1, [f(x) for x in points]))
        return tuple(float(solution[k, 0].mid()) for k in range(terms))


def constant(name: str, values: float | tuple[float, ...]) -> str:
    if isinstance(values, float):
        return f"{name} = {values!r}\n"
    body = textwrap.fill(" ".join(f"{value!r}," for value in values), 116)
    return f"{name} = (\n{textwrap.indent(body, '    ')}\n)\n"


def write(script: str, tables: dict[str, float | tuple[float, ...]]) -> None:
    """Write the tables beside ``script``, or with ``--check`` on the command line exit with 1 if the file differs."""
    source = Path(script)
    target = source.with_name(source.name.removeprefix("make_"))
    text = f'"""Coefficients, written by {source.name}."""\n\n' + "".join(constant(*item) for item in tables.items())
    if sys.argv[1:] == ["--check"]:
        sys.exit(target.read_text() != text)
    target.write_text(text)


def log_cells() -> list[tuple[Fraction, Fraction]]:
    """Both ends of the 128 cells of m, 0.6875 <= m < 1.375 (7 bits of the double): width 1/256 below 1, 1/128 above."""
    below = [(Fraction(176 + i, 256), Fraction(177 + i, 256)) for i in range(80)]
    return below + [(Fraction(128 + i, 128), Fraction(129 + i, 128)) for i in range(48)]


def on_grid(value: arb) -> tuple[float, float]:
    """The multiple of 2^-42 next to ``value``, and the rest: k LN2_HIGH + LOG_HIGH is then exact for |k| <= 1100."""
    high = round(float(value * 2**42)) / 2**42
    return high, float(value - high)


def logarithm() -> dict[str, float | tuple[float, ...]]:
    """c_i = 1/(middle of cell i) to 22 fractional bits, so that m c_i has few bits, and -log c_i in two parts.

    In the two cells that touch 1, c_i = 1: their logarithm is exactly 0 and log m has no cancellation. There
    |m c_i - 1| < 1/128, elsewhere it is below 1/255.
    """
    with ctx.workprec(BITS):
        inverse = tuple(1.0 if 1 in cell else round(2**23 / sum(cell)) / 2**22 for cell in log_cells())
        high, low = zip(*(on_grid(-arb(c).log()) for c in inverse), strict=True)
        ln2_high, ln2_low = on_grid(arb.const_log2())
    return {"LOG_INVERSE": inverse, "LOG_HIGH": high, "LOG_LOW": low, "LN2_HIGH": ln2_high, "LN2_LOW": ln2_low}


def exp_tail(r: arb) -> arb:
    return (r.exp() - 1 - r) / r**2


def log_tail(z: arb) -> arb:
    """(log((1 + s) / (1 - s)) / s - 2) / z with z = s**2."""
    s = z.sqrt()
    return (2 * s.atanh() / s - 2) / z


def log_pair_tail(z: arb) -> arb:
    """((log((1 + s) / (1 - s)) / s - 2) / z - 2/3) / z with z = s**2."""
    s = z.sqrt()
    return ((2 * s.atanh() / s - 2) / z - arb(2) / 3) / z


def sin_tail(z: arb) -> arb:
    """(sin y - y) / y**3 with z = y**2."""
    y = z.sqrt()
    return (y.sin() - y) / y**3


def cos_tail(z: arb) -> arb:
    return (z.sqrt().cos() - 1 + z / 2) / z**2


def atan_tail(z: arb) -> arb:
    """(atan(t) / t - 1) / z with z = t**2."""
    t = z.sqrt()
    return (t.atan() / t - 1) / z


def asin_tail(z: arb) -> arb:
    """(asin(s) / s - 1) / z with z = s**2."""
    s = z.sqrt()
    return (s.asin() / s - 1) / z


def inverse_cube_root(m: arb) -> arb:
    return 1 / m.root(3)


def erf_tail(z: arb) -> arb:
    """(erf(x) / x - 2 / sqrt(pi)) / z with z = x**2."""
    x = z.sqrt()
    return (x.erf() / x - 2 / arb.pi().sqrt()) / z


def scaled_erfc(t: arb) -> arb:
    """(1 + 2 a) exp(a**2) erfc(a) with t = (a - 2.5) / (a + 2.5)."""
    a = 2.5 * (1 + t) / (1 - t)
    return (1 + 2 * a) * (a * a).exp() * a.erfc()


def two_over_pi() -> dict[str, float | tuple[float, ...]]:
    """Four doubles for each of the remainders of 2/pi 2**(8 row) modulo 2**55, row = 0 ... 127.

    Each has 52 bits: its product with a double is then exactly a sum of two on every target, also without fma.
    """
    parts: dict[str, list[float]] = {f"TWO_OVER_PI_{i}": [] for i in range(4)}
    with ctx.workprec(1300):  # 8 * 127 bits before the binary point
        for row in range(128):
            turns = 2 / arb.pi() * arb(2) ** (8 * row - 55)
            rest = (turns - turns.floor()) * 2.0**55
            for column in parts.values():
                bits = 52 - math.frexp(float(rest.mid()))[1]
                column.append(math.ldexp(float((rest * arb(2) ** bits).floor().mid()), -bits))
                rest -= column[-1]
    return {name: tuple(column) for name, column in parts.items()}


def main() -> None:
    write(
        __file__,
        logarithm()
        | {
            "EXP_TAIL": interpolate(exp_tail, -0.3466, 0.3467, 11),  # not at 0, where it is 0 / 0
            "LOG_TAIL": interpolate(log_tail, 0.0, (0.3125 / 1.6875) ** 2, 8),
            "LOG_PAIR_TAIL": interpolate(log_pair_tail, 0.0, (0.3125 / 1.6875) ** 2, 8),
            "SIN_TAIL": interpolate(sin_tail, 0.0, (math.pi / 4) ** 2, 6),
            "COS_TAIL": interpolate(cos_tail, 0.0, (math.pi / 4) ** 2, 6),
            "ATAN_TAIL": interpolate(atan_tail, 0.0, (math.sqrt(2) - 1) ** 2, 11),
            "ASIN_TAIL": interpolate(asin_tail, 0.0, 0.25, 13),
            "CBRT": interpolate(inverse_cube_root, 0.6875, 1.375, 8),
            "ERF_TAIL": interpolate(erf_tail, 0.0, 0.25, 10),
            "ERFC": interpolate(scaled_erfc, -2 / 3, 0.9999, 24),
        }
        | two_over_pi(),
    )


if __name__ == "__main__":
    main()
