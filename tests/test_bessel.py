"""Log-scale Bessel functions, ratios and derivatives on every target: against Arb, identities, seams, edges."""

import json
import math
from functools import cache
from pathlib import Path

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathlib import special

arb = flint.arb
INF, NAN = math.inf, math.nan
ROWS = json.loads((Path(__file__).parent / "data" / "special.json").read_text(encoding="utf-8"))
ARGUMENTS = {"iv_ratio_inv": ("v", "r"), "log_poch": ("x", "a")}
PAIR_FUNCTIONS = ("log_iv", "log_kv", "log_ive", "log_kve", "log_ivkv", "iv_ratio", "iv_ratio_c", "kv_ratio")
SLOPES = ("log_iv_dx", "log_kv_dx", "log_iv_dv", "log_kv_dv")
LOGS = ("log_iv", "log_kv", "log_ive", "log_kve")


@cache
def reference(name):
    """(arguments, value, low) of the rows of a function: value + low is exact to about 90 bits."""
    keys = ARGUMENTS.get(name, ("v", "x"))
    columns = {k: np.array([float.fromhex(row[k]) for row in ROWS[name]]) for k in (*keys, "value", "low")}
    return tuple(columns[k] for k in keys), columns["value"], columns["low"]


def errors(name, target):
    """Absolute errors on the reference rows; infinite where the result is not finite."""
    arguments, value, low = reference(name)
    result = target(getattr(special, name), *arguments)
    assert result.shape == value.shape
    with np.errstate(invalid="ignore"):
        error = np.abs((result - value) - low)
    return np.where(np.isfinite(result), error, INF)


def worst(error, arguments):
    """The largest error and where it is: what a failed comparison shows."""
    i = int(np.argmax(error))
    return float(error[i]), tuple(float(a[i]) for a in arguments)


def log_uniform(rng, low, high, n):
    return 10.0 ** rng.uniform(low, high, n)


# ---- against Arb --------------------------------------------------------------------------------------------------


def test_the_reference_covers_every_region():
    (v, x), _, _ = reference("log_iv")
    r = np.hypot(v, x)
    for chosen in (
        r >= 64.0,
        (r >= 25.0) & (r < 64.0),
        (r < 25.0) & (x >= 4.0),
        (r < 25.0) & (x >= 1.0) & (x < 4.0),
        (x < 1.0) & (v >= 0.5) & (r < 25.0),
        (x < 1.0) & (v < 0.5),
    ):
        assert np.count_nonzero(chosen) >= 15
    assert min(len(ROWS[name]) for name in ROWS) >= 150
    assert x.min() <= 1e-300
    assert x.max() >= 1e300
    assert v.max() >= 1e15


@pytest.mark.parametrize("name", LOGS)
def test_logs(name, target):
    """|error| <= 1e-15 max(1, |value|): the promise of the docstrings."""
    arguments, value, _ = reference(name)
    error = errors(name, target) / np.maximum(1.0, np.abs(value))
    assert worst(error, arguments) < (1.0e-15 if target.compiled else 1.2e-15,)
    assert np.median(error) <= 6e-17


@pytest.mark.parametrize(
    ("name", "slopes"), [("log_iv", ("log_iv_dx", "log_iv_dv")), ("log_kv", ("log_kv_dx", "log_kv_dv"))]
)
def test_logs_relative_to_their_conditioning(name, slopes, target):
    """|error| <= 4e-16 (|f| + |x f_x| + |v f_v|), half of it for small v and x, where log I_v tends to 0 smoothly."""
    arguments, value, _ = reference(name)
    error = errors(name, target)
    known = [dict(zip(zip(*a, strict=True), f, strict=True)) for a, f, _ in map(reference, slopes)]
    points = list(zip(*arguments, strict=True))
    there = np.array([all(point in table for table in known) for point in points])
    v, x = (a[there] for a in arguments)
    dx, dv = (np.array([table[point] for point, ok in zip(points, there, strict=True) if ok]) for table in known)
    scale = np.abs(value[there]) + np.abs(x * dx) + np.abs(v * dv)
    relative = error[there] / np.maximum(scale, 1e-290)
    small = (v < 0.5) & (x < 1.0)
    assert np.count_nonzero(small) >= 20
    assert worst(relative[small], (v[small], x[small])) < (2e-16 if name == "log_iv" else 4e-16,)
    assert worst(relative, (v, x)) < (4e-16 if target.compiled else 6e-16,)


RELATIVE = {"iv_ratio": 4e-16, "iv_ratio_c": 1e-15, "kv_ratio": 8e-16, "log_iv_dx": 1e-15, "log_kv_dx": 3e-15}


@pytest.mark.parametrize("name", RELATIVE)
def test_ratios_and_slopes_in_x(name, target):
    arguments, value, _ = reference(name)
    error = errors(name, target) / np.abs(value)
    assert worst(error, arguments) < (RELATIVE[name],)


@pytest.mark.parametrize("name", ["log_iv_dv", "log_kv_dv"])
def test_slopes_in_the_order(name, target):
    arguments, value, _ = reference(name)
    error = errors(name, target) / np.maximum(1.0, np.abs(value))
    assert worst(error, arguments) < (3e-15,)


def test_inverse_of_the_ratio(target):
    """The error relative to the condition number r / (x A'(x)), A' = 1 - r^2 - (2 v + 1) r / x."""
    (v, r), value, low = reference("iv_ratio_inv")
    with flint.ctx.workprec(160):
        exact = [
            (arb(float(a)), arb(float(b)), arb(float(c)) + arb(float(d)))
            for a, b, c, d in zip(v, r, value, low, strict=True)
        ]
        condition = np.array([float((b / (x * (1 - b * b - (2 * a + 1) * b / x))).mid()) for a, b, x in exact])
    error = errors("iv_ratio_inv", target) / value / np.maximum(1.0, condition)
    assert worst(error, (v, r)) < (2e-15,)


def test_pair_is_the_two_functions(target):
    (v, x), _, _ = reference("log_iv")
    i, k = target(special.log_ivkv, v, x)
    np.testing.assert_array_equal(i, target(special.log_iv, v, x))
    np.testing.assert_array_equal(k, target(special.log_kv, v, x))


@pytest.mark.parametrize("letter", ["i", "k"])
def test_gradient_is_the_three_functions(letter, target):
    (v, x), _, _ = reference("log_iv")
    gradient = target(getattr(special, f"log_{letter}v_grad"), v, x)
    for result, name in zip(gradient, ("", "_dv", "_dx"), strict=True):
        np.testing.assert_array_equal(result, target(getattr(special, f"log_{letter}v{name}"), v, x))


@pytest.mark.parametrize("name", [*LOGS, "iv_ratio", "iv_ratio_c", "kv_ratio"])
def test_float32_is_rounded_once(name, target):
    rng = np.random.default_rng(7)
    v, x = log_uniform(rng, -2, 4, (2, 300)).astype(np.float32)
    result = target(getattr(special, name), v, x)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(
        result, target(getattr(special, name), v.astype(float), x.astype(float)).astype(np.float32)
    )


# ---- closed forms and identities ----------------------------------------------------------------------------------


def half_integer(order, x):
    """(log I, log K) of order 1/2, 3/2 or 5/2 in closed form; the precision covers the cancellation for x >= 1e-6."""
    with mpmath.workdps(80):
        x = mpmath.mpf(float(x))
        s, c, root = mpmath.sinh(x), mpmath.cosh(x), mpmath.sqrt(2 / (mpmath.pi * x))
        i = {0.5: s, 1.5: c - s / x, 2.5: (1 + 3 / x**2) * s - 3 * c / x}[order]
        k = {0.5: 1, 1.5: 1 + 1 / x, 2.5: 1 + 3 / x + 3 / x**2}[order]
        return mpmath.log(root * i), mpmath.log(mpmath.sqrt(mpmath.pi / (2 * x)) * k) - x


@pytest.mark.parametrize("order", [0.5, 1.5, 2.5])
def test_half_integer_orders(order, target):
    rng = np.random.default_rng(3)
    x = np.r_[log_uniform(rng, -6, 4, 100), rng.uniform(0, 30, 100), 1.0, 4.0, np.sqrt(625.0 - order**2)]
    exact = [half_integer(order, a) for a in x]
    for results, number in zip(target(special.log_ivkv, np.full_like(x, order), x), (0, 1), strict=True):
        error = [abs(float(y - pair[number])) / max(1.0, abs(y)) for y, pair in zip(results, exact, strict=True)]
        assert max(error) < (1.0e-15 if target.compiled else 1.2e-15)


orders = st.integers(0, 2**24).map(lambda n: n / 2**14)  # up to 1024, so that v - 1 is exact
arguments = st.floats(-3.0, 4.0).map(lambda a: 10.0**a)


@given(orders, arguments)
def test_wronskian(v, x):
    """x I_v K_v (I_(v+1)/I_v + K_(v+1)/K_v) = 1"""
    i, k = special.log_ivkv(v, x)
    total = math.fsum([i, k, math.log(x * (special.iv_ratio(v, x) + special.kv_ratio(v, x)))])
    assert abs(total) <= 2e-15 * max(1.0, abs(i), abs(k))


@given(orders, arguments)
def test_recurrences(v, x):
    """I_v - I_(v+2) = 2 (v + 1) / x I_(v+1), K_(v+2) - K_v = 2 (v + 1) / x K_(v+1), relative to the largest"""
    below, above = special.iv_ratio(v, x), special.iv_ratio(v + 1.0, x)
    assert abs(1.0 / below - above - 2.0 * (v + 1.0) / x) <= 1.5e-15 / below
    below, above = special.kv_ratio(v, x), special.kv_ratio(v + 1.0, x)
    assert abs(above - 1.0 / below - 2.0 * (v + 1.0) / x) <= 2e-15 * above


@given(orders, arguments)
def test_slopes_in_x_are_ratios(v, x):
    i, k = special.log_iv_dx(v, x), special.log_kv_dx(v, x)
    assert abs(i - (special.iv_ratio(v, x) + v / x)) <= 1e-15 * i
    assert abs(k - (v / x - special.kv_ratio(v, x))) <= 3e-15 * special.kv_ratio(v, x)


@given(orders, arguments)
def test_ratio_and_complement_sum_to_one(v, x):
    assert abs(special.iv_ratio(v, x) + special.iv_ratio_c(v, x) - 1.0) <= 4e-16


@given(orders, arguments)
def test_scaled_functions_differ_by_x(v, x):
    i, k = special.log_ivkv(v, x)
    assert abs(special.log_ive(v, x) + x - i) <= 1e-15 * (2.0 + abs(i) + x)
    assert abs(special.log_kve(v, x) - x - k) <= 1e-15 * (2.0 + abs(k) + x)


@given(st.floats(0.0, 1e15), st.floats(1e-290, 1e300))
def test_k_is_even_in_the_order(v, x):
    assert special.log_kv(-v, x) == special.log_kv(v, x)
    assert special.log_kve(-v, x) == special.log_kve(v, x)


def test_amos_bounds():
    """x / (v + 1/2 + hypot(v + 3/2, x)) <= I_(v+1)/I_v <= x / (v + 1/2 + hypot(v + 1/2, x)), up to 2 ulp"""
    rng = np.random.default_rng(4)
    v, x = log_uniform(rng, -3, 6, (2, 100_000))
    v[:20_000], x[:20_000] = rng.uniform(0, 30, (2, 20_000))
    ratio = special.iv_ratio(v, x)
    slack = 5e-16
    assert np.all(ratio >= x / (v + 0.5 + np.hypot(v + 1.5, x)) * (1.0 - slack))
    assert np.all(ratio <= x / (v + 0.5 + np.hypot(v + 0.5, x)) * (1.0 + slack))


def seams():
    """(v, x) just below and above each border in x, in pairs 1e-9 apart."""
    rng = np.random.default_rng(5)
    v = rng.uniform(0.0, 24.0, 150)
    for border in (1.0, 4.0, np.sqrt(625.0 - v**2), np.sqrt(4096.0 - v**2)):
        yield v, border * np.ones_like(v)
    v = rng.uniform(25.0, 63.9, 150)
    yield v, np.sqrt(4096.0 - v**2)


def test_monotone_across_seams(target):
    """A step of 1e-9 across a border moves the values by far more than their errors: they rise and fall."""
    for v, x in seams():
        v, x = np.broadcast_arrays(v, x * (1.0 + 1e-9 * np.arange(-4, 5)[:, None]))
        for name, sign in (("log_iv", 1), ("log_kv", -1), ("iv_ratio", 1), ("iv_ratio_c", -1), ("kv_ratio", -1)):
            assert np.all(sign * np.diff(target(getattr(special, name), v, x), axis=0) > 0.0), name


def test_slopes_are_continuous_across_seams(target):
    for v, x in seams():
        sides = np.stack([x * (1.0 - 1e-12), x * (1.0 + 1e-12)])
        for name in SLOPES:
            left, right = target(getattr(special, name), np.stack([v, v]), sides)
            assert np.all(np.abs(left - right) <= 2e-11 * np.maximum(1.0, np.abs(left))), name


def test_convex_in_the_order(target):
    """log K_v is convex in v: its slope rises."""
    x = np.repeat([0.3, 2.0, 11.0, 40.0, 300.0], 200)
    v = np.tile(np.linspace(0.0, 80.0, 200), 5)
    assert np.all(np.diff(target(special.log_kv_dv, v, x).reshape(5, 200)) > 0.0)


@settings(max_examples=60)
@given(st.floats(0.01, 60.0), st.floats(0.01, 60.0))
def test_slope_in_the_order_is_that_of_the_value(v, x):
    """A central difference of Arb's values, with a step whose error is of the order of the square root of precision."""
    with flint.ctx.workprec(400):
        h = arb(2) ** -60
        i = (arb(x).bessel_i(arb(v) + h) / arb(x).bessel_i(arb(v) - h)).log() / (2 * h)
        k = (arb(x).bessel_k(arb(v) + h) / arb(x).bessel_k(arb(v) - h)).log() / (2 * h)
        assert abs(float((i - special.log_iv_dv(v, x)).mid())) <= 3e-15 * max(1.0, abs(float(i.mid())))
        assert abs(float((k - special.log_kv_dv(v, x)).mid())) <= 3e-15 * max(1.0, abs(float(k.mid())))


# ---- negative orders and arguments --------------------------------------------------------------------------------


def test_reflection(target):
    """I_v for v < 0: the logarithm where I_v > 0, NaN where it is negative; the error relative to |terms| / |I_v|."""
    rng = np.random.default_rng(6)
    v, x = -rng.uniform(0.0, 30.0, 400), rng.uniform(0.0, 40.0, 400)
    x[200:] = log_uniform(rng, -5, 1, 200)
    v[300:] = -log_uniform(rng, -5, -0.4, 100)
    for result, a, b in zip(target(special.log_iv, v, x), v, x, strict=True):
        with flint.ctx.workprec(300):
            value, up = arb(float(b)).bessel_i(arb(float(a))), arb(float(b)).bessel_i(-arb(float(a)))
            if value < 0:
                assert math.isnan(result)
                continue
            amplification = float((up + abs(value - up)).mid() / value.mid()) if abs(value - up) > 0 else 1.0
            log = value.log()
            error = abs(float((log - float(result)).mid()))
        assert error <= 4e-15 * max(1.0, abs(float(log.mid()))) * amplification, (a, b)


def test_integer_orders_with_negative_arguments(target):
    rng = np.random.default_rng(8)
    v, x = rng.integers(0, 40, 200).astype(float), log_uniform(rng, -3, 3, 200)
    for name in ("log_iv", "log_ive"):
        f = getattr(special, name)
        np.testing.assert_array_equal(target(f, v, -x), target(f, v, x))
        np.testing.assert_array_equal(target(f, -v, x), target(f, v, x))
        assert np.all(np.isnan(target(f, v + 0.25, -x)))
    assert np.all(np.isnan(target(special.log_kv, v, -x)))


# ---- edges --------------------------------------------------------------------------------------------------------

# (v, x) -> log_iv, log_kv, log_ive, log_kve, iv_ratio, iv_ratio_c, kv_ratio, log_iv_dx, log_kv_dx, log_iv_dv, log_kv_dv
EDGES = {
    (0.0, 0.0): (0.0, INF, 0.0, INF, 0.0, 1.0, INF, 0.0, -INF, -INF, 0.0),
    (2.5, 0.0): (-INF, INF, -INF, INF, 0.0, 1.0, INF, INF, -INF, -INF, INF),
    (0.0, INF): (INF, -INF, -INF, -INF, 1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 0.0),
    (1e300, INF): (INF, -INF, -INF, -INF, 1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 0.0),
    (INF, 1.0): (NAN,) * 11,
    (INF, INF): (NAN,) * 11,
    (INF, 0.0): (NAN,) * 11,
    (NAN, 1.0): (NAN,) * 11,
    (1.0, NAN): (NAN,) * 11,
    (NAN, 0.0): (NAN,) * 11,
    (0.0, NAN): (NAN,) * 11,
    (0.5, -1.0): (NAN,) * 11,
    (-1.5, 0.0): (NAN, INF, NAN, INF, *(NAN,) * 7),  # Gamma(-1/2) < 0
    (-0.5, 0.0): (INF, INF, INF, INF, *(NAN,) * 7),
    (-2.0, 0.0): (-INF, INF, -INF, INF, *(NAN,) * 7),
    (-INF, 1.0): (NAN,) * 11,
    (0.5, -INF): (NAN,) * 11,
}


@pytest.mark.parametrize("number", range(11))
def test_edges(number, target):
    name = (*LOGS, "iv_ratio", "iv_ratio_c", "kv_ratio", *SLOPES)[number]
    v, x = np.array(list(EDGES)).T
    expected = [values[number] for values in EDGES.values()]
    np.testing.assert_array_equal(target(getattr(special, name), v, x), expected)


def test_edges_of_the_inverse(target):
    v = np.array([0.0, 3.0, 3.0, 3.0, 3.0, -1.0, NAN, 3.0, INF])
    r = np.array([0.0, 0.0, 1.0, 1.0000001, -0.1, 0.5, 0.5, NAN, 0.5])
    np.testing.assert_array_equal(target(special.iv_ratio_inv, v, r), [0.0, 0.0, INF, NAN, NAN, NAN, NAN, NAN, NAN])


def test_signed_zero_is_zero(target):
    v, x = np.array([0.0, 0.5]), np.array([1.5, 0.0])
    for name in PAIR_FUNCTIONS:
        f = getattr(special, name)
        np.testing.assert_array_equal(target(f, np.array([-0.0, 0.5]), np.array([1.5, -0.0])), target(f, v, x))


any_float = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@settings(max_examples=50)
@given(st.lists(st.tuples(any_float, any_float), min_size=1, max_size=40))
def test_no_warning_and_no_flag(backend, pairs):
    if backend == "numba":
        pytest.importorskip("numba")
    v, x = np.array(pairs).T
    with np.errstate(all="raise"):
        for name in (*PAIR_FUNCTIONS, *SLOPES, "iv_ratio_inv"):
            getattr(special, name)(v, x, backend=backend)
            getattr(special, name)(v[0], x[0], backend=backend)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.0, 1e15), st.floats(1e-290, 1e300)), min_size=1, max_size=20))
def test_finite_on_the_domain(backend, pairs):
    if backend == "numba":
        pytest.importorskip("numba")
    v, x = np.array(pairs).T
    for name in (*PAIR_FUNCTIONS, *SLOPES):
        assert np.all(np.isfinite(getattr(special, name)(v, x, backend=backend))), name


def test_overflow_has_the_right_sign(target):
    v, x = np.array([1e15, 1e200, 3.0]), np.array([1e-300, 1e-200, 1e-310])
    for name, sign in (("kv_ratio", 1), ("log_iv_dx", 1), ("log_kv_dx", -1)):
        np.testing.assert_array_equal(target(getattr(special, name), v, x), np.full(3, sign * INF))


def test_complement_of_the_ratio_for_huge_arguments(target):
    """1 - I_(v+1)/I_v = (v + 1/2) / x + O(v^2 / x^2)"""
    v = np.array([0.0, 1e-100, 0.25, 1.0, 1e10, 0.0, 3.0])
    x = np.array([1e120, 1e139, 1.1e140, 1e150, 1e180, 1e200, 1e300])
    np.testing.assert_allclose(target(special.iv_ratio_c, v, x), (v + 0.5) / x, rtol=1e-15)


def test_finite_for_the_largest_and_smallest(target):
    v, x = (
        a.ravel() for a in np.meshgrid([0.0, 5e-324, 1e-300, 0.5, 1e15], [5e-324, 1e-310, 1e-300, 1.0, 1e145, 1e300])
    )
    for name in (*LOGS, "iv_ratio", "iv_ratio_c", "log_iv_dv", "log_kv_dv"):
        assert np.all(np.isfinite(target(getattr(special, name), v, x))), name
