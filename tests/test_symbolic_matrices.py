"""Expressions in matrix symbols against NumPy; what is called for them."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy import Determinant, HadamardProduct, Identity, MatrixSymbol, Trace, log
from sympy.matrices.expressions.matexpr import MatrixElement

from mathlib.symbolic.compiling.compile import compile
from mathlib.symbolic.expressions.ops import UnsupportedFunctionError

A, B, C = (MatrixSymbol(name, 4, 4) for name in "ABC")
b = MatrixSymbol("b", 4, 1)
W = MatrixSymbol("W", 4, 3)
x, y = sp.symbols("x y", positive=True)

rng = np.random.default_rng(0)
VALUES = {s: rng.normal(size=(3, *s.shape)) + (3 * np.eye(4) if s.shape == (4, 4) else 0) for s in (A, B, C, b, W)}
VALUES |= {x: np.array([0.5, 1.5, 2.5]), y: np.array([2.0, 1.0, 0.25])}
inv, det, mT = np.linalg.inv, np.linalg.det, np.matrix_transpose
a_, b_, c_, v_, w_, x_, y_ = (VALUES[s] for s in (A, B, C, b, W, x, y))

CASES = [
    (A + B - C, a_ + b_ - c_),
    (A * B * C, a_ @ b_ @ c_),
    (A.T * b, mT(a_) @ v_),
    (A**3, a_ @ a_ @ a_),
    (A**-2, inv(a_) @ inv(a_)),
    (A.I, inv(a_)),
    (A.I * b, inv(a_) @ v_),
    (b.T * A.I, mT(v_) @ inv(a_)),
    (b.T * A.I * b, mT(v_) @ inv(a_) @ v_),
    ((A * B).I * W, inv(a_ @ b_) @ w_),
    (2 * A - sp.Rational(1, 3) * B, 2 * a_ - b_ / 3),
    (x * sp.sin(y) * A * b, (x_ * np.sin(y_))[:, None, None] * (a_ @ v_)),
    (A + x * Identity(4), a_ + x_[:, None, None] * np.eye(4)),
    (HadamardProduct(A, B), a_ * b_),
    (A.applyfunc(sp.Lambda(x, sp.exp(-x) * x)), np.exp(-a_) * a_),
    (Trace(A * B), np.trace(a_ @ b_, axis1=-2, axis2=-1)),
    (Determinant(A) * x, det(a_) * x_),
    (
        sp.exp(-Trace(A) / 10) * x + y / Determinant(B),
        np.exp(-np.trace(a_, axis1=-2, axis2=-1) / 10) * x_ + y_ / det(b_),
    ),
    (A[1, 2] * A[0, 0] + x, a_[:, 1, 2] * a_[:, 0, 0] + x_),
    (MatrixElement(A * B, 1, 2), (a_ @ b_)[:, 1, 2]),
    (Trace(A) * B, np.trace(a_, axis1=-2, axis2=-1)[:, None, None] * b_),
]


def arguments(expr):
    symbols = [s for s in (A, B, C, b, W, x, y) if expr.has(s) and not expr.has(sp.Lambda)]
    symbols = symbols or [A]  # the symbol of a lambda is bound
    return symbols, [VALUES[s] for s in symbols]


@pytest.mark.parametrize(("expr", "expected"), CASES, ids=[str(e) for e, _ in CASES])
def test_against_numpy(expr, expected, target):
    if target.name == "numba":
        return  # machine code is not for matrices; see below
    symbols, values = arguments(expr)
    f = compile(expr, symbols, backend=target.backend)
    found = target.numpy(f(*map(target.array, values)))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13 * np.abs(expected).max())
    if all(s in (A, B, C, b, W) for s in symbols):
        one = target.numpy(f(*(target.array(v[0]) for v in values)))
        np.testing.assert_allclose(one, expected[0], rtol=1e-12, atol=1e-13 * np.abs(expected).max())


def test_the_logarithm_of_a_determinant_that_is_no_float():
    big = MatrixSymbol("M", 500, 500)
    q, _ = np.linalg.qr(rng.normal(size=(500, 500)))
    matrix = (q * np.full(500, 1e-4)) @ np.linalg.qr(rng.normal(size=(500, 500)))[0]
    f = compile(log(Determinant(big)))
    matrix[:, 0] *= np.sign(np.linalg.slogdet(matrix)[0])
    expected = float(mpmath.log(mpmath.mpf("1e-2000")))
    assert np.linalg.det(matrix) == 0.0
    assert float(f(matrix)) == pytest.approx(expected, rel=1e-13)
    matrix[:, 0] *= -1
    assert np.isnan(f(matrix))
    assert f(np.zeros((500, 500))) == -np.inf
    g = compile(log(Determinant(big)) / 2 + x, [big, x])
    matrix[:, 0] *= -1
    assert float(g(matrix, 1.0)) == pytest.approx(expected / 2 + 1, rel=1e-13)


def test_what_is_called():
    assert "inv" not in compile(A.I * b).source
    assert "linalg.solve" in compile(A.I * b).source
    assert "slogdet" in compile(log(Determinant(A))).source
    assert "det(" not in compile(log(Determinant(A))).source.replace("slogdet(", "")
    assert compile(A * B * A * B).source.count("matmul") == 3
    assert compile(A.T * A + A.T * B).source.count("matrix_transpose") == 1  # once for both
    assert "# f0" in compile(sp.sin(x) * Trace(A)).source
    assert "matrices" not in repr(compile(A * B))


@pytest.mark.parametrize("n", [4, sp.Symbol("n", integer=True)])
def test_products_are_done_in_the_cheapest_order(n):
    p, q, v = MatrixSymbol("P", n, n), MatrixSymbol("Q", n, n), MatrixSymbol("v", n, 1)
    lines = [line.strip() for line in compile(p * q * v, [p, q, v]).source.splitlines() if "matmul" in line]
    assert lines == ["t0 = xp.matmul(x1, x2)", "t1 = xp.matmul(x0, t0)"]
    lines = [line.strip() for line in compile(v.T * p * q, [p, q, v]).source.splitlines() if "matmul" in line]
    assert lines == ["t1 = xp.matmul(t0, x0)", "t2 = xp.matmul(t1, x1)"]
    lines = [line.strip() for line in compile(p.I * q * v, [p, q, v]).source.splitlines() if "= xp" in line]
    assert lines == ["t0 = xp.matmul(x1, x2)", "t1 = xp.linalg.solve(x0, t0)"]


def test_sizes_that_are_symbols():
    n = sp.Symbol("n", integer=True, positive=True)
    m = MatrixSymbol("M", n, n)
    f = compile((m + Identity(n)).I)
    for size in (2, 5):
        value = rng.uniform(0, 0.1, (size, size))
        np.testing.assert_allclose(f(value), inv(value + np.eye(size)), rtol=1e-13)


def test_lists_integers_and_float32():
    f = compile(A * b)
    np.testing.assert_array_equal(f(np.eye(4, dtype=int).tolist(), [[1], [2], [3], [4]]), [[1.0], [2], [3], [4]])
    assert f(np.eye(4, dtype=np.float32), np.ones((4, 1), np.float32)).dtype == np.float32
    assert f.args == ("A", "b")


def test_what_is_refused():
    f = compile(A * b)
    with pytest.raises(ValueError, match=r"argument A has shape \(4, 3\)"):
        f(np.ones((4, 3)), np.ones((4, 1)))
    with pytest.raises(ValueError, match="argument b has shape"):
        f(np.ones((4, 4)), np.ones(4))
    with pytest.raises(TypeError, match="takes 2 arrays"):
        f(np.ones((4, 4)))
    with pytest.raises(TypeError, match="real numbers"):
        f(np.ones((4, 4)) * 1j, np.ones((4, 1)))
    with pytest.raises(ValueError, match="lacks b"):
        compile(A * b, [A])
    with pytest.raises(ValueError, match="twice"):
        compile(A * b, [A, b, A])
    with pytest.raises(TypeError, match="matrix symbols"):
        compile(A * b, [A, "b"])
    with pytest.raises(UnsupportedFunctionError, match=r"numba.*numpy"):
        compile(A * b, backend="numba")
    with pytest.raises(ValueError, match="as_explicit"):
        compile(Trace(A), derivatives="gradient")
    with pytest.raises(ValueError, match="whole powers"):
        compile(A**x, [A, x])
    with pytest.raises(ValueError, match="no array call for BlockMatrix"):
        compile(sp.BlockMatrix([[A, B]]) * MatrixSymbol("u", 8, 1))
    with pytest.raises(ValueError, match="operation"):
        compile(sp.Function("g")(Trace(A)))
    with pytest.raises(TypeError, match="CuPy"):
        compile(A * b, backend="cupy")(np.eye(4), np.ones((4, 1)))
