"""Tracing: what is recorded, evaluated in float64, against the function itself."""

import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from mathlib.symbolic.compiling.compile import compile as compiled_function
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.reading.trace import TracerBoolError, record, trace
from mathlib.symbolic.reading.tracer import Tracer

RNG = np.random.default_rng(20250301)


def replay(function, *arguments):
    """Record a function at the shapes of the arguments, and evaluate the record in float64 at their values."""
    recording = record(function, *[np.zeros(np.shape(a)) for a in arguments])
    values = {}
    for names, argument in zip(recording.names, arguments, strict=True):
        values |= dict(zip(names.ravel().tolist(), np.ravel(np.asarray(argument, float)).tolist(), strict=True))

    def numbers(nodes):
        if isinstance(nodes, tuple):
            return tuple(numbers(part) for part in nodes)
        roots = nodes.ravel().tolist()
        return np.array(evaluate(recording.graph, roots, values), float).reshape(nodes.shape)

    return numbers(recording.results)


def ulps(a, b) -> float:
    """Largest distance in units in the last place of the second."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    assert a.shape == b.shape
    assert np.array_equal(np.isnan(a), np.isnan(b))
    finite = np.isfinite(b)
    assert np.array_equal(a[~finite], b[~finite], equal_nan=True)
    return float(np.max(np.abs(a - b)[finite] / np.spacing(np.abs(b[finite])), initial=0.0))


# ---- ten functions as people write them -----------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def n_body(positions, masses):
    acceleration = np.zeros_like(positions)
    for i in range(len(masses)):
        for j in range(len(masses)):
            if i != j:
                r = positions[j] - positions[i]
                acceleration[i] += masses[j] * r / np.sum(r**2) ** 1.5
    return acceleration


def rnn_step(hidden, x, weights, recurrent, bias):
    return np.tanh(weights @ x + recurrent @ hidden + bias)


def heat_stencil(u, diffusivity):
    new = u.copy()
    new[1:-1] = u[1:-1] + diffusivity * (u[2:] - 2 * u[1:-1] + u[:-2])
    return new


def logistic_map(x, r):
    for _ in range(50):
        x = r * x * (1 - x)
    return x


def horner(coefficients, x):
    y = 0.0 * x
    for c in coefficients[::-1]:
        y = y * x + c
    return y


def cross_entropy(logits, target):
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_softmax = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return -np.mean(np.sum(target * log_softmax, axis=-1))


def kepler_step(eccentric, mean, e):
    f = eccentric - e * np.sin(eccentric) - mean
    f1, f2 = 1 - e * np.cos(eccentric), e * np.sin(eccentric)
    return eccentric - 2 * f * f1 / (2 * f1**2 - f * f2)


def lotka_volterra(state, dt):
    def rate(s):
        prey, predator = s
        return np.stack([1.1 * prey - 0.4 * prey * predator, 0.1 * prey * predator - 0.4 * predator])

    k1 = rate(state)
    k2 = rate(state + dt / 2 * k1)
    k3 = rate(state + dt / 2 * k2)
    k4 = rate(state + dt * k3)
    return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def black_scholes(spot, strike, rate, volatility, time):
    d1 = (np.log(spot / strike) + (rate + volatility**2 / 2) * time) / (volatility * np.sqrt(time))
    d2 = d1 - volatility * np.sqrt(time)

    def normal(z):
        return scipy.special.erfc(-z / np.sqrt(2)) / 2

    return spot * normal(d1) - strike * np.exp(-rate * time) * normal(d2)


TEN = [
    (rosenbrock, RNG.normal(size=20)),
    (n_body, RNG.normal(size=(4, 3)), RNG.uniform(1, 2, 4)),
    (rnn_step, *(RNG.normal(size=s) for s in [5, 7, (5, 7), (5, 5), 5])),
    (heat_stencil, RNG.normal(size=10_000), 0.1),
    (logistic_map, 0.3, 3.7),
    (horner, RNG.normal(size=12), 0.7),
    (cross_entropy, RNG.normal(size=(6, 10)), np.eye(6, 10)),
    (kepler_step, 1.3, 1.1, 0.4),
    (lotka_volterra, np.array([10.0, 5.0]), 0.05),
    (black_scholes, 100.0, 105.0, 0.02, 0.3, 0.75),
]


@pytest.mark.parametrize("case", TEN, ids=lambda case: case[0].__name__)
def test_ten_functions(case):
    function, *arguments = case
    copies = [np.array(a) for a in arguments]
    arguments = [a if np.ndim(a) else np.float64(a) for a in arguments]
    expected = function(*arguments)
    # products of matrices are summed by BLAS in an order of its own: compare those with exact sums
    tolerance = 8 if function is rnn_step else 2
    assert ulps(replay(function, *arguments), expected) <= tolerance
    assert all(np.array_equal(a, b) for a, b in zip(arguments, copies, strict=True))


def test_matrix_product_is_within_two_ulps_of_the_exact_sum():
    a, b = RNG.uniform(0.5, 2, (5, 12)), RNG.uniform(0.5, 2, (12, 3))
    exact = [[math.fsum(math.prod(pair) for pair in zip(row, column, strict=True)) for column in b.T] for row in a]
    assert ulps(replay(np.matmul, a, b), exact) <= 2


@pytest.mark.parametrize(
    "case", [c for c in TEN if c[0] not in (heat_stencil, n_body)], ids=lambda case: case[0].__name__
)
def test_expressions_compile_to_the_same_function(case):
    function, *arguments = case
    args, expr = trace(function, *arguments)
    compiled = compiled_function(expr, args, backend="numpy")
    expected = function(*[a if np.ndim(a) else np.float64(a) for a in arguments])
    found = compiled(*[np.ravel(a) if np.ndim(a) else a for a in arguments])
    np.testing.assert_allclose(np.reshape(found, np.shape(expected)), expected, rtol=1e-13)


def test_long_chains_do_not_reach_the_recursion_limit():
    def chain(x):
        for _ in range(50_000):
            x = np.sin(x) + 0.5
        return x

    recording = record(chain, 0.0)
    assert len(recording.graph.nodes) == 100_002
    x = np.float64(0.3)
    assert ulps(replay(chain, x), chain(x)) == 0
    assert sys.getrecursionlimit() < 100_000


# ---- functions of NumPy one by one ----------------------------------------------------------------------------------

X = np.array([0.5, -1.25, 2.0, 3.5, -0.75, 0.25])
POSITIVE = np.array([0.5, 1.25, 2.0, 3.5, 0.75, 0.25])
UNIT = np.array([0.5, -0.25, 0.9, -0.5, 0.75, 0.0])
M = np.arange(1.0, 13.0).reshape(3, 4) / 7
LONG = RNG.normal(size=1000)

EVERYWHERE = (
    np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.exp, np.exp2, np.expm1, np.negative,
    np.positive, np.absolute, np.fabs, np.sign, np.floor, np.ceil, np.trunc, np.square, np.cbrt, np.deg2rad, np.radians,
    np.rad2deg, np.degrees, np.conjugate,
)  # fmt: skip
ONE = [(function, X) for function in EVERYWHERE]
ONE += [(function, POSITIVE) for function in (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal)]
ONE += [(function, UNIT) for function in (np.arcsin, np.arccos, np.arctanh)] + [(np.arccosh, 1 + POSITIVE)]
TWO = (
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.fmax, np.fmin, np.arctan2, np.hypot,
    np.logaddexp, np.floor_divide, np.remainder, np.mod, np.float_power,
)  # fmt: skip


@pytest.mark.parametrize(("function", "x"), ONE)
def test_ufuncs_of_one_array(function, x):
    assert ulps(replay(function, x), function(x)) <= 2


@pytest.mark.parametrize("function", TWO)
def test_ufuncs_of_two_arrays(function):
    assert ulps(replay(function, POSITIVE, X), function(POSITIVE, X)) <= 2
    assert ulps(replay(lambda x: function(x, 1.5), POSITIVE), function(POSITIVE, 1.5)) <= 2
    assert ulps(replay(lambda x: function([2, 1, 3, 4, 5, 6], x), X), function([2, 1, 3, 4, 5, 6], X)) <= 2


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, -2, 0.5, 1.5, -0.5, 2.0, 7])
def test_powers(exponent):
    assert ulps(replay(lambda x: x**exponent, POSITIVE), POSITIVE**exponent) <= 2
    assert ulps(replay(lambda x: abs(exponent) ** x, POSITIVE), abs(exponent) ** POSITIVE) <= 2
    assert ulps(replay(np.power, POSITIVE, X), POSITIVE**X) <= 2


OPERATORS = {
    "arithmetic": lambda x: (2 - x) * (x + 1) / (3 + x) - -x + +x,
    "reflected": lambda x: 2 / (1 + abs(x)) ** 2 + 3 // (x + 10) + 7 % (x + 10),
    "comparisons as numbers": lambda x: (x > 0) * 2.0 + (x <= 0.5) + (x == 2.0) * x + (x != 2.0) - (x >= 1) * (x < 3),
    "logic": lambda x: np.where((x > 0) & (x < 3) | ~(x > -1), x, -x),
    "logic by functions": lambda x: np.where(
        np.logical_or(np.logical_and(x > 0, x < 3), np.logical_not(x > -1)), x, 0.0
    ),
    "truth of numbers": lambda x: np.where(x - 2.0, x, 9.0),
    "constant condition": lambda x: np.where([True, False] * 3, x, 1.0),
    "in place": lambda x: np.add(x, 1.0, out=np.zeros_like(x)),
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "isnan": lambda x: np.where(np.isnan(x), 1.0, x),
    "clip": lambda x: np.clip(x, -1, 1) + x.clip(0, 2) + np.clip(x, None, 1.5),
    "infinity": lambda x: np.minimum(x, np.inf) + np.maximum(x, -np.inf),
    "float32 constants": lambda x: x * np.float32(0.1) + np.int8(3),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name):
    assert ulps(replay(OPERATORS[name], X), OPERATORS[name](X)) <= 2


REDUCTIONS = {
    "sum": lambda m: np.sum(m), "sum 0": lambda m: np.sum(m, axis=0), "sum 1": lambda m: m.sum(axis=1),
    "sum both": lambda m: np.sum(m, axis=(0, 1)), "sum kept": lambda m: m - np.sum(m, axis=-1, keepdims=True),
    "prod": lambda m: np.prod(m, axis=1), "mean": lambda m: np.mean(m, axis=0), "mean all": lambda m: m.mean(),
    "var": lambda m: np.var(m, axis=1, ddof=1), "std": lambda m: np.std(m), "max": lambda m: np.max(m, axis=0),
    "min": lambda m: m.min(), "reduce": lambda m: np.add.reduce(m), "outer": lambda m: np.subtract.outer(m[0], m[1]),
    "cumsum": lambda m: np.cumsum(m), "cumsum 1": lambda m: np.cumsum(m, axis=1), "cumprod": lambda m: np.cumprod(m, 0),
    "accumulate": lambda m: np.maximum.accumulate(m, axis=1), "diff": lambda m: np.diff(m, n=2),
    "dot": lambda m: np.dot(m[0], m[1]), "dot 2": lambda m: np.dot(m, m.T), "dot number": lambda m: np.dot(m, 2.0),
    "inner": lambda m: np.inner(m, m), "outer product": lambda m: np.outer(m[0], m[1]), "vdot": lambda m: np.vdot(m, m),
    "norm": lambda m: np.linalg.norm(m[0]), "norm axis": lambda m: np.linalg.norm(m, axis=1),
    "cross": lambda m: np.cross(m[0, :3], m[1, :3]), "polyval": lambda m: np.polyval([1.0, -2.0, 0.5], m),
    "polyval 2": lambda m: np.polyval(m[0], 0.5 * m[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
def test_functions_that_compute(name):
    assert ulps(replay(REDUCTIONS[name], M), REDUCTIONS[name](M)) <= 4


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 15, 16, 100, 128, 129, 136, 300, 1000])
def test_sums_are_those_of_numpy_to_the_bit(n):
    assert replay(np.sum, LONG[:n]) == np.sum(LONG[:n])
    assert replay(np.mean, LONG[:n]) == np.mean(LONG[:n])


MOVES = {
    "reshape": lambda m: m.reshape(4, 3) + np.reshape(m, (4, 3)), "ravel": lambda m: m.ravel() - m.flatten(),
    "transpose": lambda m: m.T + m.transpose() + np.transpose(m), "index": lambda m: m[1, 2] + m[-1][0],
    "slice": lambda m: m[::2, 1:], "fancy": lambda m: m[[0, 2, 1], [1, 1, 3]],
    "mask": lambda m: m[:, [True, False] * 2], "newaxis": lambda m: m[:, None] - m[None],
    "ellipsis": lambda m: m[..., 0],
    "roll": lambda m: np.roll(m, 1, axis=1), "flip": lambda m: np.flip(m),
    "stack": lambda m: np.stack([m[0], m[1] * 2, np.arange(4.0)]),
    "concatenate": lambda m: np.concatenate([m[0], [1, 2], m[1]]), "hstack": lambda m: np.hstack([m, m]),
    "vstack": lambda m: np.vstack([m[0], np.ones(4)]), "column_stack": lambda m: np.column_stack([m[0], m[1]]),
    "append": lambda m: np.append(m, 1.0), "tile": lambda m: np.tile(m, 2),
    "repeat": lambda m: np.repeat(m, 2, axis=0),
    "split": lambda m: np.stack(np.split(m, 2, axis=1)), "broadcast": lambda m: np.broadcast_to(m[0], (2, 4)),
    "diagonal": lambda m: np.diagonal(m), "squeeze": lambda m: np.squeeze(m[:1]),
    "swapaxes": lambda m: m.swapaxes(0, 1),
    "moveaxis": lambda m: np.moveaxis(m, 0, 1), "expand": lambda m: np.expand_dims(m, 1),
    "take": lambda m: np.take(m, 3),
    "iteration": lambda m: sum(row[0] for row in m), "unpacking": lambda m: np.stack([*m[0]][::-1]),
    "zeros_like": lambda m: np.zeros_like(m) + np.ones_like(m), "full_like": lambda m: np.full_like(m, m[0, 0]),
    "item": lambda m: m[1:2, 1:2].item() * 2, "np.array of numbers": lambda m: np.array([m[0, 0], m[1, 1]]) * m[0, 0],
    "ufunc of np.array": lambda m: np.exp(np.array([m[0, 0], m[1, 1]])), "asarray": lambda m: np.asarray(m) * 2 + m,
    "list": lambda m: [m[0, 0], 2, m[0, 1]], "astype": lambda m: m.astype(float),
    "broadcast_arrays": lambda m: np.broadcast_arrays(m, m[0])[1], "shape": lambda m: m / np.size(m) / np.shape(m)[0],
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_functions_that_move(name):
    assert ulps(replay(MOVES[name], M), np.asarray(MOVES[name](M))) == 0


def test_views_write_through_and_numbers_do_not():
    def function(x, s):
        y = x.copy()
        view = y[1:]
        view += 10.0
        y[0] = 3 * x[1]
        total = s
        total += 1.0
        return np.append(y, [s, total])

    assert ulps(replay(function, X, 0.5), function(X, 0.5)) == 0


@pytest.mark.parametrize(("name", "arguments"), [
    ("erf", (X,)), ("erfc", (X,)), ("gammaln", (POSITIVE,)), ("gamma", (POSITIVE,)), ("psi", (POSITIVE,)),
    ("expit", (X,)), ("xlogy", (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 3.0]))), ("erfcx", (X,)),
    ("iv", (POSITIVE, POSITIVE)), ("kv", (POSITIVE, POSITIVE)), ("entr", (np.array([0.0, 0.5]),)),
    ("log1p", (POSITIVE,)), ("expm1", (X,)), ("exprel", (X,)),
])  # fmt: skip
def test_special_functions(name, arguments):
    function = getattr(scipy.special, name)
    np.testing.assert_allclose(replay(function, *arguments), function(*arguments), rtol=4e-15)


@settings(derandomize=True, max_examples=60)
@given(st.data())
def test_programs_of_random_operations(data):
    """Chains of ufuncs and moves on two vectors give what NumPy gives."""
    steps = data.draw(
        st.lists(st.sampled_from(["a+b", "a*b", "a-b", "max", "sin", "roll", "swap", "half", "where"]), max_size=12)
    )

    def program(a, b):
        for step in steps:
            a, b = {
                "a+b": lambda a, b: (a + b, b), "a*b": lambda a, b: (a * b, a), "a-b": lambda a, b: (a - b, a),
                "max": lambda a, b: (np.maximum(a, b), b), "sin": lambda a, b: (np.sin(a), b),
                "roll": lambda a, b: (np.roll(a, 1), b), "swap": lambda a, b: (b, a), "half": lambda a, b: (a / 2, b),
                "where": lambda a, b: (np.where(a < b, a, 2 * b), a),
            }[step](a, b)  # fmt: skip
        return a

    a, b = np.array([0.1, -2.0, 3.0]), np.array([1.5, 0.25, -0.5])
    assert ulps(replay(program, a, b), program(a, b)) == 0


# ---- the interface --------------------------------------------------------------------------------------------------


def test_symbols_and_shapes():
    args, expr = trace(lambda x, m, s: s * (m @ x), [1, 2], np.zeros((3, 2)), 1.0)
    x0, x1, s = sympy.symbols("x0 x1 s", real=True)
    assert args[0] == (x0, x1)
    assert args[1] == sympy.symbols("m0_0 m0_1 m1_0 m1_1 m2_0 m2_1", real=True)
    assert args[2] == s
    assert expr.shape == (3, 1)
    assert sympy.simplify(expr[0] - s * (args[1][0] * x0 + args[1][1] * x1)) == 0
    assert trace(lambda x: (x, (2 * x, [x, 1])), 1.0)[1][0] == sympy.Symbol("x", real=True)
    assert trace(lambda x: np.zeros((2, 3, 4)) + x, 1.0)[1].shape == (6, 4)
    assert trace(lambda: 3)[1] == 3


def test_names():
    assert trace(lambda x, y: x + y, 1, 2, names=["u", "v"])[0] == sympy.symbols("u v", real=True)
    assert trace(lambda *values: values[0], 1, 2)[0] == sympy.symbols("x0 x1", real=True)
    assert trace(np.exp, 1)[0] == (sympy.Symbol("x", real=True),)
    assert trace(lambda x, y=1.0: x * y, 2)[1].free_symbols == {sympy.Symbol("x", real=True)}


def decide(x):
    if x > 0:  # the line that is named
        return x
    return -x


@pytest.mark.parametrize(("function", "part"), [
    (decide, "if x > 0:  # the line that is named"),
    (lambda x: x if x else 0.0, "lambda x: x if x else 0.0"),
    (lambda x: max(x, 1.0), "lambda x: max(x, 1.0)"),
    (lambda x: abs(x) and x, "and x"),
    (lambda x: np.stack([x, x])[x], "takes a part"),
    (lambda x: np.maximum(np.array([x, 1.0]), np.array([2 * x, 1.0])), "np.stack instead of np.array"),
])  # fmt: skip
def test_decisions_are_refused_with_their_line(function, part):
    with pytest.raises(TypeError) as caught:
        record(function, 1.0)
    assert part in str(caught.value)
    assert isinstance(caught.value, TracerBoolError)
    assert "np.where(condition, a, b)" in str(caught.value)
    assert f"of {__file__}" in str(caught.value)


def write_into_floats(x):
    a = np.zeros(3)
    a[0] = x
    return a


def add_into_floats(x):
    a = np.zeros(3)
    a += x
    return a


@pytest.mark.parametrize(("function", "message"), [
    (lambda x: math.exp(x), "math"),
    (lambda x: float(x), "plain number"),
    (lambda x: int(x), "plain number"),
    (lambda x: range(x), "plain number"),
    (lambda x: complex(x), "plain number"),
    (write_into_floats, "np.zeros_like"),
    (add_into_floats, "np.zeros_like of a traced array"),
    (lambda x: np.sort(np.stack([x, x])), "numpy.sort cannot be traced"),
    (lambda x: np.linalg.inv(np.stack([np.stack([x, 1]), np.stack([1, x])])), "inv cannot be traced"),
    (lambda x: np.nextafter(x, 1), "nextafter cannot be traced"),
    (lambda x: np.where(np.stack([x, x])), "one argument"),
    (lambda x: np.add(np.stack([x, x]), 1, where=[True, False]), "where="),
    (lambda x: np.sum(np.stack([x, x]), dtype=int), "dtype"),
    (lambda x: x * 1j, "real numbers"),
    (lambda x: x + "a", "real numbers"),
    (lambda x: x + None, "not a real number"),
    (lambda x: x.astype(int), "float64"),
    (lambda x: x.astype(np.float32), "float64"),
    (lambda x: len(x), "no length"),
    (lambda x: list(x), "no length"),
    (lambda x: None, "returned None"),
    (lambda x: "text", "real numbers"),
    (lambda x: np.linalg.norm(np.stack([x, x]), ord=1), "ord=1"),
])  # fmt: skip
def test_what_cannot_be_recorded(function, message):
    with pytest.raises(TypeError, match=message):
        record(function, 1.0)


def test_attributes_that_arrays_lack():
    with pytest.raises(AttributeError, match="tolist"):
        record(lambda x: x.tolist(), 1.0)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: record(3, 1.0), TypeError, "not a function"),
    (lambda: record(decide), TypeError, "0 example value"),
    (lambda: record(decide, 1, 2), TypeError, "2 example value"),
    (lambda: record(decide, "x"), TypeError, "example for x has dtype"),
    (lambda: record(decide, [1, 2j]), TypeError, "complex"),
    (lambda: record(decide, 1, names=[]), ValueError, "0 names for 1"),
    (lambda: record(decide, 1, names=["1x"]), ValueError, "not an identifier"),
    (lambda: record(lambda x, x0: x, [1, 2], 3), ValueError, "x0"),
    (lambda: record(lambda x, y: x, 1, 2, names=["a", "a"]), ValueError, "called a"),
])  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_value_kept_from_another_tracing_is_refused():
    kept = []
    record(lambda x: kept.append(x) or x, 1.0)
    assert isinstance(kept[0], Tracer)
    with pytest.raises(ValueError, match="another tracing"):
        record(lambda x: x + kept[0], 1.0)


def test_empty_arrays_work():
    assert replay(np.sum, np.empty(0)) == 0
    assert replay(np.exp, np.empty((0, 2))).shape == (0, 2)
    with pytest.raises(ValueError, match="no elements"):
        record(np.max, np.empty(0))


def test_tracing_loads_nothing_heavy():
    code = (
        "import numpy as np, sys\nfrom mathlib.symbolic.reading.trace import trace\n"
        "trace(lambda x: np.sum(np.exp(x)), [1, 2])\n"
        "print({'scipy', 'numba', 'llvmlite'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
