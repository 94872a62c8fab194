"""Optimisation: inverses of empirical Fisher matrices (M-FAC), pruning and influences by them."""

from mathlib.optimize.fisher.influence import influence
from mathlib.optimize.fisher.inverse import FisherInverse, empirical_fisher_inverse
from mathlib.optimize.fisher.optimizer import MFAC
from mathlib.optimize.fisher.pruning import PruneResult, obs_prune, obs_scores
from mathlib.optimize.fisher.window import FisherWindow

__all__ = [
    "MFAC",
    "FisherInverse",
    "FisherWindow",
    "PruneResult",
    "empirical_fisher_inverse",
    "influence",
    "obs_prune",
    "obs_scores",
]
