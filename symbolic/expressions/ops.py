"""The operations of expressions: all that any part of the symbolic front end knows about each of them is in `OPS`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import inf
from typing import Any

from mathlib._lib.elementary import ULP
from mathlib.symbolic.expressions import balls


class UnsupportedFunctionError(ValueError):
    """
    A function that a backend has no routine for.

    Parameters
    ----------
    name : str
        The function.
    backend : str
        The backend.
    hint : str
        The way out.

    Examples
    --------
    >>> from sympy import Symbol, gamma
    >>> from mathlib.symbolic import UnsupportedFunctionError, compile
    >>> try:
    ...     compile(gamma(Symbol("x")), backend="numba")
    ... except UnsupportedFunctionError as error:
    ...     print(error.name, error.backend)
    tgamma numba
    """

    def __init__(self, name: str, backend: str, hint: str):
        super().__init__(f"{name} has no routine for backend={backend!r}: {hint}")
        self.name, self.backend, self.hint = name, backend, hint


@dataclass(frozen=True, slots=True)
class Op:
    """
    An operation on real numbers.

    Attributes
    ----------
    name : str
        Its name, that of FPCore where FPCore has it.
    arity : int
        The number of operands.
    numpy, mpmath, sympy : str
        Dotted names of the function over float64 arrays, over mpmath numbers, and of the SymPy class. Without a SymPy
        class the converters write the operation themselves.
    truth : callable
        The function over balls of Arb (of `mathlib.symbolic.expressions.balls` where Arb has no method).
    kernel : str
        Name of the kernel in `mathlib._lib.elementary` or, with a dot, anywhere; empty: an operator or word of the
        kernel language, or none.
    routine : str
        Name in `mathlib.special` of a routine that works by regions and is called on blocks instead of written inline.
    derivative : tuple of str
        The partial derivative for each operand, S-expressions in ``a``, ``b``, ``c``. Empty: not differentiable.
    cycles : float
        Cost of an element in a vector loop in cycles of one core: what `stabilize` weighs against digits.
    ulp : float
        Largest error of one application in units in the last place; infinite where none is documented.
    """

    name: str
    arity: int
    numpy: str
    mpmath: str
    sympy: str
    truth: Callable[..., Any]
    derivative: tuple[str, ...]
    cycles: float
    ulp: float = inf
    kernel: str = ""
    routine: str = ""


OPS: dict[str, Op] = {}
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGICAL = frozenset({"and", "or", "not"})
CONDITIONS = COMPARISONS | LOGICAL  # what is true or false


def _op(name: str, arity: int, numpy: str, mpmath: str, sympy: str, truth: Any, *derivative: str, **rest: Any) -> None:
    rest.setdefault("ulp", ULP.get(rest.get("kernel", ""), inf))  # the kernels' own record of their errors
    OPS[name] = Op(name, arity, numpy, mpmath, sympy, truth, derivative, **rest)


def _method(name: str) -> Callable[..., Any]:
    return lambda a: getattr(a, name)()


def _constant(name: str) -> Callable[..., Any]:
    def value() -> Any:
        from flint import arb

        return getattr(arb, name)()

    return value


@cache
def named(path: str) -> Any:
    """Return the object with a dotted name, importing its module."""
    module, _, attribute = path.rpartition(".")
    return getattr(import_module(module), attribute)


# ---- constants ------------------------------------------------------------------------------------------------------
for _name, _sympy, _mpmath, _arb in (
    ("PI", "pi", "pi", "pi"),
    ("E", "E", "e", "const_e"),
    ("EULER_GAMMA", "EulerGamma", "euler", "const_euler"),
    ("CATALAN", "Catalan", "catalan", "const_catalan"),
    ("INFINITY", "oo", "inf", "pos_inf"),
    ("NAN", "nan", "nan", "nan"),
):
    _op(_name, 0, "", f"mpmath.{_mpmath}", f"sympy.{_sympy}", _constant(_arb), cycles=0, ulp=0.5)

# ---- arithmetic -----------------------------------------------------------------------------------------------------
_op("+", 2, "numpy.add", "operator.add", "", lambda a, b: a + b, "1", "1", cycles=1, ulp=0.5)
_op("-", 2, "numpy.subtract", "operator.sub", "", lambda a, b: a - b, "1", "-1", cycles=1, ulp=0.5)
_op("*", 2, "numpy.multiply", "operator.mul", "", lambda a, b: a * b, "b", "a", cycles=1, ulp=0.5)
_op("/", 2, "numpy.divide", "operator.truediv", "", lambda a, b: a / b, "(/ 1 b)", "(neg (/ (/ a b) b))",
    cycles=4, ulp=0.5)  # fmt: skip
_op("neg", 1, "numpy.negative", "operator.neg", "", lambda a: -a, "-1", cycles=1, ulp=0)
_op("fabs", 1, "numpy.fabs", "mpmath.fabs", "sympy.Abs", abs, "(sign a)", cycles=1, ulp=0, kernel="magnitude")
_op("sign", 1, "numpy.sign", "mpmath.sign", "sympy.sign", balls.sign, "0", cycles=2, ulp=0,
    kernel="mathlib.symbolic.expressions.primitives.sign")  # fmt: skip
_op("floor", 1, "numpy.floor", "mpmath.floor", "sympy.floor", _method("floor"), "0", cycles=1, ulp=0)
_op("ceil", 1, "numpy.ceil", "mpmath.ceil", "sympy.ceiling", _method("ceil"), "0", cycles=2, ulp=0,
    kernel="mathlib.symbolic.expressions.primitives.ceil")  # fmt: skip
_op("fmax", 2, "numpy.maximum", "builtins.max", "sympy.Max", lambda a, b: a.max(b), "(if (>= a b) 1 0)",
    "(if (>= a b) 0 1)", cycles=1, ulp=0, kernel="mathlib.symbolic.expressions.primitives.maximum")  # fmt: skip
_op("fmin", 2, "numpy.minimum", "builtins.min", "sympy.Min", lambda a, b: a.min(b), "(if (<= a b) 1 0)",
    "(if (<= a b) 0 1)", cycles=1, ulp=0, kernel="mathlib.symbolic.expressions.primitives.minimum")  # fmt: skip

# ---- conditions -----------------------------------------------------------------------------------------------------
_op("<", 2, "numpy.less", "operator.lt", "sympy.StrictLessThan", balls.less, "0", "0", cycles=1, ulp=0)
_op("<=", 2, "numpy.less_equal", "operator.le", "sympy.LessThan", balls.less_equal, "0", "0", cycles=1, ulp=0)
_op(">", 2, "numpy.greater", "operator.gt", "sympy.StrictGreaterThan", lambda a, b: balls.less(b, a), "0", "0",
    cycles=1, ulp=0)  # fmt: skip
_op(">=", 2, "numpy.greater_equal", "operator.ge", "sympy.GreaterThan", lambda a, b: balls.less_equal(b, a), "0", "0",
    cycles=1, ulp=0)  # fmt: skip
_op("==", 2, "numpy.equal", "operator.eq", "sympy.Eq", balls.equal, "0", "0", cycles=1, ulp=0)
_op("!=", 2, "numpy.not_equal", "operator.ne", "sympy.Ne", lambda a, b: balls.negation(balls.equal(a, b)), "0", "0",
    cycles=1, ulp=0)  # fmt: skip
_op("and", 2, "numpy.logical_and", "operator.and_", "sympy.And", balls.conjunction, "0", "0", cycles=1, ulp=0)
_op("or", 2, "numpy.logical_or", "operator.or_", "sympy.Or",
    lambda a, b: balls.negation(balls.conjunction(balls.negation(a), balls.negation(b))), "0", "0",
    cycles=1, ulp=0)  # fmt: skip
_op("not", 1, "numpy.logical_not", "operator.not_", "sympy.Not", balls.negation, "0", cycles=1, ulp=0)
_op("if", 3, "numpy.where", "", "", balls.choose, "0", "(if a 1 0)", "(if a 0 1)", cycles=1, ulp=0)

# ---- roots and powers -----------------------------------------------------------------------------------------------
_op("sqrt", 1, "numpy.sqrt", "mpmath.sqrt", "", _method("sqrt"), "(/ 1/2 (sqrt a))", cycles=6, ulp=0.5)
_op("cbrt", 1, "numpy.cbrt", "mathlib.symbolic.functions.multiprecision.cbrt", "mathlib.symbolic.Cbrt", balls.cube_root,
    "(/ 1/3 (* (cbrt a) (cbrt a)))", cycles=12, kernel="cbrt")  # fmt: skip
_op("hypot", 2, "numpy.hypot", "mpmath.hypot", "mathlib.symbolic.Hypot", balls.hypot, "(/ a (hypot a b))",
    "(/ b (hypot a b))", cycles=14, kernel="hypot")  # fmt: skip
_op("pow", 2, "numpy.power", "mpmath.power", "", balls.power, "(* b (pow a (- b 1)))",
    "(* (pow a b) (log a))", cycles=25, kernel="pow")  # fmt: skip

# ---- exponentials and logarithms ------------------------------------------------------------------------------------
_op("exp", 1, "numpy.exp", "mpmath.exp", "sympy.exp", _method("exp"), "(exp a)", cycles=8, kernel="exp")
_op("exp2", 1, "numpy.exp2", "mathlib.symbolic.functions.multiprecision.exp2", "sympy.codegen.cfunctions.exp2",
    lambda a: type(a)(2) ** a, "(* (log 2) (exp2 a))", cycles=9, kernel="exp2")  # fmt: skip
_op("expm1", 1, "numpy.expm1", "mpmath.expm1", "mathlib.symbolic.ExpM1", _method("expm1"), "(exp a)",
    cycles=10, kernel="expm1")  # fmt: skip
_op("log", 1, "numpy.log", "mpmath.log", "sympy.log", _method("log"), "(/ 1 a)", cycles=8, kernel="log")
_op("log2", 1, "numpy.log2", "mathlib.symbolic.functions.multiprecision.log2", "sympy.codegen.cfunctions.log2",
    lambda a: a.log() / type(a).const_log2(), "(/ 1 (* (log 2) a))", cycles=9, kernel="log2")  # fmt: skip
_op("log10", 1, "numpy.log10", "mpmath.log10", "sympy.codegen.cfunctions.log10",
    lambda a: a.log() / type(a).const_log10(), "(/ 1 (* (log 10) a))", cycles=9, kernel="log10")  # fmt: skip
_op("log1p", 1, "numpy.log1p", "mpmath.log1p", "mathlib.symbolic.Log1p", _method("log1p"), "(/ 1 (+ 1 a))",
    cycles=10, kernel="log1p")  # fmt: skip

# ---- circular functions ---------------------------------------------------------------------------------------------
_op("sin", 1, "numpy.sin", "mpmath.sin", "sympy.sin", _method("sin"), "(cos a)", cycles=10, kernel="sin")
_op("cos", 1, "numpy.cos", "mpmath.cos", "sympy.cos", _method("cos"), "(neg (sin a))", cycles=10,
    kernel="cos")  # fmt: skip
_op("tan", 1, "numpy.tan", "mpmath.tan", "sympy.tan", _method("tan"), "(+ 1 (* (tan a) (tan a)))", cycles=16,
    kernel="tan")  # fmt: skip
_op("sinpi", 1, "mathlib.symbolic.expressions.primitives.SINPI",
    "mpmath.sinpi", "mathlib.symbolic.SinPi", _method("sin_pi"),
    "(* PI (cospi a))", cycles=12, kernel="sinpi")  # fmt: skip
_op("cospi", 1, "mathlib.symbolic.expressions.primitives.COSPI",
    "mpmath.cospi", "mathlib.symbolic.CosPi", _method("cos_pi"),
    "(neg (* PI (sinpi a)))", cycles=12, kernel="cospi")  # fmt: skip
_op("asin", 1, "numpy.arcsin", "mpmath.asin", "sympy.asin", _method("asin"), "(/ 1 (sqrt (* (- 1 a) (+ 1 a))))",
    cycles=14, kernel="asin")  # fmt: skip
_op("acos", 1, "numpy.arccos", "mpmath.acos", "sympy.acos", _method("acos"), "(/ -1 (sqrt (* (- 1 a) (+ 1 a))))",
    cycles=14, kernel="acos")  # fmt: skip
_op("atan", 1, "numpy.arctan", "mpmath.atan", "sympy.atan", _method("atan"), "(/ 1 (+ 1 (* a a)))", cycles=14,
    kernel="atan")  # fmt: skip
_op("atan2", 2, "numpy.arctan2", "mpmath.atan2", "sympy.atan2", lambda a, b: type(a).atan2(a, b),
    "(/ b (+ (* a a) (* b b)))", "(neg (/ a (+ (* a a) (* b b))))", cycles=20, kernel="atan2")  # fmt: skip

# ---- hyperbolic functions -------------------------------------------------------------------------------------------
_op("sinh", 1, "numpy.sinh", "mpmath.sinh", "sympy.sinh", _method("sinh"), "(cosh a)", cycles=14,
    kernel="sinh")  # fmt: skip
_op("cosh", 1, "numpy.cosh", "mpmath.cosh", "sympy.cosh", _method("cosh"), "(sinh a)", cycles=14,
    kernel="cosh")  # fmt: skip
_op("tanh", 1, "numpy.tanh", "mpmath.tanh", "sympy.tanh", _method("tanh"), "(* (/ 1 (cosh a)) (/ 1 (cosh a)))",
    cycles=14, kernel="tanh")  # fmt: skip
_op("asinh", 1, "numpy.arcsinh", "mpmath.asinh", "sympy.asinh", _method("asinh"), "(/ 1 (hypot a 1))", cycles=16,
    kernel="asinh")  # fmt: skip
_op("acosh", 1, "numpy.arccosh", "mpmath.acosh", "sympy.acosh", _method("acosh"),
    "(/ 1 (* (sqrt (- a 1)) (sqrt (+ a 1))))", cycles=16, kernel="acosh")  # fmt: skip
_op("atanh", 1, "numpy.arctanh", "mpmath.atanh", "sympy.atanh", _method("atanh"), "(/ 1 (* (- 1 a) (+ 1 a)))",
    cycles=16, kernel="atanh")  # fmt: skip

# ---- error and gamma functions --------------------------------------------------------------------------------------
_op("erf", 1, "scipy.special.erf", "mpmath.erf", "sympy.erf", _method("erf"),
    "(* (/ 2 (sqrt PI)) (exp (neg (* a a))))", cycles=18, kernel="erf")  # fmt: skip
_op("erfc", 1, "mathlib.symbolic.expressions.primitives.ERFC", "mpmath.erfc", "sympy.erfc", _method("erfc"),
    "(* (/ -2 (sqrt PI)) (exp (neg (* a a))))", cycles=20, kernel="erfc")  # fmt: skip
_op("erfcx", 1, "mathlib.symbolic.expressions.primitives.ERFCX", "mathlib.symbolic.functions.multiprecision.erfc_x",
    "mathlib.symbolic.ErfcX", balls.erfcx, "(- (* 2 (* a (erfcx a))) (/ 2 (sqrt PI)))", cycles=20,
    kernel="erfcx")  # fmt: skip
_op("log_erfc", 1, "mathlib.special.log_erfc", "mathlib.symbolic.functions.multiprecision.log_erfc",
    "mathlib.symbolic.LogErfc", lambda a: a.erfc().log(), "(/ -2 (* (sqrt PI) (erfcx a)))", cycles=24, ulp=4.0,
    routine="log_erfc")  # fmt: skip
_op("tgamma", 1, "scipy.special.gamma", "mpmath.gamma", "sympy.gamma", _method("gamma"), "(* (tgamma a) (digamma a))",
    cycles=60)  # fmt: skip
_op("lgamma", 1, "scipy.special.gammaln", "mpmath.loggamma", "sympy.loggamma", _method("lgamma"), "(digamma a)",
    cycles=60)  # fmt: skip
_op("digamma", 1, "scipy.special.digamma", "mpmath.digamma", "sympy.digamma", _method("digamma"), cycles=60)
_op("log_poch", 2, "mathlib.special.log_poch", "mathlib.symbolic.functions.multiprecision.log_poch",
    "mathlib.symbolic.LogPoch", balls.log_poch, "(- (digamma (+ a b)) (digamma a))", "(digamma (+ a b))",
    cycles=60, routine="log_poch")  # fmt: skip

# ---- what loses digits when it is written out -----------------------------------------------------------------------
_op("log1mexp", 1, "mathlib.special.log1mexp", "mathlib.symbolic.functions.multiprecision.log1m_exp",
    "mathlib.symbolic.Log1mExp", balls.log1mexp, "(/ 1 (expm1 a))", cycles=16, ulp=1.6, routine="log1mexp")  # fmt: skip
_op("logaddexp", 2, "mathlib.symbolic.expressions.primitives.LOGADDEXP",
    "mathlib.symbolic.functions.multiprecision.log_add_exp",
    "mathlib.symbolic.LogAddExp", balls.logaddexp, "(/ 1 (+ 1 (exp (- b a))))", "(/ 1 (+ 1 (exp (- a b))))",
    cycles=20, kernel="mathlib.symbolic.expressions.primitives.logaddexp")  # fmt: skip
_op("softplus", 1, "mathlib.special.softplus", "mathlib.symbolic.functions.multiprecision.softplus",
    "mathlib.symbolic.Softplus", balls.softplus, "(/ 1 (+ 1 (exp (neg a))))", cycles=18, ulp=1.9,
    kernel="mathlib.special.kernels.stable.softplus")  # fmt: skip
_op("log_cosh", 1, "mathlib.special.log_cosh", "mathlib.symbolic.functions.multiprecision.log_cosh",
    "mathlib.symbolic.LogCosh", balls.log_cosh, "(tanh a)", cycles=20, ulp=5.0,
    kernel="mathlib.special.kernels.stable.log_cosh")  # fmt: skip
_op("exprel", 1, "mathlib.symbolic.expressions.primitives.EXPREL", "mathlib.symbolic.functions.multiprecision.exp_rel",
    "mathlib.symbolic.ExpRel", balls.exprel, "(/ (* (exprel a) (+ 1 (langevin (/ a 2)))) 2)", cycles=14, ulp=3.5,
    kernel="mathlib.symbolic.expressions.primitives.exprel")  # fmt: skip
_op("cosm1", 1, "mathlib.special.cosm1", "mathlib.symbolic.functions.multiprecision.cos_m1", "mathlib.symbolic.CosM1",
    balls.cosm1, "(neg (sin a))", cycles=12, ulp=3.1, routine="cosm1")  # fmt: skip
_op("langevin", 1, "mathlib.special.langevin", "mathlib.symbolic.functions.multiprecision.langevin",
    "mathlib.symbolic.Langevin", balls.langevin,
    "(- 1 (* (langevin a) (+ (langevin a) (/ 2 a))))", cycles=20, ulp=2.0, routine="langevin")  # fmt: skip
_op("signed_sqrt", 1, "mathlib.symbolic.expressions.primitives.SIGNED_SQRT",
    "mathlib.symbolic.functions.multiprecision.signed_sqrt",
    "mathlib.symbolic.SignedSqrt", balls.signed_sqrt, "(/ 1/2 (sqrt (fabs a)))", cycles=7, ulp=0.5,
    kernel="mathlib.symbolic.expressions.primitives.signed_sqrt")  # fmt: skip
_op("sqdf", 2, "mathlib.symbolic.expressions.primitives.SQDF",
    "mathlib.symbolic.functions.multiprecision.sqdf", "mathlib.symbolic.Sqdf",
    balls.sqdf, "(/ a (sqdf a b))", "(neg (/ (fabs b) (sqdf a b)))", cycles=16, ulp=2.0,
    kernel="mathlib.symbolic.expressions.primitives.sqdf")  # fmt: skip
_op("over_expm1", 2, "mathlib.symbolic.expressions.primitives.OVER_EXPM1",
    "mathlib.symbolic.functions.multiprecision.over_exp_m1",
    "mathlib.symbolic.OverExpM1", balls.over_expm1,
    "(/ (- 1 (* (* b (exp (* a b))) (over_expm1 a b))) (expm1 (* a b)))",
    "(neg (* (exp (* a b)) (* (over_expm1 a b) (over_expm1 a b))))", cycles=16, ulp=3.0,
    kernel="mathlib.symbolic.expressions.primitives.over_expm1")  # fmt: skip

# ---- modified Bessel functions, of (order, argument) ----------------------------------------------------------------
_op("besseli", 2, "scipy.special.iv", "mpmath.besseli", "sympy.besseli", balls.bessel_i, "",
    "(+ (besseli (+ a 1) b) (* (/ a b) (besseli a b)))", cycles=400)  # fmt: skip
_op("besselk", 2, "scipy.special.kv", "mpmath.besselk", "sympy.besselk", balls.bessel_k, "",
    "(- (* (/ a b) (besselk a b)) (besselk (+ a 1) b))", cycles=400)  # fmt: skip
_op("log_iv", 2, "mathlib.special.log_iv", "mathlib.symbolic.functions.multiprecision.log_besseli",
    "mathlib.symbolic.LogBesselI", lambda v, x: balls.bessel_i(v, x).log(), "(log_iv_dv a b)",
    "(+ (iv_ratio a b) (/ a b))", cycles=60, routine="log_iv")  # fmt: skip
_op("log_kv", 2, "mathlib.special.log_kv", "mathlib.symbolic.functions.multiprecision.log_besselk",
    "mathlib.symbolic.LogBesselK", lambda v, x: balls.bessel_k(v, x).log(), "(log_kv_dv a b)",
    "(- (/ a b) (kv_ratio a b))", cycles=60, routine="log_kv")  # fmt: skip
_op("iv_ratio", 2, "mathlib.special.iv_ratio", "mathlib.symbolic.functions.multiprecision.besseli_ratio",
    "mathlib.symbolic.BesselIRatio", lambda v, x: balls.bessel_i(v + 1, x) / balls.bessel_i(v, x), "",
    "(- 1 (* (iv_ratio a b) (+ (iv_ratio a b) (/ (+ (* 2 a) 1) b))))", cycles=60, ulp=4.0,
    routine="iv_ratio")  # fmt: skip
_op("kv_ratio", 2, "mathlib.special.kv_ratio", "mathlib.symbolic.functions.multiprecision.besselk_ratio",
    "mathlib.symbolic.BesselKRatio", lambda v, x: balls.bessel_k(v + 1, x) / balls.bessel_k(v, x), "",
    "(- (* (kv_ratio a b) (- (kv_ratio a b) (/ (+ (* 2 a) 1) b))) 1)", cycles=60, ulp=4.0,
    routine="kv_ratio")  # fmt: skip
_op("log_iv_dv", 2, "mathlib.special.log_iv_dv",
    "mathlib.symbolic.functions.multiprecision.log_besseli_order_derivative",
    "mathlib.symbolic.LogBesselIOrderDerivative",
    balls.through_mpmath("log_besseli_order_derivative"), cycles=120, routine="log_iv_dv")  # fmt: skip
_op("log_kv_dv", 2, "mathlib.special.log_kv_dv",
    "mathlib.symbolic.functions.multiprecision.log_besselk_order_derivative",
    "mathlib.symbolic.LogBesselKOrderDerivative",
    balls.through_mpmath("log_besselk_order_derivative"), cycles=120, routine="log_kv_dv")  # fmt: skip
