"""The symbolic front end: expressions that keep their digits, compiled for arrays and compared with exact values."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mathlib.symbolic.compiling.compile import compile
    from mathlib.symbolic.compiling.compiled_function import CompiledFunction
    from mathlib.symbolic.compiling.matrix_expressions import MatrixFunction
    from mathlib.symbolic.compiling.sparse import SparseFunction
    from mathlib.symbolic.expressions.ops import UnsupportedFunctionError
    from mathlib.symbolic.functions.bessel_forms import log_bessel
    from mathlib.symbolic.functions.bessel_functions import (
        BesselIRatio,
        BesselKRatio,
        LogBesselI,
        LogBesselIOrderDerivative,
        LogBesselK,
        LogBesselKOrderDerivative,
    )
    from mathlib.symbolic.functions.circular_functions import CosM1, CosPi, SinPi
    from mathlib.symbolic.functions.exponential_functions import (
        ExpM1,
        ExpRel,
        Log1mExp,
        Log1p,
        LogAddExp,
        OverExpM1,
        Softplus,
    )
    from mathlib.symbolic.functions.gamma_functions import ErfcX, LogErfc, LogPoch
    from mathlib.symbolic.functions.hyperbolic_functions import Langevin, LogCosh
    from mathlib.symbolic.functions.root_functions import Cbrt, Hypot, SignedSqrt, Sqdf
    from mathlib.symbolic.reading.fpcore import read_fpcore
    from mathlib.symbolic.reading.parse import parse
    from mathlib.symbolic.reading.trace import TracerBoolError, trace
    from mathlib.symbolic.rewriting import rules
    from mathlib.symbolic.rewriting.simplify import simplify
    from mathlib.symbolic.rewriting.stabilize import StabilizeResult, stabilize
    from mathlib.symbolic.verifying.certificate import ReplayResult, replay
    from mathlib.symbolic.verifying.verify import VerifyResult, verify

#: the module of each public name, loaded when the name is first used
_MODULES = {
    "BesselIRatio": "functions.bessel_functions",
    "BesselKRatio": "functions.bessel_functions",
    "Cbrt": "functions.root_functions",
    "CompiledFunction": "compiling.compiled_function",
    "CosM1": "functions.circular_functions",
    "CosPi": "functions.circular_functions",
    "ErfcX": "functions.gamma_functions",
    "ExpM1": "functions.exponential_functions",
    "ExpRel": "functions.exponential_functions",
    "Hypot": "functions.root_functions",
    "Langevin": "functions.hyperbolic_functions",
    "Log1mExp": "functions.exponential_functions",
    "Log1p": "functions.exponential_functions",
    "LogAddExp": "functions.exponential_functions",
    "LogBesselI": "functions.bessel_functions",
    "LogBesselIOrderDerivative": "functions.bessel_functions",
    "LogBesselK": "functions.bessel_functions",
    "LogBesselKOrderDerivative": "functions.bessel_functions",
    "LogCosh": "functions.hyperbolic_functions",
    "LogErfc": "functions.gamma_functions",
    "LogPoch": "functions.gamma_functions",
    "MatrixFunction": "compiling.matrix_expressions",
    "OverExpM1": "functions.exponential_functions",
    "ReplayResult": "verifying.certificate",
    "SignedSqrt": "functions.root_functions",
    "SinPi": "functions.circular_functions",
    "Softplus": "functions.exponential_functions",
    "SparseFunction": "compiling.sparse",
    "Sqdf": "functions.root_functions",
    "StabilizeResult": "rewriting.stabilize",
    "TracerBoolError": "reading.trace",
    "UnsupportedFunctionError": "expressions.ops",
    "VerifyResult": "verifying.verify",
    "compile": "compiling.compile",
    "log_bessel": "functions.bessel_forms",
    "parse": "reading.parse",
    "read_fpcore": "reading.fpcore",
    "replay": "verifying.certificate",
    "simplify": "rewriting.simplify",
    "stabilize": "rewriting.stabilize",
    "trace": "reading.trace",
    "verify": "verifying.verify",
}

__all__ = [
    "BesselIRatio",
    "BesselKRatio",
    "Cbrt",
    "CompiledFunction",
    "CosM1",
    "CosPi",
    "ErfcX",
    "ExpM1",
    "ExpRel",
    "Hypot",
    "Langevin",
    "Log1mExp",
    "Log1p",
    "LogAddExp",
    "LogBesselI",
    "LogBesselIOrderDerivative",
    "LogBesselK",
    "LogBesselKOrderDerivative",
    "LogCosh",
    "LogErfc",
    "LogPoch",
    "MatrixFunction",
    "OverExpM1",
    "ReplayResult",
    "SignedSqrt",
    "SinPi",
    "Softplus",
    "SparseFunction",
    "Sqdf",
    "StabilizeResult",
    "TracerBoolError",
    "UnsupportedFunctionError",
    "VerifyResult",
    "compile",
    "log_bessel",
    "parse",
    "read_fpcore",
    "replay",
    "rules",
    "simplify",
    "stabilize",
    "trace",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name == "rules":
        return import_module("mathlib.symbolic.rewriting.rules")
    if name not in _MODULES:
        raise AttributeError(f"module 'mathlib.symbolic' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"mathlib.symbolic.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
