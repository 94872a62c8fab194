"""Every elementwise routine has the same bits as Python, as compiled loop and as CUDA text; and its fits are good.

The meaning of a kernel is what it does on Python floats. The compiled loop and the CUDA text (built by g++ here) are
compared with each other on many points and with Python on a few hundred.
"""

import math

import flint
import mpmath
import numpy as np
import pytest

from mathlib import special  # noqa: F401  registers the routines
from mathlib._lib import elementwise, words_mpmath
from mathlib._lib.bind import bind
from mathlib.special.kernels import edges, logs, orders, ratios
from mathlib.special.kernels.regions import inside
from tests.cpp import bits, compiled

pytest.importorskip("numba")

NAMES = sorted(elementwise.ROUTINES)
COUNT = 200_000
arb = flint.arb
SPECIAL = [
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    5e-324,
    1e-310,
    2.2250738585072014e-308,
    1e-300,
    1e300,
    1.7976931348623157e308,
    -1.0,
    -0.5,
]


def neighbours(values):
    values = np.asarray(values, dtype=float)
    with np.errstate(all="ignore"):
        return np.concatenate([np.nextafter(values, -np.inf), values, np.nextafter(values, np.inf)])


def columns(n_in, count, seed):
    """Arguments of a routine: boxes, seams between its regions, extremes and all pairs of special values."""
    rng = np.random.default_rng(seed)
    fifth = count // 5
    core = 10.0 ** rng.uniform(-3, 6, (n_in, fifth)) * rng.choice([1.0, 1.0, 1.0, -1.0], (n_in, fifth))
    box = rng.uniform(0.0, 30.0, (n_in, 2 * fifth))
    wide = 10.0 ** rng.uniform(-307, 307, (n_in, fifth)) * rng.choice([1.0, 1.0, 1.0, -1.0], (n_in, fifth))
    ends = rng.choice(
        neighbours([0.25, 0.5, math.log(2.0), 1.0, 1.5, 2.0, 4.0, 25.0, 40.0, 64.0, *SPECIAL]), (n_in, fifth // 2)
    )
    angle, radius = rng.uniform(0, math.pi / 2, fifth // 2), rng.choice(neighbours([25.0, 64.0]), fifth // 2)
    circle = np.stack([(np.sin, np.cos)[i % 2](angle) * radius for i in range(n_in)])
    circle *= 1.0 + rng.choice([0.0, 1e-15, -1e-15, 1e-9], circle.shape)
    all_columns = np.concatenate([core, box, wide, ends, circle], axis=1)
    if n_in == 4:  # (v, r, 1 - r, k): a ratio and its complement
        r = rng.uniform(0.0, 1.0, all_columns.shape[1])
        all_columns[1], all_columns[2] = r, 1.0 - r
    return all_columns


def test_the_list_of_routines():
    assert {"log_iv", "log_ivkv", "iv_ratio", "log_iv_dv", "iv_ratio_inv_step", "log_poch"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_loop_and_cuda_text(name):
    routine = elementwise.ROUTINES[name]
    inputs = columns(routine.n_in, COUNT, seed=1)
    assert inputs.shape[1] == COUNT
    ours = routine(*inputs, backend="numba")
    ours = ours if routine.n_out > 1 else (ours,)
    theirs = compiled(routine)(*inputs)
    assert len(ours) == len(theirs) == routine.n_out
    for a, b in zip(ours, theirs, strict=True):
        different = np.flatnonzero(bits(a) != bits(b))
        assert not different.size, (different.size, inputs[:, different[:5]])


def python(routine, values):
    """The definition: the kernels on Python floats; None where Python raises because a float operation overflows."""
    try:
        values = tuple(map(float, values))
        stages = routine.regions[routine.region(*values) if routine.region is not None else 0]
        for stage in stages:
            values = stage(*values)
            values = values if isinstance(values, tuple) else (values,)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return values


@pytest.mark.parametrize("name", NAMES)
def test_compiled_loop_and_python(name):
    routine = elementwise.ROUTINES[name]
    rng = np.random.default_rng(2)
    inputs = columns(routine.n_in, COUNT, seed=3)
    inputs = inputs[:, rng.choice(COUNT, 300, replace=False)]
    expected = [python(routine, column) for column in inputs.T]
    there = np.array([e is not None for e in expected])
    assert np.count_nonzero(there) >= 100
    ours = routine(*inputs[:, there], backend="numba")
    ours = ours if routine.n_out > 1 else (ours,)
    for a, b in zip(ours, zip(*(e for e in expected if e is not None), strict=True), strict=True):
        b = np.array(b, dtype=float)
        assert np.array_equal(bits(a), bits(b)), inputs[:, there][:, bits(a) != bits(b)][:, :3]


@pytest.mark.parametrize("name", sorted({*NAMES} - {"iv_ratio_inv_step"}))  # a Newton step from anywhere has no bound
def test_numpy_body_differs_by_rounding_only(name):
    """No fused products there: equal up to rounding errors that a cancellation may have enlarged, and NaN where NaN."""
    routine = elementwise.ROUTINES[name]
    inputs = columns(routine.n_in, 20_000, seed=4)
    ours, theirs = (routine(*inputs, backend=backend) for backend in ("numba", "numpy"))
    pairs = zip(ours, theirs, strict=True) if routine.n_out > 1 else [(ours, theirs)]
    for a, b in pairs:
        assert np.array_equal(np.isnan(a), np.isnan(b))
        finite = np.isfinite(a) & np.isfinite(b)
        assert np.array_equal(a[~finite & ~np.isnan(a)], b[~finite & ~np.isnan(a)])
        scale = np.maximum(1.0, np.abs(a[finite]))
        if name == "log_poch":  # its error is relative to the larger of the result and a
            scale = np.maximum(scale, np.abs(inputs[1][finite]))
        assert np.max(np.abs(a[finite] - b[finite]) / scale) <= 5e-15


# ---- the text without rounding: what the fits alone cost ------------------------------------------------------------

POINTS = {
    0: [(0.0, 70.0), (80.0, 3.0), (500.0, 400.0), (64.1, 1e-5)],
    1: [(0.0, 25.5), (26.0, 0.1), (20.0, 30.0), (60.0, 10.0), (3.0, 25.1)],
    2: [(0.0, 4.0), (0.5, 24.9), (3.2, 10.0), (19.7, 12.0), (24.3, 4.5)],
    3: [(0.0, 1.0), (0.49, 3.9), (7.5, 2.0), (24.8, 1.2)],
    4: [(0.0, 0.5), (0.3, 0.99), (0.49, 1e-3), (0.51, 0.7), (7.1, 0.3), (24.0, 0.9)],
}


def truth(v, x):
    """(log I, log K, I ratio, 1 - I ratio, K ratio, d log I/dv, d log K/dv) by Arb, the slopes as differences."""
    with flint.ctx.workprec(700):
        v, x, h = arb(v), arb(x), arb(2) ** -100
        i, k = x.bessel_i(v), x.bessel_k(v)
        rho = x.bessel_i(v + 1) / i
        di = (x.bessel_i(v + h) / x.bessel_i(v - h)).log() / (2 * h)
        dk = (x.bessel_k(v + h) / x.bessel_k(v - h)).log() / (2 * h)
        return tuple(
            mpmath.mpf(a.mid().str(60, radius=False))
            for a in (i.log(), k.log(), rho, 1 - rho, x.bessel_k(v + 1) / k, di, dk)
        )


def unrounded(stages, v, x):
    done, values = {}, (mpmath.mpf(v), mpmath.mpf(x))
    for stage in stages:
        values = bind(stage, words_mpmath, done)(*values)
    return values


@pytest.mark.parametrize("region", POINTS)
def test_fits(region):
    """The coefficients cost less than 2e-16 in the values and ratios, 5e-16 in the slopes in the order."""
    with mpmath.workdps(50):
        for v, x in POINTS[region]:
            assert inside(v, x) == region
            i, k, rho, c, q, di, dk = truth(v, x)
            ours = unrounded((*logs.INSIDE[region], logs.both), v, x)
            for a, b in zip(ours, (i, k), strict=True):
                assert abs(a - b) < 2e-16 * max(1, abs(b)), (v, x)
            for a, b in zip(unrounded(ratios.REGIONS[region], v, x), (rho, c, q), strict=True):
                assert abs(a - b) < 2e-16 * abs(b), (v, x)
            for a, b in zip(unrounded(orders.REGIONS[region], v, x), (di, dk), strict=True):
                assert abs(a - b) < 5e-16 * max(1, abs(b)), (v, x)


def test_fits_of_the_edge():
    """The edge region computes with the kernels of the others: I_(-v) by the reflection formula."""
    with mpmath.workdps(50):
        for v, x in ((-0.3, 0.5), (-2.3, 3.0), (-1.7, 12.0), (-20.1, 30.0)):
            with flint.ctx.workprec(300):
                exact = mpmath.mpf(arb(x).bessel_i(arb(v)).log().mid().str(60, radius=False))
            pair = unrounded((edges.edge,), v, x)
            assert abs(pair[0] + pair[1] - exact) < 3e-16 * max(1, abs(exact)), (v, x)
