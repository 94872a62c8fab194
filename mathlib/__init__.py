"""Numerical mathematics with a symbolic front end: the same routines on NumPy, compiled and CuPy arrays."""

from importlib import import_module
from typing import Any

from mathlib._lib.dispatch import backend, backends, current_backend

__version__ = "0.1.0"

_ROOMS = ("estimators", "gpu", "optimize", "special", "stats", "symbolic")

# Without the estimators: `from mathlib import *` must work where scikit-learn is not installed.
__all__ = ["__version__", "backend", "backends", "current_backend", "gpu", "optimize", "special", "stats", "symbolic"]


def __getattr__(name: str) -> Any:
    """Load a room when it is first used."""
    if name in _ROOMS:
        return import_module(f"mathlib.{name}")
    raise AttributeError(f"module 'mathlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
