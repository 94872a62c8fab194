"""The coefficient tables of the Bessel kernels, against Bessel and Gamma functions of mpmath and Arb and rationals.

A table is evaluated exactly, so that an error here is an error of the table and not of rounding in its use. `unit` is
2**-53; the tolerances below are absolute where nothing else is said.
"""

import random
import struct
import subprocess
import sys
from fractions import Fraction

import pytest

flint = pytest.importorskip("flint")
mp = pytest.importorskip("mpmath").mp

from mathlib._lib import make_tables_elementary, tables_elementary  # noqa: E402
from mathlib.special.kernels import (  # noqa: E402
    make_tables,
    tables_debye,
    tables_gamma,
    tables_order,
    tables_ratio,
    tables_seeds,
)

arb = flint.arb
UNIT = 2.0**-53
BORDERS = {"": tables_debye.R0, "_FAR": tables_debye.R1}


@pytest.fixture(autouse=True)
def precision():
    """Enough for central differences; at x = 500 mpmath and at small x Arb keep nearly all of it."""
    with flint.ctx.workprec(500), mp.workprec(300):
        yield


def horner(row, t):
    total = 0
    for c in reversed(row):
        total = total * t + c
    return total


def value(rows, w, t):
    """Sum over i of rows[i](t) w**i."""
    return horner([horner(row, t) for row in rows], w)


def derivative(f, x):
    """Central difference; its relative error is about 2**-160."""
    h = 2.0**-80
    return (f(x + h) - f(x - h)) / (2 * h)


def points(seed, count, *corners):
    """Corners of the unit square and random points in it."""
    draw = random.Random(seed)
    return [*corners, *((draw.random(), draw.random()) for _ in range(count))]


# ---- logarithm ---------------------------------------------------------------------------------------------


def test_log_parts_add_up_exactly():
    low_bits = struct.unpack("<q", struct.pack("<d", tables_elementary.LN2_HIGH))[0] & 0x7FF
    assert low_bits == 0
    for k in (-1100, -1075, -513, -1, 1, 2, 1023, 1100):
        product = k * tables_elementary.LN2_HIGH
        assert Fraction(product) == k * Fraction(tables_elementary.LN2_HIGH)
        for high in tables_elementary.LOG_HIGH:
            assert Fraction(product + high) == Fraction(product) + Fraction(high)


def test_log_entries_are_minus_the_log_of_the_inverse():
    assert (
        len(tables_elementary.LOG_INVERSE) == len(tables_elementary.LOG_HIGH) == len(tables_elementary.LOG_LOW) == 128
    )
    assert abs(float(tables_elementary.LN2_HIGH + arb(tables_elementary.LN2_LOW) - arb.const_log2())) < 2.0**-96
    for c, high, low in zip(
        tables_elementary.LOG_INVERSE, tables_elementary.LOG_HIGH, tables_elementary.LOG_LOW, strict=True
    ):
        assert Fraction(c) * 2**22 % 1 == 0
        assert abs(float(high + arb(low) + arb(c).log())) < 2.0**-96


def test_log_cells_as_the_bits_of_the_mantissa_choose_them():
    reduced, cells = {}, make_tables_elementary.log_cells()
    draw = random.Random(1)
    ends = [float(end) for cell in cells for end in cell if end < Fraction(11, 8)]
    for m in ends + [draw.uniform(0.6875, 1.375) for _ in range(4000)]:
        high_word = (struct.unpack("<q", struct.pack("<d", m))[0] >> 32) - 0x3FE60000
        assert high_word >> 20 == 0
        i = (high_word >> 13) & 127
        first, last = cells[i]
        assert first <= Fraction(m) < last
        reduced[i] = max(reduced.get(i, 0), abs(Fraction(m) * Fraction(tables_elementary.LOG_INVERSE[i]) - 1))
    assert len(reduced) == 128
    assert max(reduced.values()) <= Fraction(1, 128)
    assert all(z <= Fraction(1, 255) for i, z in reduced.items() if i not in (79, 80))
    for i in (79, 80):
        assert (tables_elementary.LOG_INVERSE[i], tables_elementary.LOG_HIGH[i], tables_elementary.LOG_LOW[i]) == (
            1.0,
            0.0,
            0.0,
        )


# ---- Debye series ------------------------------------------------------------------------------------------


def debye_points(suffix):
    """(v, x, q, r) from the border to eight times it, q = v^2/r^2 from 1e-6 to 1 - 1e-9.

    Not from 0: for d/dv log I the asymptotic series leaves out K_0/I_0 ~ e^(-2 r), and N takes that divided by v.
    """
    border = BORDERS[suffix]
    for a, b in points(2, 14, (0, 0), (0, 1), (1, 0), (1, 1), (0, 0.5), (0, 0.1), (0, 0.9)):
        r, q = border * (1 + 7 * mp.mpf(a) ** 2), 1e-6 + b * (1 - mp.mpf(1e-6) - 1e-9)
        yield r * mp.sqrt(q), r * mp.sqrt(1 - q), q, r


def sums(tables, name, suffix, q, r):
    """The odd and the even sum as the kernels form them."""
    w, t = (BORDERS[suffix] / r) ** 2, 2 * q - 1
    odd, even = (getattr(tables, f"{name}_{part}{suffix}") for part in ("ODD", "EVEN"))
    return value(odd, w, t) / r, value(even, w, t) / r**2


def close(found, true, tolerance):
    assert all(abs(float(f - z)) < tolerance for f, z in zip(found, true, strict=True))


@pytest.mark.parametrize("suffix", BORDERS)
def test_debye_sums_are_logs_of_bessel_functions(suffix):
    for v, x, q, r in debye_points(suffix):
        i, k, exponent = mp.besseli(v, x), mp.besselk(v, x), r + v * mp.log(x / (v + r))
        true = mp.log(mp.pi * i / k) / 2 - exponent, mp.log(2 * r * i * k) / 2
        close(sums(tables_debye, "DEBYE", suffix, q, r), true, 0.6 * UNIT)


@pytest.mark.parametrize("suffix", BORDERS)
def test_ratio_sums_are_ratios_of_bessel_functions(suffix):
    for v, x, q, r in debye_points(suffix):
        i = mp.besseli(v + 1, x) / mp.besseli(v, x) - x / (v + r)
        k = mp.besselk(v + 1, x) / mp.besselk(v, x) - (v + r) / x
        f = 2 * x / r**2
        close(sums(tables_ratio, "M", suffix, q, r), (-(i + k) / f, (k - i) / f - 0.5), 0.3 * UNIT)


@pytest.mark.parametrize("suffix", BORDERS)
def test_order_sums_are_order_derivatives(suffix):
    for v, x, q, r in debye_points(suffix):
        i = derivative(lambda v, x=x: mp.log(mp.besseli(v, x)), v) - mp.log(x / (v + r))
        k = derivative(lambda v, x=x: mp.log(mp.besselk(v, x)), v) + mp.log(x / (v + r))
        f = 2 * v / r**2
        close(sums(tables_order, "N", suffix, q, r), ((i - k) / f, (i + k) / f + 0.5), 2.8 * UNIT)


# ---- seeds -------------------------------------------------------------------------------------------------


def seed_truth(mu, x):
    k = x.bessel_k(mu, scaled=True)
    return [z * (2 * x / arb.pi()).sqrt() for z in (k, x.bessel_k(mu + 1, scaled=True) - mu / x * k)]


@pytest.mark.parametrize(("suffix", "low", "high", "shift"), [("NEAR", 1, 4, 0.5), ("FAR", 4, 25, 1)])
def test_seeds_are_bessel_functions_and_slopes(suffix, low, high, shift):
    table = {name: getattr(tables_seeds, f"{name}_{suffix}") for name in ("SEED_K", "SEED_DK", "X_MIDDLE", "X_SCALE")}
    slopes = {name: getattr(tables_seeds, f"{name}_{suffix}_W") for name in ("SEED_K", "SEED_DK")}
    for a, b in points(3, 30, (0.001, 0), (0.001, 1), (1, 0), (1, 1)):
        mu, x = arb(a) / 2, low + (high - low) * arb(b) ** 2
        w, t = 8 * mu**2 - 1, (1 / (x + shift) - table["X_MIDDLE"]) * table["X_SCALE"]
        for index, name in enumerate(("SEED_K", "SEED_DK")):
            assert abs(float(value(table[name], w, t) / seed_truth(mu, x)[index] - 1)) < 1.2 * UNIT
            true = derivative(lambda mu, x=x, index=index: seed_truth(mu, x)[index], mu)
            assert abs(float(16 * mu * value(slopes[name], w, t) - true)) < 0.8 * UNIT


def from_log_x(mu, x, sums):
    """(1 - mu^2) (K_mu, (x/2) K_(mu+1)) from the sums A..E."""
    a, b, c, d, e = sums
    y, s = x**2 / 4, -mu * x.log()
    sinh = s.sinh() / mu
    return a * sinh + b * s.cosh(), s.exp() * (c + mu * b) / 2 - y * sinh * (d - mu * e)


def test_sums_about_log_x_give_bessel_functions_and_slopes():
    for a, b in points(4, 30, (0, 1), (0.498, 1e-9), (1, 1), (1, 1e-9), (1, 1e-300), (0, 1e-9), (0, 1e-300)):
        mu, x = arb(a - 0.5), arb(b)
        w, t, h = 8 * mu**2 - 1, 2 * x**2 - 1, arb(2) ** -100
        table = [value(getattr(tables_seeds, "LOG_X_" + n), w, t) for n in "ABCDE"]
        slopes = [16 * mu * value(getattr(tables_seeds, f"LOG_X_{n}_W"), w, t) for n in "ABCDE"]

        def truth(mu, x=x):
            return (1 - mu**2) * x.bessel_k(mu), (1 - mu**2) * x / 2 * x.bessel_k(mu + 1)

        above, below = (from_log_x(mu + s, x, [z + s * d for z, d in zip(table, slopes, strict=True)]) for s in (h, -h))
        for i, found in enumerate(from_log_x(mu, x, table)):
            true = truth(mu)[i]
            assert abs(float(found / true - 1)) < 1.5 * UNIT
            true_slope = derivative(lambda mu, i=i, truth=truth: truth(mu)[i], mu) / true
            bound = 4 * UNIT * max(1, -float(x.log()))
            assert abs(float((above[i] - below[i]) / (2 * h) / true - true_slope)) < bound


# ---- Gamma -------------------------------------------------------------------------------------------------


def test_gamma_tables_are_log_gamma():
    for z, _ in points(5, 40, (1e-9, 0), (1, 0)):
        v = arb(z) / 2
        assert abs(float(horner(tables_gamma.LGAMMA, 4 * v - 1) - (1 + v).lgamma() / v)) < 0.6 * UNIT
        for mu in (v, -v):
            assert abs(float(horner(tables_gamma.LGAMMA_MU, 2 * mu) - (1 + mu).lgamma() / mu)) < 0.6 * UNIT


# ---- files -------------------------------------------------------------------------------------------------


def test_elementary_tables_are_what_their_script_derives():
    done = subprocess.run([sys.executable, "-m", "mathlib._lib.make_tables_elementary", "--check"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("file", make_tables.FILES)
def test_files_are_what_the_script_derives(file):
    assert (make_tables.FOLDER / file).read_text("ascii") == make_tables.source(file)


def test_deriving_leaves_the_precision_alone():
    flint.ctx.prec = 77
    make_tables.source("tables_gamma.py")
    assert flint.ctx.prec == 77
