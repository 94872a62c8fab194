"""exp, expm1, log, log1p, sinpi and the reduction of angles: against Arb, on floats, on arrays and compiled."""

import math
import sys

import numpy as np
import pytest

flint = pytest.importorskip("flint")

from mathlib._lib import elementary, make_tables_elementary, tables_elementary, words_numpy  # noqa: E402
from mathlib._lib.bind import bind  # noqa: E402
from mathlib._lib.elementary import NEAR_ANGLE, reduce_far, reduce_near, sin_quadrants  # noqa: E402

arb = flint.arb
INFINITY, NAN = math.inf, math.nan
RANDOM = np.random.default_rng(20)
COUNT = 1500


def log_uniform(low, high):
    """Random powers of two with exponents between ``low`` and ``high``, from -1074 (subnormal) to 1024."""
    return 2.0 ** RANDOM.uniform(low, high, COUNT)


def both_signs(x):
    return np.concatenate([x, -x])


def near(x, steps=3):
    """Each number and its neighbours."""
    around = [x]
    for _ in range(steps):
        around += [np.nextafter(around[0], -INFINITY), np.nextafter(around[-1], INFINITY)]
        around.sort(key=lambda a: a[0])
    return np.concatenate(around)


def sin_near(x):
    k, y, yl = reduce_near(x)
    return sin_quadrants(k, y, yl)


def sin_far(x):
    k, y, yl = reduce_far(x)
    return sin_quadrants(k, y, yl)


def cos_far(x):
    k, y, yl = reduce_far(x)
    return sin_quadrants(k + 5.0, y, yl)


EXTREMES = np.array([5e-324, 2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308])
LARGE_ANGLES = np.concatenate(
    [
        log_uniform(15.7, 1024),
        np.array([6381956970095103 * 2.0**797]),  # of all doubles the nearest to a multiple of pi/2 (Muller et al.)
        near(np.rint(2.0 ** np.arange(15, 50)) * (math.pi / 2)),
        near(np.ldexp(1.375, np.arange(16, 1024, 9))),  # where `split` changes its exponent
        np.array([NEAR_ANGLE, EXTREMES[-1]]),
    ]
)
CASES = {
    "exp": (
        elementary.exp,
        arb.exp,
        np.r_[
            RANDOM.uniform(-745, 709.7, COUNT),
            both_signs(log_uniform(-60, 9)),
            near(np.arange(-1070, 1023) * math.log(2), 1),
        ],
    ),
    "expm1": (
        elementary.expm1,
        arb.expm1,
        np.r_[
            RANDOM.uniform(-42, 709.7, COUNT),
            both_signs(log_uniform(-1074, 5)),
            both_signs(EXTREMES[:3]),
            RANDOM.uniform(-1, 1, COUNT),
        ],
    ),
    "log": (
        elementary.log,
        arb.log,
        np.r_[
            log_uniform(-1074, 1024),
            RANDOM.uniform(0.5, 2, COUNT),
            near(np.array([1.0, 0.6875, 1.375, 2.0]), 20),
            EXTREMES,
        ],
    ),
    "log1p": (
        elementary.log1p,
        arb.log1p,
        np.r_[
            log_uniform(-1074, 1024),
            RANDOM.uniform(-1, 3, COUNT),
            -log_uniform(-60, 0),
            log_uniform(-52, 3) - 1.0,
            EXTREMES,
        ],
    ),
    "sinpi": (
        elementary.sinpi,
        arb.sin_pi,
        np.r_[RANDOM.uniform(-5, 5, COUNT), both_signs(log_uniform(-1070, 53)), near(np.arange(1.0, 40.0) / 4.0)],
    ),
    "sin_near": (
        sin_near,
        arb.sin,
        np.r_[
            RANDOM.uniform(0, NEAR_ANGLE, COUNT),
            log_uniform(-1070, 15.6),
            near(np.arange(1, 32768, 37) * (math.pi / 2), 1),
        ],
    ),
    "sin_far": (sin_far, arb.sin, LARGE_ANGLES),
    "cos_far": (cos_far, arb.cos, LARGE_ANGLES),
}


def exact(f, x):
    """f(x) as a ball of at least 100 bits."""
    for bits in (200, 1500, 3000):
        with flint.ctx.workprec(bits):
            value = f(arb(float(x)))
            if value == 0 or value.rel_accuracy_bits() > 100:
                return value
    raise AssertionError(f"no enclosure at {x!r}")


def ulps(results, f, points):
    """The largest error of the results in units in the last place of the true values."""

    def error(y, x):
        value = exact(f, x)
        unit = math.ulp(float(value.mid()))
        with flint.ctx.workprec(200):
            return float(abs(arb(float(y)) - value) / arb(unit))

    return np.max([*map(error, results, points)])  # NaN where a result is NaN


@pytest.mark.parametrize("name", CASES)
def test_below_one_unit_in_the_last_place_on_python_floats(name):
    kernel, truth, points = CASES[name]
    assert len(points) > 1400
    assert ulps([kernel(float(x)) for x in points], truth, points) < 1.0


@pytest.mark.parametrize("name", CASES)
def test_on_numpy_arrays_without_fma(name):
    kernel, truth, points = CASES[name]
    assert ulps(bind(kernel, words_numpy)(points), truth, points) < 2.0


@pytest.mark.parametrize("name", CASES)
def test_compiled_kernels_have_the_bits_of_python(name):
    pytest.importorskip("llvmlite")
    from mathlib._lib import on_llvm

    kernel, _, points = CASES[name]
    function = on_llvm.ufunc(f"test_{name}", None, ((kernel,),), 1, 1)
    np.testing.assert_array_equal(function(points), [kernel(float(x)) for x in points])


@pytest.mark.parametrize(
    ("name", "table"),
    {
        "exp": {
            0.0: 1.0,
            INFINITY: INFINITY,
            -INFINITY: 0.0,
            709.79: INFINITY,
            1e300: INFINITY,
            -745.14: 0.0,
            -1e300: 0.0,
        },
        "expm1": {INFINITY: INFINITY, -INFINITY: -1.0, 709.79: INFINITY, -1e300: -1.0},
        "log": {0.0: -INFINITY, 1.0: 0.0, INFINITY: INFINITY, -5e-324: NAN, -1.0: NAN, -INFINITY: NAN},
        "log1p": {-1.0: -INFINITY, INFINITY: INFINITY, -1.0000000000000002: NAN, -INFINITY: NAN},
        "sinpi": {
            0.5: 1.0,
            1.5: -1.0,
            -0.5: -1.0,
            1e308: 0.0,
            2.0**52 + 1: 0.0,
            2.0**51 + 0.5: 1.0,
            2.0**51 + 1.5: -1.0,
            INFINITY: NAN,
            -INFINITY: NAN,
        },
    }.items(),
)
def test_special_values(name, table):
    kernel = getattr(elementary, name)
    points = np.array([*table, NAN])
    expected = [*table.values(), NAN]
    np.testing.assert_array_equal([kernel(float(x)) for x in points], expected)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(bind(kernel, words_numpy)(points), expected)


@pytest.mark.parametrize("name", ["expm1", "log1p", "sinpi"])
def test_zero_keeps_its_sign(name):
    kernel = getattr(elementary, name)
    assert math.copysign(1.0, kernel(-0.0)) == -1.0
    assert math.copysign(1.0, kernel(0.0)) == 1.0


def test_zeros_of_sinpi_have_the_sign_of_the_argument():
    for n in (1.0, 2.0, 3.0, 2.0**52 + 1, 2.0**60):
        assert (elementary.sinpi(n), math.copysign(1.0, elementary.sinpi(n))) == (0.0, 1.0)
        assert (elementary.sinpi(-n), math.copysign(1.0, elementary.sinpi(-n))) == (0.0, -1.0)


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
