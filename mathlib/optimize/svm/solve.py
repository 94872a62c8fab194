"""Linear support vector machine by its dual problem: coordinate descent, an interior point method, basic points."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.dispatch import Backend
from mathlib._lib.result import Result
from mathlib._lib.validate import finite_scalar, positive_integer
from mathlib.optimize.convergence import CONVERGED, ITERATION_LIMIT, PRECISION_LIMIT, outcome
from mathlib.optimize.svm.interior import basic_point, interior_points
from mathlib.optimize.svm.newton import newton
from mathlib.optimize.training_data import compiled, matrix, two_classes

__all__ = ["SVMResult", "svm_dual"]

Floats = NDArray[np.float64]

EPOCHS = 6  # of descent between two looks at the gap
DESCENT_NS = 1.0  # per entry of a row that descent, or the gap, looks at
ROUND_NS = 3e4  # of the other work in a round
PRODUCT_NS = 0.08  # per multiplication in the products that the interior point method forms
STEP_NS = 4e5  # of its other work in a step, per thousand rows and a first
USUAL_STEPS = 16
SETTLED = 0.1  # change of the set of free unknowns between two rounds, relative, up to which Newton steps pay
FREE = (1e-3, 1e-5, 1e-7)  # shares of C from the bounds on which an unknown of an interior point is taken as free
NEAR = 1e-5  # gap from which on the free unknowns are worth a try
STALLED = 5  # interior points without progress before we give up
EPS = 2.0**-52


class SVMResult(Result):
    """
    Result of `svm_dual`.

    Attributes
    ----------
    x : numpy.ndarray, shape (n,)
        The dual variables, from 0 to `C`.
    coef : numpy.ndarray, shape (p,)
        The weights w of the features; positive values of ``X @ coef`` speak for ``classes[1]``.
    classes : numpy.ndarray, shape (2,)
        The two labels, sorted.
    fun : float
        The primal objective at `coef`.
    dual_gap : float
        Certificate: `fun` exceeds the minimum by no more than `dual_gap` times the objective ``C n`` at w = 0.
    support : numpy.ndarray of int
        The rows with a dual variable that is not 0.
    status : int
        0 converged, 1 iteration limit, 2 precision limit.
    success : bool
        Whether `dual_gap` is at most the tolerance or at the level of rounding.
    message : str
        The end in words.
    nit : int
        Rounds of coordinate descent.
    n_interior : int
        Steps of the interior point method.

    Examples
    --------
    >>> from mathlib.optimize import svm_dual
    >>> svm_dual([[1.0], [3.0], [-2.0]], [1, 1, 0], 10.0).support.tolist()
    [0]
    """

    x: np.ndarray
    coef: np.ndarray
    classes: np.ndarray
    fun: float
    dual_gap: float
    support: np.ndarray
    status: int
    success: bool
    message: str
    nit: int
    n_interior: int


class _Best:
    """The best dual point and the best primal point so far, and the gap between them, in units of C n."""

    def __init__(self, M: Floats, C: float):
        self.M, self.C = M, C
        self.primal, self.dual, self.w, self.a = np.inf, -np.inf, np.zeros(M.shape[1]), np.zeros(len(M))
        self.add(self.a, self.w)

    @property
    def gap(self) -> float:
        return max(self.primal - self.dual, 0.0) / (self.C * len(self.M)) + EPS

    def add(self, a: Floats, w: Floats) -> float:
        """Look at the dual point a and the primal point w = M'a; return the gap between these two, not in units."""
        half = float(w @ w) / 2.0
        primal = half + self.C * float(np.maximum(1.0 - self.M @ w, 0.0).sum())
        if primal < self.primal:
            self.primal, self.w = primal, w.copy()
        dual = float(a.sum()) - half
        if dual > self.dual:
            self.dual, self.a = dual, a.copy()
        return primal - dual


def svm_dual(
    X: Any,
    y: Any,
    C: float,
    /,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    backend: Backend | None = None,
) -> SVMResult:
    """
    Minimise ``|w|^2 / 2 + C sum_i max(0, 1 - s_i (X w)_i)``, where the s_i are -1 and 1 for the two classes.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The matrix. A constant feature gives an intercept, which is then penalised like any weight.
    y : array_like, shape (n,)
        The labels, of two classes.
    C : float
        The factor of the loss, above 0.
    tol : float, default 1e-6
        The duality gap that ends the iteration, relative to the objective ``C n`` at w = 0.
    max_iter : int, default 10000
        Rounds of coordinate descent at most.
    backend : {'numpy', 'numba'}, optional
        Coordinate descent needs 'numba', the default if that is installed; 'numpy' starts with the interior point
        method.

    Returns
    -------
    SVMResult
        The weights, the dual variables and the certified gap.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, the labels are not of two classes or `C` is not positive.
    TypeError
        If an argument is of a kind that is not taken, as a sparse matrix.

    Warns
    -----
    ConvergenceWarning
        If the gap is above the tolerance at the end.

    Notes
    -----
    The dual problem is to maximise ``sum a - |sum_i a_i s_i x_i|^2 / 2`` over 0 <= a <= C. Coordinate descent [1]_ runs
    as long as its gap falls fast enough to be at the tolerance before an interior point method [2]_ would be, whose
    steps cost n p min(n, p). The last points of that lead to the set of unknowns that are not at a bound; solving for
    these gives the solution to rounding. Both work with inner products of rows: where the scales of the features differ
    by more than about 1e8, the result may be above the tolerance, with status 2.

    References
    ----------
    .. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, "A dual coordinate descent method for
       large-scale linear SVM", ICML 2008.
    .. [2] M. C. Ferris, T. S. Munson, "Interior-point methods for massive support vector machines", SIAM J. Optim. 13
       (2002) 783-804.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import svm_dual
    >>> X = np.array([[2.0, 1.0], [1.0, 2.0], [-1.0, -1.0], [-2.0, -1.0]])
    >>> result = svm_dual(X, [1, 1, 0, 0], 10.0)
    >>> print(result.support, result.coef.round(6), result.dual_gap <= 1e-6)
    [2] [0.5 0.5] True
    """
    fast = compiled((X, y), backend, "svm_dual")
    if not isinstance(M := matrix(X, "X"), np.ndarray):
        raise TypeError("X must be a dense array, got a sparse matrix: convert it with X.toarray()")
    n, p = M.shape
    signs, classes = two_classes(y, "y", n)
    C = finite_scalar(C, "C", low=0.0)
    if C == 0.0:
        raise ValueError("C must be positive, got 0: the solution is then w = 0")
    tol = finite_scalar(tol, "tol", low=0.0)
    max_iter = positive_integer(max_iter, "max_iter")

    M = np.ascontiguousarray(signs[:, None] * M)
    best = _Best(M, C)
    rounds = _descend(best, tol, max_iter) if fast else 0
    status, steps = (CONVERGED, 0) if best.gap <= tol else (ITERATION_LIMIT, 0)
    if best.gap > tol and rounds < max_iter:
        steps = _interior(best, tol)
        status = CONVERGED if best.gap <= tol else PRECISION_LIMIT
    success, message = outcome("svm_dual", best.gap, tol, status)
    return SVMResult(
        x=best.a,
        coef=best.w,
        classes=classes,
        fun=float(best.primal),
        dual_gap=float(best.gap),
        support=np.flatnonzero(best.a),
        status=status,
        success=success,
        message=message,
        nit=rounds,
        n_interior=steps,
    )


def _descend(best: _Best, tol: float, max_iter: int) -> int:
    """Run coordinate descent to the tolerance, or until the interior point method promises to be faster."""
    from mathlib.optimize.svm.kernels.descent import descend

    M, C = best.M, best.C
    n, p = M.shape
    squares = np.einsum("ij,ij->i", M, M)
    a, w = np.where(squares > 0.0, 0.0, C), np.zeros(p)  # rows of zeros always have a loss
    rng = np.random.default_rng(0)
    rival = USUAL_STEPS * (M.size * min(n, p) * PRODUCT_NS + STEP_NS * (0.3 + n / 1000.0))
    spent, before, slow, free = 0.0, best.gap, 0, np.zeros(n, dtype=bool)
    for count in range(1, max_iter + 1):
        descend(M, squares, a, w, C, rng.permutation(n), EPOCHS)
        known, free = free, (a > 0.0) & (a < C)
        once = ROUND_NS + (2 * n + EPOCHS * int(free.sum())) * p * DESCENT_NS
        spent += once
        if 0 < free.sum() <= p and (free != known).sum() <= SETTLED * free.sum():
            a, w = newton(M, C, a)
        elif count % 8 == 0:
            w = M.T @ a
        best.add(a, w)
        if best.gap <= tol:
            break
        fall = np.log(before / best.gap)
        needed = np.log(best.gap / max(tol, EPS)) / fall if fall > 0.0 else np.inf
        slow = slow + 1 if needed * once > rival else 0
        few = free.sum() <= 1.25 * p  # as many as a solution has, up to a quarter: Newton steps are near
        if slow >= 2 and spent > (0.5 if few else 0.1) * rival:
            break
        before = best.gap
    return count


def _interior(best: _Best, tol: float) -> int:
    """Run the interior point method until the gap is at most the tolerance or falls no further; return the steps."""
    M, C = best.M, best.C
    stalled, steps, before = 0, 0, np.inf
    for a in interior_points(M, C):
        steps += 1
        gap = best.add(a, M.T @ a)
        if best.gap < NEAR:
            for share in FREE:
                if best.gap > tol and (basic := basic_point(M, C, a, share)) is not None:
                    best.add(basic, M.T @ basic)
        stalled = stalled + 1 if gap > 0.9 * before else 0
        before = gap
        if best.gap <= max(tol, 2.0 * EPS) or stalled == STALLED:
            break
    return steps
