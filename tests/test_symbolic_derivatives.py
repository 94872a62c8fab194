"""Derivatives found on the graph, against those of mpmath with 50 digits, and their structure."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy.abc import x, y, z

from mathlib import symbolic
from mathlib.symbolic.compiling.compile import compile
from mathlib.symbolic.compiling.compiled_function import CompiledFunction
from mathlib.symbolic.expressions.arguments import read_arguments
from mathlib.symbolic.expressions.derivatives import gradient, simplified
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named
from mathlib.symbolic.expressions.truth import exact

SKIPPED = {"if", "and", "or", "not"}
SMOOTH = [op for op in OPS.values() if op.arity and op.name not in SKIPPED and any(op.derivative)]
AT = {"log1mexp": 0.7, "acosh": 1.7, "log_poch": 2.3, "sqdf": 1.9}  # the first operand; elsewhere 0.37
ORDER_DERIVATIVES = {"log_iv", "log_kv"}  # their derivatives by the order are tested with their routines


def derived(op, k):
    """The derivative of an operation by its operand number k, in a graph, and its variables."""
    graph = Graph()
    variables = [graph.variable(name) for name in "xyz"[: op.arity]]
    return graph, gradient(graph, graph.add(op.name, *variables), [variables[k]])[0]


def by_mpmath(op):
    if op.name in ("<", "<=", ">", ">=", "==", "!="):
        return lambda *a: mpmath.mpf(named(op.mpmath)(*a))
    return named(op.mpmath)


CASES = [
    (op, k)
    for op in SMOOTH
    for k in range(op.arity)
    if op.derivative[k] and not (op.name in ORDER_DERIVATIVES and k == 0)
]


@pytest.mark.parametrize(("op", "k"), CASES, ids=[f"{op.name}-{k}" for op, k in CASES])
def test_every_derivative_of_the_table(op, k):
    point = [AT.get(op.name, 0.37), 1.21, 0.0][: op.arity]
    graph, root = derived(op, k)
    values, bits = exact(graph, root, {name: np.array([p]) for name, p in zip("xyz", point, strict=False)})
    assert bits[0] > 0 or not graph.variables([root])

    def along(t):
        return by_mpmath(op)(*(t if n == k else mpmath.mpf(p) for n, p in enumerate(point)))

    with mpmath.workdps(50):
        expected = 0 if op.name in ("floor", "ceil", "sign") else mpmath.diff(along, mpmath.mpf(point[k]))
        assert float(expected) == pytest.approx(values[0], rel=1e-15, abs=1e-30)


EXPRESSIONS = [
    x * y / z + sp.sin(x * y) ** 3,
    sp.exp(-(x**2) / (2 * y**2)) / (y * sp.sqrt(2 * sp.pi)) * sp.log(z),
    x**y + y**x + sp.atan2(x, z),
    sp.sqrt(x + sp.sqrt(y + sp.sqrt(z))),
    symbolic.LogAddExp(x, y) * symbolic.LogBesselI(2, z) - symbolic.Hypot(x, y),
    sp.erfc(x - y) * sp.tanh(z) + sp.atan(x * z),
    sp.Piecewise((x * y, x < y), (sp.log(x), True)) * z + sp.Max(x, y, z) - sp.Abs(x - z),
]
POINT = {x: 0.83, y: 1.19, z: 2.4}


def evaluated(expr):
    """The expression as a function of mpmath numbers, by its own graph of mpmath calls: independent of derivatives."""
    return sp.lambdify((x, y, z), expr, modules=[_mpmath_names(), "mpmath"])


def _mpmath_names():
    return {
        "LogAddExp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
        "LogBesselI": lambda v, a: mpmath.log(mpmath.besseli(v, a)),
        "Hypot": mpmath.hypot,
    }


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_gradients_and_hessians_of_expressions(expr):
    function = evaluated(expr)
    symbols = (x, y, z)
    f = compile(expr, symbols)
    point = [POINT[s] for s in symbols]
    with mpmath.workdps(50):
        at = tuple(map(mpmath.mpf, point))
        unit = [tuple(int(k == n) for n in range(3)) for k in range(3)]
        first = [float(mpmath.diff(function, at, u)) for u in unit]
        second = [
            [float(mpmath.diff(function, at, tuple(map(sum, zip(u, v, strict=True))))) for u in unit] for v in unit
        ]
    np.testing.assert_allclose(f.grad()(*point), first, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(f.hess()(*point), second, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(f.hess()(*point), f.hess()(*point).T)
    np.testing.assert_array_equal(f.jac()(*point), [f.grad()(*point)])
    both = compile(expr, symbols, derivatives="value_and_grad")(*point)
    np.testing.assert_allclose(both, [f(*point), *f.grad()(*point)], rtol=1e-14)


def test_jacobians_of_several_results(target):
    f = compile([x * y, sp.sin(x), z], [x, y, z], backend=target.backend).jac()
    a, b, c = np.array([0.5, 2.0]), np.array([3.0, -1.0]), np.array([1.0, 1.0])
    found = target.numpy(f(*map(target.array, (a, b, c))))
    assert found.shape == (2, 3, 3)
    for k in range(2):
        np.testing.assert_allclose(found[k], [[b[k], a[k], 0], [np.cos(a[k]), 0, 0], [0, 0, 1]], rtol=1e-15)


def test_derivatives_by_the_components_of_a_vector():
    s = sp.symbols("s0:4")
    f = compile(s[0] * s[1] + s[2] ** 3, [s], derivatives="hessian")
    points = np.arange(8.0).reshape(2, 4)
    found = f(points)
    assert found.shape == (2, 4, 4)
    expected = np.zeros((2, 4, 4))
    expected[:, 0, 1] = expected[:, 1, 0] = 1
    expected[:, 2, 2] = 6 * points[:, 2]
    np.testing.assert_array_equal(found, expected)


# ---- pieces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_piece_that_is_not_taken_has_no_say(backend):
    root = sp.Piecewise((sp.sqrt(x), x > 0), (sp.log(-x), x < -1), (0, True))
    f = compile(root * y, [x, y], backend=backend)
    a = np.array([4.0, 0.0, -0.5, -2.0])
    np.testing.assert_array_equal(f.grad()(a, 3.0)[:, 0], [0.75, 0.0, 0.0, -1.5])
    second = f.hess()(a, 3.0)
    np.testing.assert_allclose(second[:, 0, 0], [-3 / 32, 0.0, 0.0, -0.75], rtol=1e-15)
    np.testing.assert_array_equal(second[:, 1, 1], 0.0)


def test_pieces_that_share_what_neither_may_use():
    root = sp.sqrt(x)
    f = compile(sp.Piecewise((root, x > 4), (2 * root**3, x > 1), (x**2, True)), [x])
    a = np.array([9.0, 2.25, 0.0, -3.0])
    np.testing.assert_allclose(f.grad()(a)[:, 0], [1 / 6, 4.5, 0.0, -6.0], rtol=1e-15)


def test_a_thousand_pieces_do_not_recur():
    pieces = [(sp.sin(k * x), x < k) for k in range(1000)]
    f = compile(sp.Piecewise(*pieces, (x, True)), [x], backend="numpy")
    a = np.array([0.5, 600.5, 2000.0])
    np.testing.assert_allclose(f.grad()(a)[:, 0], [np.cos(0.5), 601 * np.cos(601 * 600.5), 1.0], rtol=1e-12)


# ---- structure ------------------------------------------------------------------------------------------------------


def test_what_an_exact_zero_or_one_makes_nothing_is_left_out():
    graph = Graph()
    a, zero, one = graph.read("a"), graph.number(0), graph.number(1)
    assert simplified(graph, "*", a, one) == a
    assert simplified(graph, "*", zero, a) == zero
    assert simplified(graph, "+", a, zero) == a
    assert simplified(graph, "-", a, a) == zero
    assert simplified(graph, "neg", graph.add("neg", a)) == a
    assert graph.write(simplified(graph, "*", a, graph.number(-1))) == "(neg a)"
    assert graph.write(simplified(graph, "*", graph.read("(/ 1 b)"), a)) == "(/ a b)"
    assert simplified(graph, "if", a, zero, zero) == zero


def test_the_derivative_of_what_does_not_depend_is_zero():
    graph = Graph()
    root = graph.read("(+ (sin x) 3)")
    found = gradient(graph, root, [graph.variable("x"), graph.variable("y")])
    assert [graph.write(i) for i in found] == ["(cos x)", "0"]


def test_derivatives_share_what_they_have_in_common_with_the_function():
    f = compile(sp.exp(sp.sin(x) * y), [x, y], derivatives="value_and_grad")
    assert f.n_ops <= 7


@pytest.mark.parametrize("term", ["(sin (* a b))", "(sqrt (+ (* a a) (exp b)))", "(/ (log (+ 2 a)) (+ 1 (* b b)))"])
def test_the_gradient_of_a_long_chain_costs_at_most_five_times_its_value(term):
    graph = Graph()
    variables = [graph.variable(f"s{k}") for k in range(1000)]
    root = variables[0]
    for v in variables[1:]:
        root = graph.read(term, {"a": root, "b": v})
    value = sum(bool(graph.operands(i)) for i in graph.live([root]))
    both = sum(bool(graph.operands(i)) for i in graph.live([root, *gradient(graph, root, variables)]))
    assert both <= 5 * value


def test_a_chain_of_a_hundred_thousand_operations():
    graph = Graph()
    variable = root = graph.variable("x")
    for _ in range(100_000):
        root = graph.add("sin", root)
    (found,) = gradient(graph, root, [variable])
    assert len(graph.live([found])) < 400_000


def test_what_has_no_derivative_says_so():
    graph = Graph()
    v, a = graph.variable("v"), graph.variable("a")
    root = graph.add("besseli", v, a)
    with pytest.raises(ValueError, match="besseli has no derivative by its first operand"):
        gradient(graph, root, [v])
    assert gradient(graph, root, [a])  # that one it has
    with pytest.raises(ValueError, match="digamma"):
        compile(sp.digamma(x), [x], backend="numpy").grad()
    with pytest.raises(TypeError, match="jac"):
        compile([x, y], [x, y]).grad()
    with pytest.raises(TypeError, match="there are 2"):
        compile([x, y], [x, y]).hess()
    with pytest.raises(TypeError, match="jacobian"):
        compile([x, y], [x, y], derivatives="gradient")


# ---- sparse ---------------------------------------------------------------------------------------------------------


def test_a_sparse_jacobian_has_the_numbers_of_the_dense_one():
    s = sp.symbols("s0:30")
    rows = [s[k] * s[k + 1] + sp.sin(s[k + 2]) / (k + 1) for k in range(28)] + [sp.Integer(3), sum(s) * y]
    f = compile(rows, [s, y])
    sparse, dense = f.jac(sparse=True), f.jac()
    point = np.linspace(-1, 2, 30)
    found = sparse(point, 0.7)
    np.testing.assert_allclose(found.toarray(), dense(point, 0.7), rtol=1e-15)
    assert found.nnz == sparse.nnz == 28 * 3 + 31
    np.testing.assert_array_equal(found.indptr, sparse.indptr)
    np.testing.assert_array_equal(found.indices, sparse.indices)
    assert found.has_canonical_format
    again = sparse(point + 1, -2.0)
    np.testing.assert_allclose(again.toarray(), dense(point + 1, -2.0), rtol=1e-15)
    np.testing.assert_allclose(found.toarray(), dense(point, 0.7), rtol=1e-15)  # not overwritten


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_sparse_hessian_has_the_numbers_of_the_dense_one(backend):
    s = sp.symbols("s0:12")
    terms = [sp.Rational(k + 1, 3) * (s[k + 1] - s[k] ** 2) ** 2 + sp.cos(k * s[k]) for k in range(11)]
    f = compile(sum(terms) + sp.exp(s[0] * s[11]), [s], backend=backend)
    sparse = f.hess(sparse=True)
    point = np.linspace(-1, 2, 12)
    found = sparse(point)
    np.testing.assert_allclose(found.toarray(), f.hess()(point), rtol=1e-12, atol=1e-13)
    assert (found != found.T).nnz == 0
    assert sparse.nnz == 12 + 2 * 11 + 2
    assert "12 x 12" in repr(sparse)


def test_the_hessian_of_a_long_chain_has_few_forms():
    graph = Graph()
    names = [f"s{k}" for k in range(2000)]
    variables = [graph.variable(name) for name in names]
    root = graph.number(0)
    for k in range(1999):
        root = graph.read(
            f"(+ r (* {k + 1} (* (- b (* a a)) (- b (* a a)))))", {"r": root, "a": variables[k], "b": variables[k + 1]}
        )
    symbols = sp.symbols("s0:2000")
    f = CompiledFunction(graph, [root], read_arguments([symbols], symbols), "one", "numpy")
    sparse = f.hess(sparse=True)
    assert sparse.n_ops < 60
    assert sparse.nnz == 2000 + 2 * 1999
    point = np.linspace(-1, 1, 2000)
    found = sparse(point)
    weights = np.arange(1, 2000)
    diagonal = np.zeros(2000)
    diagonal[:-1] += weights * (12 * point[:-1] ** 2 - 4 * point[1:])
    diagonal[1:] += 2 * weights
    np.testing.assert_allclose(found.diagonal(), diagonal, rtol=1e-12)
    np.testing.assert_allclose(found.diagonal(1), -4 * weights * point[:-1], rtol=1e-14)


def test_sparse_matrices_of_nothing_and_of_long_entries():
    assert compile(x + y, [x, y]).hess(sparse=True)(1.0, 2.0).nnz == 0
    assert compile(sp.Integer(2), [x]).jac(sparse=True)(1.0).shape == (1, 1)
    long = x
    for _ in range(600):
        long = sp.sin(long + y, evaluate=False)
    f = compile([long, x], [x, y], backend="numpy")
    np.testing.assert_allclose(f.jac(sparse=True)(0.4, 1.0).toarray(), f.jac()(0.4, 1.0), rtol=1e-13)


def test_sparse_matrices_are_of_one_point():
    f = compile([x * y, x], [(x, y)]).jac(sparse=True)
    with pytest.raises(ValueError, match="vector of length 2"):
        f(np.ones((3, 2)))
    with pytest.raises(TypeError, match="takes 1"):
        f(1.0, 2.0)
    g = compile(x * y, [x, y])
    with pytest.raises(ValueError, match="must be a number"):
        g.hess(sparse=True)(np.ones(2), 1.0)
    with pytest.raises(TypeError, match="jacobian"):
        compile([x, y], [x, y]).hess(sparse=True)
