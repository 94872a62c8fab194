"""The symbolic front end: SymPy functions that stand for the stable routines of mathlib."""

from mathlib.symbolic.functions import (
    BesselIRatio,
    BesselKRatio,
    LogBesselI,
    LogBesselIOrderDerivative,
    LogBesselK,
    LogBesselKOrderDerivative,
    log_bessel,
)

__all__ = [
    "BesselIRatio",
    "BesselKRatio",
    "LogBesselI",
    "LogBesselIOrderDerivative",
    "LogBesselK",
    "LogBesselKOrderDerivative",
    "log_bessel",
]
