"""Optimisation: inverse Fisher matrices, certified sparse regression, block coordinate descent, forests."""

from mathlib.optimize.blocks.least_squares import LeastSquares
from mathlib.optimize.blocks.logistic import Logistic
from mathlib.optimize.blocks.minimize import BCDResult, minimize_bcd
from mathlib.optimize.blocks.quadratic import Quadratic
from mathlib.optimize.blocks.softmax import Softmax
from mathlib.optimize.convergence import ConvergenceWarning
from mathlib.optimize.fisher.influence import influence
from mathlib.optimize.fisher.inverse import FisherInverse, empirical_fisher_inverse
from mathlib.optimize.fisher.optimizer import MFAC
from mathlib.optimize.fisher.pruning import PruneResult, obs_prune, obs_scores
from mathlib.optimize.fisher.window import FisherWindow
from mathlib.optimize.forest.factor import ForestFactor, forest_solve
from mathlib.optimize.forest.label_propagation import LabelPropagationResult, label_propagation
from mathlib.optimize.forest.partition import forest_partition
from mathlib.optimize.forest.preconditioner import tree_preconditioner
from mathlib.optimize.grouped_regression.solve import GroupLassoResult, group_lasso
from mathlib.optimize.logistic.solve import L1LogisticResult, l1_logistic
from mathlib.optimize.nonnegative.nnls import NNLSResult, nnls
from mathlib.optimize.sparse_regression.path import alpha_max, lasso_path
from mathlib.optimize.sparse_regression.results import LassoPathResult, LassoResult
from mathlib.optimize.sparse_regression.solve import lasso
from mathlib.optimize.svm.solve import SVMResult, svm_dual

__all__ = [
    "MFAC",
    "BCDResult",
    "ConvergenceWarning",
    "FisherInverse",
    "FisherWindow",
    "ForestFactor",
    "GroupLassoResult",
    "L1LogisticResult",
    "LabelPropagationResult",
    "LassoPathResult",
    "LassoResult",
    "LeastSquares",
    "Logistic",
    "NNLSResult",
    "PruneResult",
    "Quadratic",
    "SVMResult",
    "Softmax",
    "alpha_max",
    "empirical_fisher_inverse",
    "forest_partition",
    "forest_solve",
    "group_lasso",
    "influence",
    "l1_logistic",
    "label_propagation",
    "lasso",
    "lasso_path",
    "minimize_bcd",
    "nnls",
    "obs_prune",
    "obs_scores",
    "svm_dual",
    "tree_preconditioner",
]
