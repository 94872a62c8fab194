"""Functions made from expressions: values against Arb and mpmath, the same bits everywhere, arrays of every kind."""

import os
import subprocess
import sys
import threading
import tracemalloc
from math import inf, nan
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy.abc import w, x, y, z

import mathlib
from mathlib import symbolic
from mathlib._lib import words_python
from mathlib._lib.bind import bind
from mathlib.symbolic.compiling.compile import compile
from mathlib.symbolic.compiling.compiled_function import CompiledFunction
from mathlib.symbolic.compiling.kernel_text import kernels
from mathlib.symbolic.expressions.arguments import read_arguments
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, UnsupportedFunctionError
from mathlib.symbolic.expressions.truth import exact
from tests.cpp import bits
from tests.cpp import compiled as by_gcc

# ---- every operation ------------------------------------------------------------------------------------------------

WITHOUT_KERNEL = {"tgamma", "lgamma", "digamma", "besseli", "besselk"}
LOGICAL = {"and", "or", "not", "if"}
ORDINARY = [op for op in OPS.values() if op.arity and op.name not in LOGICAL]
COMPILED = [op for op in ORDINARY if op.name not in WITHOUT_KERNEL]
SLOW_TRUTH = {"log_iv_dv", "log_kv_dv"}
CROSS_ZERO = {"logaddexp", "log_poch"}  # between arguments where they are zero: digits are lost beside that line


def single(op, backend):
    """The function of one operation."""
    graph = Graph()
    symbols = (x, y, z)[: op.arity]
    root = graph.add(op.name, *(graph.variable(s.name) for s in symbols))
    return graph, root, CompiledFunction(graph, [root], read_arguments(symbols, symbols), "one", backend)


def sample(op, count=400):
    """Points of all sizes, and of the sizes of daily life, with both signs; for Bessel functions what they are for."""
    rng = np.random.default_rng(sum(map(ord, op.name)))
    if op.routine and op.arity == 2:
        return [rng.uniform(0.1, 300, count), 10.0 ** rng.uniform(-3, 3, count)]
    columns = []
    for _ in range(op.arity):
        everywhere = rng.integers(0, 0x7FEFFFFFFFFFFFFF, count).view(np.float64)
        usual = 10.0 ** rng.uniform(-6, 2.8, count)
        units = rng.uniform(0, 1, count)
        a = np.where(rng.random(count) < 0.3, everywhere, np.where(rng.random(count) < 0.5, usual, units))
        columns.append(a * rng.choice([-1.0, 1.0], count))
    return columns


def errors(op, values, points):
    """Errors in units in the last place where the exact value is known, and how many such there are."""
    graph = Graph()
    root = graph.add(op.name, *(graph.variable(s) for s in "xyz"[: op.arity]))
    points = dict(zip("xyz", points, strict=False))
    if op.name in ("<", "<=", ">", ">=", "==", "!="):
        root = graph.read("(if c 1 0)", {"c": root})
    truth, found = exact(graph, root, points, last=2048)
    known = found > 0
    v, t = values[known], truth[known]
    size = np.abs(np.where(np.isfinite(t), t, np.finfo(float).max))
    with np.errstate(all="ignore"):
        off = np.where(
            v == t, 0.0, np.abs(v - t) / np.spacing(np.maximum(size, 1.0) if op.name in CROSS_ZERO else size)
        )
    return off, known.sum()


@pytest.mark.parametrize("op", [op for op in COMPILED if op.name not in SLOW_TRUTH], ids=lambda op: op.name)
def test_every_operation_compiled_is_within_its_stated_error(op):
    points = sample(op)
    _, _, f = single(op, "numba")
    off, known = errors(op, f(*points), points)
    assert known > 40
    assert off.max() <= op.ulp + 0.5  # half a unit: the truth itself is rounded


@pytest.mark.parametrize("op", [op for op in ORDINARY if op.name not in SLOW_TRUTH], ids=lambda op: op.name)
def test_every_operation_by_numpy(op):
    points = sample(op)
    if op.name in ("besseli", "besselk"):
        points = [np.random.default_rng(3).uniform(0.1, 20, 200) for _ in range(2)]
    _, _, f = single(op, "numpy")
    off, known = errors(op, f(*points), points)
    assert known > 40
    documented = op.ulp if op.ulp < inf else 2000.0  # SciPy states no error
    assert np.quantile(off, 0.97) <= max(4.0, 4 * documented)


@pytest.mark.parametrize("op", COMPILED, ids=lambda op: op.name)
def test_nan_comes_out_where_nan_goes_in(op, target):
    _, _, f = single(op, target.backend)
    for place in range(op.arity):
        arrays = [target.array(np.array([nan if k == place else 0.75])) for k in range(op.arity)]
        (value,) = target.numpy(f(*arrays))
        if op.name in ("<", "<=", ">", ">=", "=="):
            assert value == 0.0
        elif op.name == "!=":
            assert value == 1.0
        else:
            assert np.isnan(value)


@pytest.mark.parametrize(
    ("expr", "at", "value"),
    [
        (sp.log(x), 0.0, -inf),
        (sp.log(x), -1.0, nan),
        (sp.log(x), 5e-324, -744.4400719213812),
        (sp.exp(x), -inf, 0.0),
        (sp.exp(x), 1000.0, inf),
        (sp.exp(x), -745.0, 5e-324),
        (sp.sqrt(x), -1.0, nan),
        (sp.sin(x), inf, nan),
        (sp.sin(x), 1e300, -0.8178819121159085),
        (sp.cos(x), 2.0**1000, float(mpmath.cos(mpmath.mpf(2) ** 1000))),
        (1 / x, 0.0, inf),
        (1 / x, -0.0, -inf),
        (x**x, -2.0, 0.25),
        (x**x, -2.5, nan),
        (sp.Max(x, 1), nan, nan),
        (sp.Max(x, -sp.oo, evaluate=False), 3.0, 3.0),
        (sp.Abs(x), -0.0, 0.0),
        (sp.floor(x), -0.5, -1.0),
        (sp.ceiling(x), 0.5, 1.0),
        (sp.Piecewise((x, x > 0)), -1.0, nan),
        (sp.acos(x), 1.5, nan),
        (sp.atanh(x), 1.0, inf),
    ],
)
def test_special_values(expr, at, value, target):
    f = compile(expr, [x], backend=target.backend)
    (found,) = target.numpy(f(target.array([at])))
    if not np.isfinite(value) or value == 0 or target.compiled:
        np.testing.assert_array_equal(found, value)
    else:
        assert found == pytest.approx(value, rel=1e-14, abs=5e-324)


# ---- one meaning on every target ------------------------------------------------------------------------------------


class Ieee:
    """The words on NumPy scalars: like those on Python floats, where division by zero and bad roots are values."""

    @staticmethod
    def madd(a, b, c):
        return np.float64(words_python.madd(a, b, c))

    @staticmethod
    def two_prod(a, b):
        return tuple(map(np.float64, words_python.two_prod(np.float64(a), np.float64(b))))

    @staticmethod
    def where(condition, a, b):
        return np.float64(a if condition else b)

    @staticmethod
    def floor(a):
        return np.floor(np.float64(a))

    @staticmethod
    def sqrt(a):
        return np.sqrt(np.float64(a))

    @staticmethod
    def split(a):
        k, i, m = words_python.split(a)
        return np.float64(k), i, np.float64(m)

    @staticmethod
    def exp2i(k):
        return np.float64(words_python.exp2i(k)) if -1100 < k < 1024 else np.float64(nan)

    @staticmethod
    def table(values):
        return values

    Horner, Horner2 = words_python.Horner, words_python.Horner2


EXPRESSIONS = {
    "sines": sp.sin(x) * sp.cos(y) + sp.tan(x * y),
    "powers": x**y + sp.exp(x) * sp.log(y),
    "quotients": x / y + (x + 1) / y + 1 / (x - 1),
    "pieces": sp.Piecewise((sp.log(x), sp.And(x > 0, y > 0)), (sp.exp(y), x < -2), (sp.sqrt(-x), True)),
    "hyperbolic": sp.sinh(x) + sp.cosh(y) - sp.tanh(x - y) + sp.atan2(x, y) + sp.asinh(x),
    "erfc": sp.erfc(x) * sp.exp(-(y**2)) + symbolic.LogAddExp(x, y),
    "no near form": sp.sqrt(x) + x * y - sp.Abs(y),
    "three": sp.log1p(x) if hasattr(sp, "log1p") else symbolic.Log1p(x) + symbolic.ExpM1(y) / symbolic.Hypot(x, y),
}
AXIS = np.array(
    [0.0, -0.0, 0.5, 1.0, -1.0, 3.75, -2.5, 100.0, 709.9, -746.0, 5e4, 6e4, 1e10, -1e22, 1e300, -1e308, 5e-324, -1e-310,
     2.3e-308, 4e307, 1e-17, inf, -inf, nan]
)  # fmt: skip
GRID = [a.ravel() for a in np.meshgrid(AXIS, AXIS)]


def by_python(text, *point):
    """The rule on every target: the fast text where it says 1.0, else the full one."""
    if text.fast is not None:
        *values, ok = bind(text.fast, Ieee)(*point)
        if ok == 1.0:
            return values
    values = bind(text.full, Ieee)(*point)
    return values if isinstance(values, tuple) else (values,)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_bits_of_machine_code_are_those_of_python(name):
    f = compile(EXPRESSIONS[name], [x, y], backend="numba")
    text = kernels(f.graph, f.roots, f.args)
    assert (text.fast is None) == (name == "no near form")
    with np.errstate(all="ignore"):
        expected = [by_python(text, a, b)[0] for a, b in zip(*GRID, strict=True)]
    np.testing.assert_array_equal(bits(f(*GRID)), bits(expected))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_bits_of_machine_code_are_those_of_the_cuda_text(name):
    f = compile([EXPRESSIONS[name], x - y], [x, y], backend="numba")
    region, regions = f._routine._gpu_kernels()
    g = by_gcc(SimpleNamespace(region=region, regions=regions, n_in=2, n_out=2, name="expression"))
    for mine, other in zip(f(*GRID), g(*GRID), strict=True):
        np.testing.assert_array_equal(bits(mine), bits(other))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_numpy_gives_the_same_to_a_few_units(name):
    f, g = (compile(EXPRESSIONS[name], [x, y], backend=b) for b in ("numba", "numpy"))
    a, b = f(*GRID), g(*GRID)
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    with np.errstate(all="ignore"):
        close = (a == b) | (np.abs(a - b) <= 2e-14 * np.abs(a) + 1e-307)
    assert (close | np.isnan(a)).all(), np.array(GRID)[:, ~(close | np.isnan(a))]


def test_marked_elements_change_nothing_for_others():
    f = compile(EXPRESSIONS["sines"], [x, y], backend="numba")
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-4, 4, (2, 10_000))
    plain = f(a, b)
    marked = rng.choice(10_000, 300, replace=False)
    a[marked] = 10.0 ** rng.uniform(5, 300, 300)
    mixed = f(a, b)
    keep = np.ones(10_000, bool)
    keep[marked] = False
    np.testing.assert_array_equal(mixed[keep], plain[keep])
    np.testing.assert_array_equal(mixed[marked], [f(a[k], b[k]) for k in marked])
    everything = f(np.full(5000, 1e18), np.full(5000, 1e19))
    assert len(set(everything)) == 1


def test_out_may_be_an_input_when_elements_are_done_again():
    f = compile(sp.sin(x) * sp.exp(y / 100) + x, [x, y], backend="numba")
    a = np.linspace(-1, 1, 5000)
    a[::7] = 1e17
    b = np.linspace(0, 5, 5000)
    expected = f(a, b)
    for workers in (1, 2):
        for fresh in (True, False):  # the first marked element of a new function, and later ones
            g = compile(sp.sin(x) * sp.exp(y / 100) + x, [x, y], backend="numba") if fresh else f
            c = a.copy()
            assert g(c, b, out=c, workers=workers) is c
            np.testing.assert_array_equal(c, expected)
    g = compile([sp.sin(x), sp.cos(x) * y], [x, y], backend="numba")
    expected = g(a, b)
    c, d = a.copy(), b.copy()
    g(c, d, out=(d, c))
    np.testing.assert_array_equal([d, c], expected)


def test_many_threads_meet_marked_elements_at_once():
    f = compile(sp.sin(x) + sp.exp(-x) * sp.cos(x**2), [x], backend="numba")
    a = np.linspace(0, 3, 4000)
    a[5::100] = 1e30
    results = [None] * 8
    start = threading.Barrier(8)

    def run(k):
        start.wait()
        results[k] = f(a)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expected = f(a)
    for result in results:
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_allclose(expected[5], float(mpmath.sin(1e30)), rtol=1e-15)


def test_numbers_of_threads_do_not_change_bits():
    f = compile(EXPRESSIONS["powers"], [x, y], backend="numba")
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0.1, 30, (2, 300_001))
    a[::1000] = 1e-310
    np.testing.assert_array_equal(f(a, b, workers=1), f(a, b, workers=2))


# ---- routines by regions --------------------------------------------------------------------------------------------


def test_routines_nested_in_routines(target):
    expr = symbolic.LogBesselK(1, 3 + symbolic.LogBesselI(2, x) ** 2) * symbolic.BesselIRatio(y, x) + sp.log(x * y)
    f = compile(expr, [x, y], backend=target.backend)
    a, b = np.array([0.5, 3.0, 80.0, 1e3, 700.0]), np.array([0.0 + 0.5, 2.0, 40.0, 7.0, 0.25])
    found = target.numpy(f(target.array(a), target.array(b)))

    def truth(s, t):
        inner = 3 + mpmath.log(mpmath.besseli(2, s)) ** 2
        ratio = mpmath.besseli(t + 1, s) / mpmath.besseli(t, s)
        return mpmath.log(mpmath.besselk(1, inner)) * ratio + mpmath.log(s * t)

    with mpmath.workdps(40):
        expected = [float(truth(mpmath.mpf(s), mpmath.mpf(t))) for s, t in zip(a, b, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12 if target.compiled else 1e-11)


def test_routines_and_marked_elements_together():
    f = compile(sp.sin(symbolic.LogBesselI(1, x) * y), [x, y], backend="numba")
    a = np.linspace(1, 50, 3000)
    b = np.where(np.arange(3000) % 11 == 0, 1e15, 1.0)
    inner = compile(symbolic.LogBesselI(1, x), [x], backend="numba")(a)
    np.testing.assert_array_equal(f(a, b), compile(sp.sin(x), [x], backend="numba")(inner * b))


def test_routines_with_hundreds_of_arguments():  # the columns do not fit on a stack
    s = sp.symbols("s0:400")
    f = compile(symbolic.LogBesselI(1, s[0]) + sum(s) + sp.sin(s[5]), [s], backend="numba")
    points = np.random.default_rng(0).uniform(1, 2, (3000, 400))
    points[7, 5] = 1e9
    expected = mathlib.special.log_iv(1.0, points[:, 0]) + points.sum(-1) + np.sin(points[:, 5])
    np.testing.assert_allclose(f(points), expected, rtol=1e-13)


# ---- arrays ---------------------------------------------------------------------------------------------------------

SUM = sp.exp(x) + y / 3


def reference(a, b):
    return np.exp(np.asarray(a, float)) + np.asarray(b, float) / 3


@pytest.mark.parametrize(
    "shapes", [((), ()), ((5,), ()), ((4, 1), (1, 6)), ((0, 3), (3,)), ((2, 1, 3), (4, 1)), ((1,), (1,))]
)
def test_shapes_broadcast(shapes, target):
    f = compile(SUM, [x, y], backend=target.backend)
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(-1, 1, s) for s in shapes)
    found = target.numpy(f(target.array(a), target.array(b)))
    assert found.shape == np.broadcast_shapes(*shapes)
    np.testing.assert_allclose(found, reference(a, b), rtol=4e-16)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_numbers_give_numbers(backend):
    value = compile(SUM, [x, y], backend=backend)(1.0, 2)
    assert isinstance(value, np.float64)
    assert value == pytest.approx(np.e + 2 / 3, rel=1e-15)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_strides_order_bytes_and_read_only(backend):
    f = compile(SUM, [x, y], backend=backend)
    a = np.random.default_rng(0).uniform(-1, 1, (60, 70))
    a.flags.writeable = False
    for view in (a[::3, ::-2], a.T, np.asfortranarray(a), a.astype(">f8"), np.broadcast_to(a[0], (5, 70)), a[:0]):
        np.testing.assert_allclose(f(view, view), reference(view, view), rtol=1e-14)


def test_float32_integers_and_booleans(target):
    f = compile(SUM, [x, y], backend=target.backend)
    narrow = np.linspace(-1, 1, 9).astype(np.float32)
    found = f(target.array(narrow), target.array(narrow))
    assert "float32" in str(found.dtype)
    np.testing.assert_array_equal(target.numpy(found), reference(narrow, narrow).astype(np.float32))
    for whole in (np.arange(4), np.array([True, False])):
        found = f(target.array(whole), target.array(whole.astype(float)))
        assert "float64" in str(found.dtype)
        np.testing.assert_allclose(target.numpy(found), reference(whole, whole), rtol=4e-16)


@pytest.mark.parametrize("kind", ["one", "matrix", "many"])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_python_number_does_not_widen_float32(kind, backend):
    s = sp.symbols("s0:40")
    expr, args = {"one": (SUM, [x, y]), "matrix": (sp.Matrix([SUM, x]), [x, y]), "many": (sum(s), s)}[kind]
    f = compile(expr, args, backend=backend)
    arrays = [np.ones(3, np.float32)] + [2.0] * (len(args) - 1)
    assert f(*arrays).dtype == np.float32
    assert f(arrays[0].astype(float), *arrays[1:]).dtype == np.float64


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    "bad", [np.ma.array([1.0], mask=[True]), np.array([1j]), np.array(["a"]), np.array([None]), np.longdouble([1])]
)
def test_arrays_that_are_refused(bad, backend):
    for f in (compile(SUM, [x, y], backend=backend), compile(sp.Matrix([SUM]), [x, y], backend=backend)):
        with pytest.raises(TypeError, match=r"masked|dtype"):
            f(bad, 1.0)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_out(backend):
    f = compile(SUM, [x, y], backend=backend)
    a = np.linspace(-1, 1, 12).reshape(3, 4)
    expected = f(a, 2.0)
    out = np.empty((3, 8))[:, ::2]
    assert f(a, 2.0, out=out) is out
    np.testing.assert_array_equal(out, expected)
    narrow = np.empty((3, 4), np.float32)
    f(a, 2.0, out=narrow)
    np.testing.assert_array_equal(narrow, expected.astype(np.float32))
    shifted = np.linspace(-1, 1, 13)
    before = f(shifted[:-1], 0.5)
    f(shifted[:-1], 0.5, out=shifted[1:])
    np.testing.assert_array_equal(shifted[1:], before)
    with pytest.raises(ValueError, match="shape"):
        f(a, 2.0, out=np.empty(3))
    with pytest.raises(TypeError, match="dtype"):
        f(a, 2.0, out=np.empty((3, 4), int))
    with pytest.raises(TypeError, match="NumPy"):
        f(a, 2.0, out=[1.0])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_out_of_tuples_and_matrices(backend):
    a = np.linspace(0.1, 1, 5)
    f = compile([sp.exp(x), x**2], [x], backend=backend)
    outs = np.empty(5), np.empty(5)
    assert f(a, out=outs)[0] is outs[0]
    np.testing.assert_array_equal(outs, f(a))
    with pytest.raises(ValueError, match="tuple of 2"):
        f(a, out=np.empty(5))
    g = compile(sp.Matrix([[x, 1], [x**2, 2 * x]]), [x], backend=backend)
    out = np.empty((5, 2, 2))
    assert g(a, out=out) is out
    np.testing.assert_array_equal(out, g(a))
    with pytest.raises(ValueError, match="shape"):
        g(a, out=np.empty((5, 2)))


def test_results_of_every_form(target):
    a = target.array([0.5, 2.0])

    def values(expr, *args, **kind):
        return target.numpy(compile(expr, list(args), backend=target.backend, **kind)(*[a] * len(args)))

    first, second = values([x + y, sp.Integer(7)], x, y)
    np.testing.assert_array_equal(first, [1.0, 4.0])
    np.testing.assert_array_equal(second, [7.0, 7.0])
    (only,) = values([x + y], x, y)
    np.testing.assert_array_equal(only, [1.0, 4.0])
    np.testing.assert_array_equal(values(sp.Matrix([[x, 2], [3, x * x]]), x), [[[0.5, 2], [3, 0.25]], [[2, 2], [3, 4]]])
    np.testing.assert_array_equal(values(sp.Integer(3), x), [3.0, 3.0])
    np.testing.assert_array_equal(values(x, x), [0.5, 2.0])
    np.testing.assert_array_equal(values(x < 1, x), [1.0, 0.0])
    np.testing.assert_array_equal(values(x + 2 * y, x, y, derivatives="gradient"), [[1, 2], [1, 2]])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("kind", ["value", "matrix", "gradient", "tuple"])
def test_no_points_of_a_vector_argument(kind, backend):
    s = sp.symbols("s0:3")
    expr = {"matrix": sp.Matrix([[s[0], 1]]), "tuple": [s[1], s[2]]}.get(kind, s[0] * s[1])
    f = compile(expr, [s], backend=backend, derivatives="gradient" if kind == "gradient" else None)
    shapes = {"value": (0, 5), "matrix": (0, 5, 1, 2), "gradient": (0, 5, 3), "tuple": (2, 0, 5)}
    assert np.shape(f(np.empty((0, 5, 3)))) == shapes[kind]


def test_vector_arguments(target):
    s = sp.symbols("s0:3")
    f = compile(s[0] * s[1] + s[2] / y, [s, y], backend=target.backend)
    points = np.arange(12.0).reshape(4, 3)
    found = target.numpy(f(target.array(points), target.array(2.0)))
    np.testing.assert_allclose(found, points[:, 0] * points[:, 1] + points[:, 2] / 2, rtol=1e-15)
    with pytest.raises(ValueError, match="last axis must have length 3"):
        f(target.array(np.ones((4, 2))), target.array(2.0))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_more_operands_than_numpy_allows(backend):
    s = sp.symbols("s0:50")
    f = compile([sum(s), sp.sin(s[0]) * s[49]], s, backend=backend)
    arrays = [np.full((3, 1), k / 7) for k in range(49)] + [np.array([1.0, -2.0])]
    arrays[0][1] = 1e12
    total, product = f(*arrays)
    np.testing.assert_allclose(total, sum(np.broadcast_to(a, (3, 2)) for a in arrays), rtol=1e-14)
    np.testing.assert_allclose(product, np.sin(arrays[0]) * arrays[49], rtol=1e-14)
    assert f(*[1.0] * 50)[0] == 50.0
    out = np.empty((3, 2)), np.empty((3, 2), np.float32)
    f(*arrays, out=out)
    np.testing.assert_array_equal(out[0], total)
    assert f(*[np.ones(0)] * 50)[0].shape == (0,)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_constants_need_no_arguments(backend):
    f = compile(sp.sqrt(2) * sp.pi, [], backend=backend)
    assert f() == float(sp.N(sp.sqrt(2) * sp.pi, 30))
    assert f.n_ops == 0 or isinstance(f.source, str)
    assert f.njit() == f()
    assert compile(2.5, backend=backend)() == 2.5


def test_no_temporaries():
    f = compile(SUM * sp.sin(x * y) + sp.log(y) ** 2, [x, y], backend="numba")
    a, out = np.linspace(1, 2, 1_000_000), np.empty(1_000_000)
    f(a, a, out=out)
    tracemalloc.start()
    f(a, a, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


# ---- what a function says about itself ------------------------------------------------------------------------------


def test_attributes():
    f = compile(sp.sin(x) ** 2 + sp.sin(x), [x], backend="numba")
    assert f.args == ("x",)
    assert f.n_ops == 3
    assert f.backend == "numba"
    assert "def fast(x0)" in f.source
    assert "sin_near" in f.source
    assert "numpy.sin" in compile(sp.sin(x), [x], backend="numpy").source
    assert "MATHLIB_FUNCTION" in compile(sp.sin(x), [x], backend="cupy").source
    assert repr(f) == "<CompiledFunction (x), 3 operations, numba>"
    assert compile(x + y * z).args == ("x", "y", "z")
    assert compile(x, {y: 0, x: 1}).args == ("y", "x")
    assert compile(x, x).args == ("x",)


def test_the_cuda_text_of_a_routine_expression_runs():
    f = compile(symbolic.LogBesselI(y, x) + sp.sin(x), [x, y], backend="cupy")
    assert f.backend == "cupy"
    region, regions = f._routine._gpu_kernels()
    g = by_gcc(SimpleNamespace(region=region, regions=regions, n_in=2, n_out=1, name="expression"))
    a, b = np.array([0.5, 10.0, 300.0]), np.array([1.0, 2.5, 100.0])
    np.testing.assert_allclose(g(a, b)[0], mathlib.special.log_iv(b, a) + np.sin(a), rtol=1e-15)


def test_njit_inside_a_loop_of_numba():
    numba = pytest.importorskip("numba", reason="numba is not installed")
    f = compile(sp.exp(-x) * sp.sin(y) + symbolic.LogBesselI(1, x), [x, y], backend="numba")
    point = f.njit

    @numba.njit
    def total(a, b):
        s = 0.0
        for k in range(a.size):
            s += point(a[k], b[k])
        return s

    a, b = np.linspace(0.5, 3, 50), np.linspace(-1e9, 1e9, 50)
    expected = 0.0
    for value in f(a, b):
        expected += value
    assert total(a, b) == pytest.approx(expected, rel=1e-13)
    assert point(1.0, 1e6) == f(1.0, 1e6)
    with pytest.raises(TypeError, match="one result"):
        _ = compile([x, y], [x, y]).njit


def test_names_that_would_be_code_or_clash():
    names = [
        "lambda",
        "x0",
        "t1",
        "import os",
        "ok",
        "where",
        "sin",
        "\N{GREEK SMALL LETTER ALPHA}",
        "x y",
        "__class__",
    ]
    s = [sp.Symbol(n) for n in names]
    same = [sp.Symbol("a", real=True), sp.Symbol("a", positive=True)]
    for backend in ("numpy", "numba"):
        f = compile(sp.sin(sum(s)) + same[0] - 2 * same[1], [*s, *same], backend=backend)
        assert f(*[0.1] * len(s), 3.0, 1.0) == pytest.approx(np.sin(1.0) + 1.0, rel=1e-14)
        assert "import os" not in f.source


def test_symbols_of_one_name_keep_their_assumptions():
    positive, free = sp.Symbol("x", positive=True), sp.Symbol("x")
    expr = sp.sqrt(free**2 + 1) - free + positive  # on the right of zero another form is needed than on the left
    for args in ([positive, free], [free, positive]):
        f = compile(expr, args, stabilize=True)
        for value in (-1e9, 1e9):
            values = {positive: 1e-12, free: value}
            truth = sp.N(expr.subs({s: sp.Rational(v) for s, v in values.items()}), 30)
            assert f(*(values[s] for s in args)) == pytest.approx(float(truth), rel=1e-14)
    found = symbolic.stabilize(sp.sqrt(free**2 + 1) - free)
    assert compile(found, [free, positive])(1e9, 2.0) == pytest.approx(5e-10, rel=1e-14)


# ---- large and persistent -------------------------------------------------------------------------------------------


def test_a_graph_of_five_thousand_operations():
    graph = Graph()
    i, j = graph.variable("x"), graph.variable("y")
    rng = np.random.default_rng(5)
    for k in range(1250):
        i, j = j, graph.read(f"(if (< (* {k} a) 1) (sin (+ (* a 0.5) b)) (/ b {k + 2}))", {"a": i, "b": j})
    arguments = read_arguments([x, y], [x, y])
    f, g = (CompiledFunction(graph, [j, i], arguments, "several", b) for b in ("numba", "numpy"))
    assert f.n_ops > 5000
    a, b = rng.uniform(-2, 2, (2, 100))
    a[3] = 1e20
    for mine, other in zip(f(a, b), g(a, b), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)


def test_a_sum_of_thousands_of_sines():  # one test of the range for each of them
    graph = Graph()
    root = graph.variable("x")
    for k in range(3000):
        root = graph.read(f"(sin (+ a {k}))", {"a": root})
    f, g = (CompiledFunction(graph, [root], read_arguments([x], [x]), "one", b) for b in ("numba", "numpy"))
    a = np.linspace(-3, 3, 40)
    np.testing.assert_allclose(f(a), g(a), rtol=1e-9)


def test_a_second_process_finds_the_machine_code(tmp_path):
    program = (
        "import numpy as np, sympy as sp, sys\n"
        "from mathlib.symbolic.compiling.compile import compile\n"
        "from mathlib._lib import on_llvm\n"
        "made = []\n"
        "original = on_llvm._machine_code\n"
        "on_llvm._machine_code = lambda *a: (made.append(1), original(*a))[1]\n"
        "x, y = sp.symbols('x y')\n"
        "f = compile(sp.sin(x) * sp.exp(y), [x, y], backend='numba')\n"
        "print(f(np.array([1.0, 1e20]), 2.0).tolist(), len(made))\n"
    )
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    environment = {**os.environ, "MATHLIB_CACHE_DIR": str(folder)}
    lines = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        ).stdout.rsplit(" ", 1)
        for _ in range(2)
    ]
    assert lines[0][0] == lines[1][0]
    assert int(lines[0][1]) == 2  # the fast text, then both
    assert int(lines[1][1]) == 0
    assert list(folder.iterdir())


# ---- bad input ------------------------------------------------------------------------------------------------------


def test_free_symbols_must_be_arguments():
    with pytest.raises(ValueError, match=r"lacks the free symbols y, z"):
        compile(x + y * z, [x])
    with pytest.raises(ValueError, match=r"x with other assumptions"):
        compile(sp.Symbol("x", positive=True), [x])
    with pytest.raises(ValueError, match=r"x more than once"):
        compile(x + y, [x, y, x])
    with pytest.raises(ValueError, match=r"x more than once"):
        compile(x + y, [(x, y), x])


@pytest.mark.parametrize("thing", ["sin(x)", None, object(), True, 1j, b"x", {"x": 1}, sp.Interval(0, 1)])
def test_what_is_no_expression(thing):
    with pytest.raises(TypeError):
        compile(thing, [x])


@pytest.mark.parametrize("args", ["x", [x, "y"], [1.0], [[x, 2]], [x + 1]])
def test_what_is_no_argument(args):
    with pytest.raises(TypeError, match="args"):
        compile(x, args)


def test_other_bad_input():
    with pytest.raises(ValueError, match="empty"):
        compile([], [x])
    with pytest.raises(ValueError, match="backend is 'fortran'"):
        compile(x, [x], backend="fortran")
    with pytest.raises(ValueError, match="derivatives is 'all'"):
        compile(x, [x], derivatives="all")
    with pytest.raises(ValueError, match="operation"):
        compile(sp.Function("f")(x), [x])
    with pytest.raises(UnsupportedFunctionError, match=r"besseli.*'numba'.*numpy") as caught:
        compile(sp.besseli(1, x), [x], backend="numba")
    assert (caught.value.name, caught.value.backend) == ("besseli", "numba")
    assert compile(sp.besseli(1, x), [x], backend="numpy")(2.0) == pytest.approx(1.5906368546373288, rel=1e-14)
    f = compile(x + y, [x, y])
    with pytest.raises(TypeError, match="takes 2 arrays and 1 were given"):
        f(1.0)
    with pytest.raises(ValueError, match="broadcast"):
        f(np.ones(2), np.ones(3))


def test_arrays_and_backends_that_do_not_fit():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    a = strict.asarray([1.0])
    with pytest.raises(TypeError, match="array_api_strict"):
        compile(x, [x], backend="numba")(a)
    with pytest.raises(TypeError, match="mixed"):
        compile(x + y, [x, y])(a, np.ones(1))
    with pytest.raises(TypeError, match="CuPy"):
        compile(x, [x], backend="cupy")(np.ones(1))
    with pytest.raises(TypeError, match="drop it"):
        compile(x, [x])(a, out=np.ones(1))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_no_global_state_changes_and_nothing_warns(backend):
    from flint import ctx

    with np.errstate(all="raise"):
        before = np.geterr(), ctx.prec, mpmath.mp.prec, mathlib.current_backend()
        f = compile(sp.log(x) / y + sp.exp(x) + symbolic.LogBesselI(1, sp.Abs(x)), [x, y], backend=backend)
        f(np.array([-1.0, 0.0, 1e308, 1.0, nan, inf]), np.array([0.0, 1.0, 0.0, 1e-310, 1.0, inf]))
        f.grad()(np.array([-1.0, 0.0, 1e308]), 0.0)
        assert (np.geterr(), ctx.prec, mpmath.mp.prec, mathlib.current_backend()) == before


def test_inputs_are_not_modified():
    f = compile([sp.sin(x), w * x], [w, x], backend="numba")
    a = np.array([1.0, 1e30, 3.0])
    before = a.copy()
    f(a, a)
    np.testing.assert_array_equal(a, before)
