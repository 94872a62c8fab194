"""The symbolic front end: SymPy functions that stand for the stable routines of mathlib."""

from mathlib.symbolic.bessel_forms import log_bessel
from mathlib.symbolic.bessel_functions import (
    BesselIRatio,
    BesselKRatio,
    LogBesselI,
    LogBesselIOrderDerivative,
    LogBesselK,
    LogBesselKOrderDerivative,
)
from mathlib.symbolic.certificate import ReplayResult, replay
from mathlib.symbolic.circular_functions import CosM1, CosPi, SinPi
from mathlib.symbolic.compile import compile
from mathlib.symbolic.compiled_function import CompiledFunction
from mathlib.symbolic.exponential_functions import ExpM1, ExpRel, Log1mExp, Log1p, LogAddExp, OverExpM1, Softplus
from mathlib.symbolic.fpcore import read_fpcore
from mathlib.symbolic.gamma_functions import ErfcX, LogErfc, LogPoch
from mathlib.symbolic.hyperbolic_functions import Langevin, LogCosh
from mathlib.symbolic.matrix_expressions import MatrixFunction
from mathlib.symbolic.ops import UnsupportedFunctionError
from mathlib.symbolic.parse import parse
from mathlib.symbolic.root_functions import Cbrt, Hypot, SignedSqrt, Sqdf
from mathlib.symbolic.simplify import simplify
from mathlib.symbolic.sparse import SparseFunction
from mathlib.symbolic.stabilize import StabilizeResult, stabilize
from mathlib.symbolic.trace import TracerBoolError, trace
from mathlib.symbolic.verify import VerifyResult, verify

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
    "simplify",
    "stabilize",
    "trace",
    "verify",
]
