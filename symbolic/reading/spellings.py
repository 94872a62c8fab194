"""What a name in a text means to `mathlib.symbolic.parse`: operations in all their usual spellings, and constants."""

import keyword
from collections.abc import Callable
from typing import TypeAlias

from sympy import Expr, Mul, Pow, S, log

from mathlib.symbolic.expressions.ops import OPS, named

Builder: TypeAlias = Callable[..., Expr]

MOST_ARGUMENTS = 255  # of functions with any number of them
NOT_REAL = frozenset({"I", "oo", "zoo", "nan", "NaN", "NAN", "inf", "Inf", "INFINITY", "infinity"})
_MORE = {"abs": "Abs", "max": "Max", "min": "Min", "gammaln": "loggamma"}

INSTEAD = {  # names that SymPy or NumPy would know: what to write here
    "cot": "1/tan(x)",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "coth": "1/tanh(x)",
    "sech": "1/cosh(x)",
    "csch": "1/sinh(x)",
    "factorial": "gamma(n + 1)",
    "binomial": "gamma(n + 1)/(gamma(k + 1)*gamma(n - k + 1))",
    "beta": "gamma(a)*gamma(b)/gamma(a + b)",
    "root": "x**(1/n)",
    "Mod": "x - y*floor(x/y)",
    "sinc": "sin(x)/x, or sin(pi*x)/(pi*x) for that of NumPy",
    "Piecewise": "a if x > 0 else b",
    "where": "a if x > 0 else b",
    "Rational": "p/q",
    "Symbol": "the name itself",
}


def power(base: Expr, exponent: Expr) -> Expr:
    """Return a power as it is written."""
    return Pow(base, exponent, evaluate=False)


def product(*factors: Expr) -> Expr:
    """Return a product as it is written."""
    return Mul(*factors, evaluate=False) if len(factors) > 1 else factors[0]


def _logarithm(x: Expr, base: Expr | None = None) -> Expr:
    logarithm = log(x, evaluate=False)
    return logarithm if base is None else product(logarithm, power(log(base, evaluate=False), S.NegativeOne))


def _unevaluated(path: str) -> Builder:
    return lambda *arguments: named(path)(*arguments, evaluate=False)


def _functions() -> dict[str, tuple[range, Builder]]:
    table: dict[str, tuple[range, Builder]] = {}
    for op in OPS.values():
        if op.arity and op.sympy and op.name.isidentifier() and not keyword.iskeyword(op.name):
            module, _, numpy_name = op.numpy.rpartition(".")
            sympy_name = op.sympy.rpartition(".")[2]
            counts = range(1, MOST_ARGUMENTS + 1) if sympy_name in ("Max", "Min") else range(op.arity, op.arity + 1)
            names = {op.name, sympy_name} | ({numpy_name} if module in ("numpy", "mathlib.special") else set())
            table |= dict.fromkeys(names, (counts, _unevaluated(op.sympy)))
    table |= {name: table[other] for name, other in _MORE.items()}
    table |= dict.fromkeys(("pow", "power"), (range(2, 3), power))
    table |= dict.fromkeys(("log", "ln"), (range(1, 3), _logarithm))
    return table | {"sqrt": (range(1, 2), lambda x: power(x, S.Half))}


#: name -> (allowed numbers of arguments, what builds the expression from them, unevaluated)
FUNCTIONS = _functions()
CONSTANTS: dict[str, Expr] = {
    op.sympy.rpartition(".")[2]: named(op.sympy) for op in OPS.values() if not op.arity and named(op.sympy).is_finite
}
