"""Directional statistics in any dimension: the von Mises-Fisher distribution and mixtures of it."""

from mathlib.stats._kappa import vmf_kappa
from mathlib.stats._mixture import VMFMixtureResult, vmf_mixture
from mathlib.stats._vonmises_fisher import vonmises_fisher

__all__ = ["VMFMixtureResult", "vmf_kappa", "vmf_mixture", "vonmises_fisher"]
