"""Elementary functions at their edges, exact values, the reduction of large angles, and the tables behind them."""

import math
import sys

import numpy as np
import pytest

flint = pytest.importorskip("flint")

from mathlib._lib import elementary, make_tables_elementary, on_llvm, tables_elementary, words_numpy  # noqa: E402
from mathlib._lib.bind import bind  # noqa: E402
from mathlib._lib.elementary import (  # noqa: E402
    NEAR_ANGLE,
    angles,
    constants,
    error_functions,
    exponentials,
    inverse_angles,
    logarithms,
    powers,
    reduce_far,
)
from tests.elementary_cases import ANGULAR  # noqa: E402

arb = flint.arb
INFINITY, NAN = math.inf, math.nan
NEVER = {INFINITY: NAN, -INFINITY: NAN}  # functions of angles
EVERYWHERE = {-0.0: -0.0, INFINITY: INFINITY, -INFINITY: -INFINITY}  # odd and unbounded
EDGES = {
    "acos": {1.0: 0.0, -1.0: math.pi, 0.0: math.pi / 2, 1.0000000000000002: NAN, -2.0: NAN} | NEVER,
    "acosh": {1.0: 0.0, INFINITY: INFINITY, 0.9999999999999999: NAN, -1.0: NAN, -INFINITY: NAN},
    "asin": {-0.0: -0.0, 1.0: math.pi / 2, -1.0: -math.pi / 2, 1.0000000000000002: NAN, -2.0: NAN} | NEVER,
    "asinh": EVERYWHERE,
    "atan": {-0.0: -0.0, INFINITY: math.pi / 2, -INFINITY: -math.pi / 2, 1e300: math.pi / 2, 1.0: math.pi / 4},
    "atanh": {-0.0: -0.0, 1.0: INFINITY, -1.0: -INFINITY, 1.0000000000000002: NAN, -2.0: NAN} | NEVER,
    "cbrt": EVERYWHERE,
    "cos": {0.0: 1.0} | NEVER,
    "cosh": {0.0: 1.0, INFINITY: INFINITY, -INFINITY: INFINITY, 710.5: INFINITY},
    "cospi": {0.5: 0.0, -1.5: 0.0, 1.0: -1.0, 2.0**52 + 1: -1.0, 1e308: 1.0} | NEVER,
    "erf": {-0.0: -0.0, INFINITY: 1.0, -INFINITY: -1.0, 6.0: 1.0},
    "erfc": {0.0: 1.0, INFINITY: 0.0, -INFINITY: 2.0, 27.3: 0.0, -6.0: 2.0},
    "erfcx": {0.0: 1.0, INFINITY: 0.0, -INFINITY: INFINITY, -26.7: INFINITY},
    "exp": {0.0: 1.0, INFINITY: INFINITY, -INFINITY: 0.0, 709.79: INFINITY, 1e300: INFINITY, -745.14: 0.0, -1e300: 0.0},
    "exp2": {INFINITY: INFINITY, -INFINITY: 0.0, 1024.0: INFINITY, -1075.0: 0.0},
    "expm1": {-0.0: -0.0, INFINITY: INFINITY, -INFINITY: -1.0, 709.79: INFINITY, -1e300: -1.0},
    "log": {-0.0: -INFINITY, 1.0: 0.0, INFINITY: INFINITY, -5e-324: NAN, -1.0: NAN, -INFINITY: NAN},
    "log10": {0.0: -INFINITY, INFINITY: INFINITY, -1.0: NAN},
    "log1p": {-0.0: -0.0, -1.0: -INFINITY, INFINITY: INFINITY, -1.0000000000000002: NAN, -INFINITY: NAN},
    "log2": {0.0: -INFINITY, INFINITY: INFINITY, -1.0: NAN},
    "sin": {-0.0: -0.0} | NEVER,
    "sinh": EVERYWHERE | {711.0: INFINITY, -711.0: -INFINITY},
    "sinpi": {0.5: 1.0, 1.5: -1.0, -0.5: -1.0, 1e308: 0.0, 2.0**51 + 0.5: 1.0, 2.0**51 + 1.5: -1.0, -3.0: -0.0} | NEVER,
    "tan": {-0.0: -0.0} | NEVER,
    "tanh": {-0.0: -0.0, INFINITY: 1.0, -INFINITY: -1.0, 20.0: 1.0},
}


def on_every_target(name, *columns):
    """The results on Python floats, on NumPy arrays and compiled."""
    kernel = getattr(elementary, name)
    yield np.array([kernel(*map(float, arguments)) for arguments in zip(*columns, strict=True)])
    with np.errstate(all="ignore"):
        yield bind(kernel, words_numpy)(*columns)
    yield on_llvm.ufunc(name, None, ((kernel,),), len(columns), 1)(*columns)


def same(results, expected):
    """Equal, NaN where NaN, and the signs of zeros too."""
    np.testing.assert_array_equal(results, expected)
    there = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(results[there]), np.signbit(expected[there]))


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    points = np.array([*EDGES[name], NAN])
    expected = np.array([*EDGES[name].values(), NAN])
    for results in on_every_target(name, points):
        same(results, expected)


@pytest.mark.parametrize(("name", "peer"), {"pow": np.power, "atan2": np.arctan2, "hypot": np.hypot}.items())
def test_edges_of_two_arguments_are_those_of_the_c_library(name, peer):
    values = [0.0, 1.0, 2.0, 3.0, 0.5, 2.5, 5e-324, 1e300, 2.0**53, 2.0**53 - 1.0, INFINITY]
    values = np.array([*values, *(-v for v in values), NAN])
    columns = [g.ravel() for g in np.meshgrid(values, values)]
    with np.errstate(all="ignore"):
        expected = peer(*columns)
    edge = (expected == 0.0) | ~np.isfinite(expected) | np.isin(expected, [1.0, -1.0])
    edge |= np.any([~np.isfinite(c) | (c == 0.0) for c in columns], axis=0)
    assert np.count_nonzero(edge) > 200
    for results in on_every_target(name, *columns):
        same(results[edge], expected[edge])


@pytest.mark.parametrize(
    ("name", "points", "expected"),
    [
        ("log2", 2.0 ** np.arange(-1074, 1024), np.arange(-1074.0, 1024.0)),
        ("log10", np.array([float(f"1e{n}") for n in range(23)]), np.arange(23.0)),
        ("exp2", np.arange(-1074.0, 1024.0), 2.0 ** np.arange(-1074, 1024)),
        ("cbrt", np.arange(-200.0, 201.0) ** 3, np.arange(-200.0, 201.0)),
    ],
    ids=["log2", "log10", "exp2", "cbrt"],
)
def test_exact_values(name, points, expected):
    for results in on_every_target(name, points):
        np.testing.assert_array_equal(results, expected)


def test_exact_values_of_hypot_and_pow():
    m, n = (g.ravel() for g in np.meshgrid(np.arange(2.0, 40.0), np.arange(1.0, 40.0)))
    for results in on_every_target("hypot", m * m - n * n, 2.0 * m * n):  # Pythagorean triples
        np.testing.assert_array_equal(results, m * m + n * n)
    x, y = (g.ravel() for g in np.meshgrid(np.arange(-9.0, 10.0), np.arange(1.0, 16.0)))
    for results in on_every_target("pow", x, y):
        np.testing.assert_array_equal(results, [float(int(a) ** int(b)) for a, b in zip(x, y, strict=True)])


def test_zeros_of_sinpi_have_the_sign_of_the_argument():
    zeros = np.array([1.0, 2.0, 3.0, 2.0**52 + 1, 2.0**60])
    for results in on_every_target("sinpi", np.r_[zeros, -zeros]):
        same(results, np.r_[0.0 * zeros, -0.0 * zeros])


def test_both_reductions_meet_at_the_largest_near_angle():
    for x in np.nextafter(NEAR_ANGLE, [0.0, INFINITY]):
        with flint.ctx.workprec(200):
            assert abs(elementary.sin(x) - arb(x).sin()) < 1e-16
            assert abs(elementary.cos(-x) - arb(x).cos()) < 1e-16


def test_large_angles_are_reduced_to_twice_the_precision():
    """The pair is x - k pi/2 up to a multiple of 2 pi, to 2^-80 of itself."""
    angles = np.abs(ANGULAR[np.isfinite(ANGULAR)])
    angles = angles[angles > 1e3]
    assert angles.size > 500
    with flint.ctx.workprec(1500):
        for x in angles:
            k, y, yl = reduce_far(float(x))
            turns = (arb(x) - arb(y) - arb(yl) - arb(k) * arb.pi() / 2) / (2 * arb.pi())
            error = (turns - (turns + arb(0.5)).floor()) * 2 * arb.pi()
            assert abs(error) < abs(arb(y)) * arb(2) ** -80


def test_the_table_of_two_over_pi_is_that_number():
    with flint.ctx.workprec(1500):
        for row in range(128):
            parts = [getattr(tables_elementary, f"TWO_OVER_PI_{i}")[row] for i in range(4)]
            rest = (2 / arb.pi() * arb(2) ** (8 * row) - sum(map(arb, parts), arb(0))) / arb(2) ** 55
            assert abs(rest - rest.mid().floor()) < arb(2) ** -200
            assert all(math.ldexp(math.frexp(part)[0], 52).is_integer() for part in parts)


def test_the_tables_are_those_of_the_generator(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make_tables_elementary", "--check"])
    with pytest.raises(SystemExit) as stop:
        make_tables_elementary.main()
    assert not stop.value.code


def test_constants_in_parts():

    with flint.ctx.workprec(300):
        pi, two, ten = arb.pi(), arb(2), arb(10)
        for high, low, value, bits in (
            (constants.PI, constants.PI_LOW, pi, 105),
            (constants.HALF_PI, constants.HALF_PI_LOW, pi / 2, 105),
            (inverse_angles.QUARTER_PI, inverse_angles.QUARTER_PI_LOW, pi / 4, 105),
            (exponentials.LN2, exponentials.LN2_REST, two.log(), 105),
            (constants.LOG2_E, logarithms.LOG2_E_LOW, 1 / two.log(), 105),
            (logarithms.LOG10_E, logarithms.LOG10_E_LOW, 1 / ten.log(), 105),
            (logarithms.LOG10_2, logarithms.LOG10_2_LOW, two.log() / ten.log(), 95),
            (powers.TWO_THIRDS, powers.TWO_THIRDS_LOW, arb(2) / 3, 105),
            (error_functions.ERF_0, error_functions.ERF_0_LOW, 2 / pi.sqrt(), 105),
            (angles.HALF_PI_1 + arb(angles.HALF_PI_2), angles.HALF_PI_3, pi / 2, 128),
        ):
            assert abs(high + arb(low) - value) < arb(2) ** -bits
    for exact_multiples, bits in ((logarithms.LOG10_2, 42), (angles.HALF_PI_1, 38), (angles.HALF_PI_2 * 2.0**38, 38)):
        assert (math.frexp(exact_multiples)[0] * 2.0**bits).is_integer()
