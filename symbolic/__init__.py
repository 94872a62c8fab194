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
from mathlib.symbolic.circular_functions import CosM1, CosPi, SinPi
from mathlib.symbolic.compile import CompiledFunction, compile
from mathlib.symbolic.exponential_functions import ExpM1, ExpRel, Log1mExp, Log1p, LogAddExp, OverExpM1, Softplus
from mathlib.symbolic.fpcore import read_fpcore
from mathlib.symbolic.gamma_functions import ErfcX, LogErfc, LogPoch
from mathlib.symbolic.hyperbolic_functions import Langevin, LogCosh
from mathlib.symbolic.ops import UnsupportedFunctionError
from mathlib.symbolic.parse import parse
from mathlib.symbolic.root_functions import Cbrt, Hypot, SignedSqrt, Sqdf
from mathlib.symbolic.stabilize import StabilizeResult, stabilize
from mathlib.symbolic.trace import TracerBoolError, trace
from mathlib.symbolic.verify import VerifyResult, replay, verify

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
    "OverExpM1",
    "SignedSqrt",
    "SinPi",
    "Softplus",
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
    "stabilize",
    "trace",
    "verify",
]
