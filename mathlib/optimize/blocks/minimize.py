"""Block coordinate descent: partition, selection and update put together."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.result import Result
from mathlib._lib.validate import choice, finite_array, finite_scalar, generator, positive_integer
from mathlib.optimize.blocks import rules
from mathlib.optimize.blocks.partitions import fixed_blocks
from mathlib.optimize.blocks.problem import Problem
from mathlib.optimize.blocks.terms import GroupNorms, Separable
from mathlib.optimize.blocks.updates import UPDATES

__all__ = ["BCDResult", "minimize_bcd"]

Floats = NDArray[np.float64]

REFRESH = 50  # passes after which the state is computed anew: it gathers rounding errors
NOTHING = 1e-30  # of the objective: a smaller decrease comes from a gradient that is all rounding
CHECK = 10  # updates between two looks at the stationarity, at most, where the whole gradient is known anyway


class BCDResult(Result):
    """
    What `minimize_bcd` found.

    Attributes
    ----------
    x : numpy.ndarray
        The point, in the shape of the problem.
    fun : float
        The objective there, computed from `x`.
    optimality : float
        How far `x` is from stationary; see the notes of `minimize_bcd`.
    history : numpy.ndarray, shape (nit + 1,)
        The objective before the first and after each update; it does not rise.
    nit : int
        Number of updates.
    success : bool
        Whether `optimality` is at most `tol`.
    status : int
        0 converged, 1 `max_iter` reached, 2 rounding leaves no step that makes the objective smaller, 3 stopped by
        the callback.
    message : str
        The status in words.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import Quadratic, minimize_bcd
    >>> found = minimize_bcd(Quadratic(np.diag([1.0, 2.0]), [1.0, 1.0]), block_size=1)
    >>> found.x, found.fun, found.nit
    (array([1. , 0.5]), -0.75, 2)
    """

    x: Floats
    fun: float
    optimality: float
    history: Floats
    nit: int
    success: bool
    status: int
    message: str


def minimize_bcd(
    problem: Problem,
    x0: Any = None,
    /,
    *,
    block_size: int = 8,
    partition: Literal["sort", "order", "average", "variable", "forest"] | Sequence[Any] = "sort",
    selection: Literal[
        "gsl", "gs", "gsd", "gsq", "gs-s", "gs-r", "gs-q", "random", "cyclic", "shuffled", "lipschitz"
    ] = "gsl",
    update: Literal["matrix", "gradient", "newton", "two-metric"] = "matrix",
    tol: float = 1e-6,
    max_iter: int = 10_000,
    callback: Callable[[Floats], object] | None = None,
    rng: Any = None,
) -> BCDResult:
    """
    Minimise a smooth function plus a simple term by block coordinate descent.

    Parameters
    ----------
    problem : LeastSquares, Logistic, Softmax or Quadratic
        The objective, with its term.
    x0 : array_like, optional
        Where to start, in the shape of the problem and within its bounds. By default at zero, or the point within the
        bounds that is nearest to it.
    block_size : int, default 8
        Number of variables of a block. Not used where `partition` is a list or 'forest', or the problem has groups.
    partition : {'sort', 'order', 'average', 'variable', 'forest'} or list of arrays of int, default 'sort'
        How variables are put into blocks: in decreasing order of their Lipschitz constants, in the order given, each
        large constant with a small one, anew for each update, sets that induce forests of the graph of a sparse
        `Quadratic`, or the list of these sets, which may overlap. Groups of a problem are always the blocks.
    selection : str, default 'gsl'
        Which block is next, with the gradient g, or the subgradient of least norm if there is a term:
        'gs' (also 'gs-s') the largest \\|g_b\\|^2; 'gsl' the largest \\|g_b\\|^2 / L_b; 'gsd' the largest
        sum g_i^2 / D_i with the row sums D of the Hessian's bound; 'gsq' the largest g_b H_b^-1 g_b, for 'variable'
        blocks nearly so; 'gs-r' the longest proximal step; 'gs-q' the largest decrease of the proximal model;
        'random', 'cyclic', 'shuffled' in another order in each pass, 'lipschitz' at random in proportion to L_b.
    update : {'matrix', 'gradient', 'newton', 'two-metric'}, default 'matrix'
        What is done to it: minimise the model with an upper bound of the Hessian; a proximal gradient step, halving
        the length until it is safe; minimise the model with the Hessian, with a line search; or two-metric projection,
        for problems whose term is bounds alone.
    tol : float, default 1e-6
        The descent ends when the optimality is at most this.
    max_iter : int, default 10000
        Most updates.
    callback : callable, optional
        Called after each update with a copy of the point; the descent ends if it raises StopIteration.
    rng : None, int or numpy.random.Generator, optional
        Source of random numbers of the rules that draw.

    Returns
    -------
    BCDResult
        The point, its objective and optimality, and the objective after each update.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If `x0` has another shape or is out of bounds, an option is unknown or does not go with the problem, or a list
        of blocks leaves out a variable.

    Notes
    -----
    Partitions, rules and updates are those of [1]_, and their experiments can be repeated with this function; the
    cubic update is left out. The objective never rises. The optimality is::

        max_i sqrt(L_i) |x_i - prox_i(x_i - g_i / L_i)|  /  max_i |g_i(0)| / sqrt(L_i),

    which does not change when variables are scaled and is 1 at x = 0 without term; where the gradient at zero
    vanishes it is relative to that at `x0`. With groups, L is summed over a group and the length is its norm.

    Greedy rules compute the whole gradient for each update, the price of a pass over all data (only of a block's
    columns for `Quadratic`): per update they are far ahead, but seldom in seconds. For the lasso and its relatives use
    `lasso`, `l1_logistic`, `group_lasso` and `nnls`, which reach high accuracy in a fraction of the time.

    References
    ----------
    .. [1] J. Nutini, I. Laradji, M. Schmidt, "Let's make block coordinate descent converge faster: faster greedy
       rules, message-passing, active-set complexity, and superlinear convergence", J. Mach. Learn. Res. 23(131), 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import LeastSquares, minimize_bcd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((30, 100))
    >>> problem = LeastSquares(X, X[:, :3] @ [1.0, 2.0, -3.0], l1=0.1)
    >>> fit = minimize_bcd(problem, block_size=5, selection="gs-q", tol=1e-8)
    >>> fit.success, np.flatnonzero(np.abs(fit.x) > 0.5).tolist()
    (True, [0, 1, 2])
    """
    if not isinstance(problem, Problem):
        raise TypeError(
            f"problem must be a LeastSquares, Logistic, Softmax or Quadratic, got {type(problem).__name__}: "
            "wrap the data in one of these"
        )
    rule_name = choice(selection, "selection", rules.NAMES)
    step = UPDATES[choice(update, "update", list(UPDATES))]
    term = problem.term
    if rule_name == "gsq" and not term.smooth:
        raise ValueError("selection 'gsq' is for problems without a term, and this one has one: use 'gs-q'")
    if update == "two-metric" and not (isinstance(term, Separable) and term.bounded and not term.l1.any()):
        raise ValueError("update 'two-metric' is for problems with bounds and nothing else: use 'newton'")
    sets = fixed_blocks(problem, partition, block_size)
    tol, max_iter = finite_scalar(tol, "tol", low=0.0), positive_integer(max_iter, "max_iter")
    source = generator(rng)
    descent = _Descent(problem, _start(problem, x0))
    if sets is None:
        rule: Any = rules.VariableRule(problem, rule_name, block_size, source)
    else:
        rule = rules.FixedRule(problem, rule_name, sets, source)
    status = descent.run(rule, step, rule_name in rules.GREEDY, tol, max_iter, callback)
    message = (
        f"converged: the optimality {descent.optimality:.2g} is at most tol = {tol:g}",
        f"max_iter = {max_iter} reached with the optimality {descent.optimality:.2g} above tol = {tol:g}",
        f"precision limit: no step makes the objective smaller, the optimality is {descent.optimality:.2g}",
        f"the callback stopped the descent with the optimality {descent.optimality:.2g}",
    )[status]
    return BCDResult(
        x=descent.x.reshape(problem.shape),
        fun=problem.value(descent.x),
        optimality=descent.optimality,
        history=np.array(descent.history),
        nit=len(descent.history) - 1,
        success=descent.optimality <= tol,
        status=status,
        message=message,
    )


class _Descent:
    """A point on its way down, with the state of the problem there."""

    def __init__(self, problem: Problem, x: Floats):
        self.problem, self.x = problem, x
        self.z = problem.state(x)
        self.history = [problem.value(x)]
        self._curvature = problem.lipschitz.copy()
        for index in problem.term.groups or ():  # one constant for all of a group
            self._curvature[index] = self._curvature[index].sum()
        self._root = np.sqrt(self._curvature)
        origin = np.abs(problem.gradient(problem.state(np.zeros(x.size))) / self._root).max()
        self._unit = origin if origin > 0 else self._residual(problem.gradient(self.z))
        self.optimality = np.inf

    def run(self, rule: Any, update: Any, greedy: bool, tol: float, max_iter: int, callback: Any) -> int:
        """Update blocks until a reason to stop is met, and return the status."""
        every = min(CHECK, rule.updates_per_pass) if greedy else rule.updates_per_pass
        failed = np.zeros(self.x.size, np.bool)  # variables that no block has moved since the last step
        failures = 0
        for k in range(max_iter):
            if k % (REFRESH * rule.updates_per_pass) == 0 or failures == 1:
                self.z = self.problem.state(self.x)
            g = self.problem.gradient(self.z) if greedy else None
            if k % every == 0:
                self._look(self.problem.gradient(self.z) if g is None else g)
                if self.optimality <= tol:
                    return 0
            block = rule.next(self.x, g)
            index = block.index
            slope = block.gradient(self.z) if g is None else g[index]
            step = update(self.problem, block, self.x[index], self.z, slope)
            if step is None or -step[2] <= NOTHING * abs(self.history[-1]):
                failures += 1
                failed[index] = True
                if failures > 1 and (greedy or failed.all()):
                    self._look(self.problem.gradient(self.z))
                    return 0 if self.optimality <= tol else 2
                self.history.append(self.history[-1])
                continue
            failures = 0
            failed[:] = False
            d, dz, change = step
            self.x[index] = self.problem.term.nearest(self.x[index] + d, index)
            self.z = self.z + dz
            self.history.append(self.history[-1] + change)
            if callback is not None:
                try:
                    callback(self.x.reshape(self.problem.shape).copy())
                except StopIteration:
                    self._look(self.problem.gradient(self.z))
                    return 3
        self._look(self.problem.gradient(self.problem.state(self.x)))
        return 0 if self.optimality <= tol else 1

    def _look(self, g: Floats) -> None:
        residual = self._residual(g)
        self.optimality = float(residual / self._unit if self._unit > 0 else residual)

    def _residual(self, g: Floats) -> float:
        """Return the largest length of a proximal gradient step, in units that do not depend on scales."""
        L, term = self._curvature, self.problem.term
        scaled = self._root * (self.x - term.prox(self.x - g / L, L, slice(None)))
        return float((term.norms(scaled) if isinstance(term, GroupNorms) else np.abs(scaled)).max())


def _start(problem: Problem, x0: Any) -> Floats:
    if x0 is None:
        return np.asarray(problem.term.prox(np.zeros(problem.size), np.inf, slice(None)))
    given = np.asarray(finite_array(x0, "x0"), np.float64)
    if given.shape != problem.shape:
        raise ValueError(f"x0 must have shape {problem.shape}, got {given.shape}")
    x = given.ravel().copy()
    if not problem.term.feasible(x):
        raise ValueError("x0 must be within the bounds of the problem: use numpy.clip(x0, low, high)")
    return x
