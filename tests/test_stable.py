"""The stable elementary functions against Arb, at their edges and in the identities that tie them together."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

flint = pytest.importorskip("flint")

from mathlib.special import _stable as stable  # noqa: E402
from mathlib.special.kernels import make_tables_stable  # noqa: E402

arb = flint.arb
INFINITY, NAN = math.inf, math.nan
SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308
LOG_2 = math.log(2)
RANDOM = np.random.default_rng(21)
COUNT = 1000
FUNCTIONS = ("log1mexp", "log_cosh", "softplus", "cosm1", "langevin", "log_erfc")


@pytest.fixture(params=["numpy", "numba"])
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    return request.param


def log_uniform(low, high, count=COUNT):
    """Random powers of two with exponents between ``low`` and ``high``, from -1074 (subnormal) to 1024."""
    return 2.0 ** RANDOM.uniform(low, high, count)


def both_signs(x):
    return np.r_[x, -x]


def near(*points):
    """The points and five neighbours on each side."""
    around = [np.array(points)]
    for _ in range(5):
        around = [np.nextafter(around[0], -INFINITY), *around, np.nextafter(around[-1], INFINITY)]
    return np.concatenate(around)


def log_erfc(x):
    if abs(x) < 100:
        return x.erfc().log()
    if x < 0:
        return arb(2).log()
    w, term, total = 1 / (2 * x * x), arb(1), arb(0)
    for k in range(1, 30):  # the asymptotic series: its terms fall below 2^-110 before they grow
        total += term
        term *= -(2 * k - 1) * w
    return (total + arb(0, abs(term).upper())).log() - x * x - (x * arb.pi().sqrt()).log()


def beyond(limit, inside, right, left):
    """A function that is ``inside`` up to |x| = limit and indistinguishable from ``right`` and ``left`` beyond."""
    return lambda x: inside(x) if abs(x) < limit else right(x) if x > 0 else left(x)


EVERYWHERE = both_signs(np.r_[log_uniform(-1074, 1024), SMALLEST, LARGEST])
TRUTH = {
    "log1mexp": lambda x: (-(-x).expm1()).log(),
    "log_cosh": beyond(1e4, lambda x: x.cosh().log(), lambda x: x - arb(2).log(), lambda x: -x - arb(2).log()),
    "softplus": beyond(1e4, lambda x: x.exp().log1p(), lambda x: x, lambda x: arb(0)),
    "cosm1": lambda x: -2 * (x / 2).sin() ** 2,
    "langevin": beyond(1e4, lambda x: x.coth() - 1 / x, lambda x: 1 - 1 / x, lambda x: -1 - 1 / x),
    "log_erfc": log_erfc,
}
POINTS = {
    "log1mexp": np.r_[log_uniform(-1074, 10), RANDOM.uniform(0, 745, COUNT), near(40.0, LOG_2), SMALLEST],
    "log_cosh": np.r_[EVERYWHERE, RANDOM.uniform(-45, 45, COUNT), near(40.0)],
    "softplus": np.r_[EVERYWHERE, RANDOM.uniform(-745, 40, COUNT), near(0.0)],
    "cosm1": np.r_[
        EVERYWHERE,
        RANDOM.uniform(-100, 100, COUNT),
        near(*(2 * math.pi * np.rint(log_uniform(0, 60, 100))), 102942.0),
        2.0 * 6381956970095103 * 2.0**797,  # half of it is the double nearest to a multiple of pi/2
    ],
    "langevin": np.r_[EVERYWHERE, RANDOM.uniform(-5, 5, COUNT), near(2.0)],
    "log_erfc": np.r_[EVERYWHERE[np.abs(EVERYWHERE) < 1e154], RANDOM.uniform(-6, 30, COUNT), near(0.5, -0.5, 0.0)],
}
BOUNDS = {"log1mexp": 3e-16, "log_cosh": 7e-16, "softplus": 3e-16, "cosm1": 5e-16, "langevin": 5e-16, "log_erfc": 7e-16}


def exact(f, *arguments):
    """The value of f as a ball of at least 100 bits."""
    for bits in (200, 700, 2400, 4800):
        with flint.ctx.workprec(bits):
            value = f(*(arb(float(x)) for x in arguments))
            if value == 0 or (value.is_finite() and value.rel_accuracy_bits() > 100):
                return value
    raise AssertionError(f"no enclosure at {arguments!r}")


def error(result, value, scale=0.0):
    """|result - value| beyond half the smallest float, relative to the value (or to ``scale``, if that is larger)."""
    if not math.isfinite(result):
        return INFINITY
    with flint.ctx.workprec(200):
        beyond_rounding = abs(arb(float(result)) - value) - arb(SMALLEST)
        if not beyond_rounding > 0:
            return 0.0
        return float(beyond_rounding / max(abs(value), arb(abs(float(scale)))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_arb(name, backend):
    points = POINTS[name]
    assert len(points) >= 2000
    results = getattr(stable, name)(points, backend=backend)
    errors = [error(y, exact(TRUTH[name], x)) for x, y in zip(points, results, strict=True)]
    assert max(errors) < BOUNDS[name]


def poch_points():
    """(x, a) with x > 0 and x + a > 0: everywhere, next to the zeros, next to the seams, huge x with tiny a."""
    yield log_uniform(-200, 200), log_uniform(-200, 200)
    yield log_uniform(-1074, 1020, 300), log_uniform(-1000, 1010, 300)
    yield log_uniform(-1074, -600, 300), log_uniform(-10, 12, 300)
    yield RANDOM.uniform(1, 3, COUNT), both_signs(log_uniform(-60, -1, COUNT // 2))
    x, y = RANDOM.uniform(0, 9, (2, COUNT))
    yield x, y
    yield x, y - x
    x = log_uniform(-200, 200)
    yield x, x * np.expm1(-log_uniform(-50, 6))
    yield np.repeat(near(4.0), 8), np.tile([-3.9, -1.0, -1e-9, 0.0, 1e-300, 1.0, 1e19, 1e21], 11)


def test_log_poch_against_arb(backend):
    x, a = map(np.concatenate, zip(*poch_points(), strict=True))
    inside = x + a > 0
    x, a = x[inside], a[inside]
    assert len(x) > 5000
    results = stable.log_poch(x, a, backend=backend)
    log_poch = lambda x, a: (x + a).lgamma() - x.lgamma() if a != 0 else arb(0)  # noqa: E731
    worst = max(error(y, exact(log_poch, x, a), scale=a) for x, a, y in zip(x, a, results, strict=True))
    assert worst < 2e-15


EDGES = {
    "log1mexp": {0.0: -INFINITY, 1e300: 0.0, INFINITY: 0.0, -SMALLEST: NAN, -1.0: NAN, -INFINITY: NAN},
    "log_cosh": {0.0: 0.0, SMALLEST: 0.0, -LARGEST: LARGEST, INFINITY: INFINITY, -INFINITY: INFINITY},
    "softplus": {0.0: LOG_2, -1e300: 0.0, -INFINITY: 0.0, LARGEST: LARGEST, INFINITY: INFINITY},
    "cosm1": {0.0: 0.0, SMALLEST: 0.0, math.pi: -2.0, INFINITY: NAN, -INFINITY: NAN},
    "langevin": {0.0: 0.0, LARGEST: 1.0, -LARGEST: -1.0, INFINITY: 1.0, -INFINITY: -1.0},
    "log_erfc": {0.0: 0.0, -LARGEST: LOG_2, -INFINITY: LOG_2, LARGEST: -INFINITY, INFINITY: -INFINITY},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_edges(name, backend):
    edges = EDGES[name]
    results = getattr(stable, name)(np.array([*edges, NAN]), backend=backend)
    np.testing.assert_array_equal(results, [*edges.values(), NAN])


@pytest.mark.parametrize(
    ("x", "a", "expected"),
    [
        (1.0, 1.0, 0.0),
        (3.0, 0.0, 0.0),
        (SMALLEST, 0.0, 0.0),
        (0.0, 0.0, 0.0),  # the empty product
        (0.0, 2.5, -INFINITY),
        (2.5, -2.5, INFINITY),
        (1.5, INFINITY, INFINITY),
        (INFINITY, 2.0, INFINITY),
        (INFINITY, 0.0, 0.0),
        (INFINITY, -2.0, -INFINITY),
        (INFINITY, INFINITY, INFINITY),
        (1e308, 1e308, INFINITY),
        (0.0, INFINITY, NAN),
        (INFINITY, -INFINITY, NAN),
        (-1.0, 3.0, NAN),
        (1.0, -3.0, NAN),
        (-INFINITY, 1.0, NAN),
        (0.0, -1.0, NAN),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
    ],
)
def test_edges_of_log_poch(x, a, expected, backend):
    np.testing.assert_array_equal(stable.log_poch(np.array([x]), np.array([a]), backend=backend), [expected])


def test_log_poch_is_finite_where_only_the_sum_overflows(backend):
    x, a = LARGEST, 2.0**971
    result = stable.log_poch(np.array([x]), np.array([a]), backend=backend)
    np.testing.assert_allclose(result, [a * math.log(x)], rtol=1e-15)


def test_scipy_agrees_where_it_is_accurate():
    special = pytest.importorskip("scipy.special")
    x = RANDOM.uniform(-30, 30, COUNT)
    np.testing.assert_allclose(stable.log_erfc(x), LOG_2 + special.log_ndtr(-x * math.sqrt(2)), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(stable.softplus(x), np.logaddexp(0.0, x), rtol=1e-14)
    y = np.abs(x) + 1e-3
    np.testing.assert_allclose(
        stable.log_poch(y, y), special.gammaln(2 * y) - special.gammaln(y), rtol=1e-12, atol=1e-13
    )


def floats(low, high):
    return st.floats(low, high, allow_subnormal=False)


@given(floats(1e-300, 700))
def test_log1mexp_is_its_own_inverse(x):
    y = -stable.log1mexp(x)
    assert abs(-stable.log1mexp(y) - x) <= 5e-16 * (x + y * math.expm1(x))


@given(floats(1e-300, 1e4))
def test_log1mexp_and_softplus_factor_a_difference_of_squares(x):
    parts = stable.log1mexp(x), stable.softplus(-x)
    assert abs(stable.log1mexp(2 * x) - sum(parts)) <= 5e-16 * np.abs(parts).sum() + SMALLEST


@given(st.floats(allow_nan=False))
def test_symmetries_hold_bit_for_bit(x):
    assert stable.langevin(-x) == -stable.langevin(x)
    assert stable.log_cosh(-x) == stable.log_cosh(x)
    np.testing.assert_equal(stable.cosm1(-x), stable.cosm1(x))


@given(floats(-1e300, 1e300))
def test_softplus_differs_from_its_mirror_image_by_x(x):
    assert abs(stable.softplus(x) - stable.softplus(-x) - x) <= 5e-16 * (abs(x) + 1)


@given(floats(-1e300, 1e300))
def test_cosm1_of_the_double_angle(x):
    c = stable.cosm1(x)
    assert abs(stable.cosm1(2 * x) - 2 * c * (c + 2)) <= 4e-15 * abs(c) + 5 * SMALLEST


@given(floats(-1e150, 1e150))
def test_log_erfc_of_both_signs(x):
    right, left = stable.log_erfc(abs(x)), stable.log_erfc(-abs(x))
    assert abs(left - LOG_2 - stable.log1mexp(LOG_2 - right)) <= 1e-15


@pytest.mark.parametrize("name", ["log1mexp", "softplus", "langevin", "log_cosh", "log_erfc"])
def test_monotone_up_to_rounding(name):
    x = np.sort(np.abs(np.r_[EVERYWHERE, RANDOM.uniform(0, 50, 5 * COUNT)]))
    y = getattr(stable, name)(x) * (-1 if name == "log_erfc" else 1)
    finite = y[np.isfinite(y)]
    assert np.all(np.diff(finite) >= -1e-15 * np.abs(finite[1:]))


dyadic = st.integers(1, 2**40).map(lambda n: n / 2**20)  # so that x + a + b is exact


@given(dyadic, dyadic, dyadic)
def test_log_poch_is_additive(x, a, b):
    parts = stable.log_poch(x, a), stable.log_poch(x + a, b)
    bound = 2e-15 * (np.abs(parts).sum() + 2 * (a + b))
    assert abs(stable.log_poch(x, a + b) - sum(parts)) <= 2 * bound


@given(dyadic, dyadic)
def test_log_poch_backwards_is_the_negative(x, a):
    assert stable.log_poch(x + a, -a) == -stable.log_poch(x, a)


@given(floats(1e-300, 1e300))
def test_log_poch_of_one_step_is_the_logarithm(x):
    assert abs(stable.log_poch(x, 1.0) - math.log(x)) <= 2e-15 * max(1.0, abs(math.log(x)))


def test_the_tables_are_those_of_the_generator(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make_tables_stable", "--check"])
    with pytest.raises(SystemExit) as stop:
        make_tables_stable.main()
    assert not stop.value.code
