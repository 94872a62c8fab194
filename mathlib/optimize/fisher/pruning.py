"""Optimal brain surgeon: which weights of a model to remove, and how the others make up for them."""

import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from array_api_compat import array_namespace

from mathlib._lib.dispatch import choose
from mathlib._lib.result import Result
from mathlib._lib.validate import choice, finite_scalar, positive_integer
from mathlib.optimize.fisher.blocked_side import BlockedSide, Group, blocked_side
from mathlib.optimize.fisher.gradients import GradientRows, gradient_rows
from mathlib.optimize.fisher.gram_side import gram_side
from mathlib.optimize.fisher.inverse import FisherInverse
from mathlib.optimize.fisher.parameters import flat_gradients
from mathlib.optimize.fisher.primal_side import primal_side
from mathlib.optimize.fisher.side import Side
from mathlib.optimize.fisher.vectors import flat_floats

Array: TypeAlias = Any
Mask: TypeAlias = Literal["score", "diagonal", "greedy"]

ROUNDS = 8  # with gradients taken again: at 90 % pruned, less than half of the rise of one round
EPS = float(np.finfo(np.float64).eps)

__all__ = ["PruneResult", "obs_prune", "obs_scores"]


class PruneResult(Result):
    """
    What `obs_prune` found.

    Attributes
    ----------
    x : array or list of arrays
        The weights: removed ones are exactly 0.0, the others corrected.
    mask : array or list of arrays of bool
        True where a weight was kept.
    loss_increase : float
        The rise of the loss in the quadratic model, summed over the rounds. The model leaves the slope of the loss out
        and the true rise is often many times as large: compare models with it, do not promise it.
    sparsity : float
        Share of the weights that were removed.
    nit : int
        Number of rounds.
    success : bool
        Whether all weights are finite.
    status : int
        0 if so, 1 if not.
    message : str
        The same in words.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse, obs_prune
    >>> found = obs_prune(np.array([0.1, 2.0]), empirical_fisher_inverse(np.array([[1.0, 1.0]]), damp=0.5), 0.5)
    >>> found.mask, found.nit, found.success
    (array([False,  True]), 1, True)
    >>> round(found.loss_increase, 6)
    0.004167
    """

    x: Any
    mask: Any
    loss_increase: float
    sparsity: float
    nit: int
    success: bool
    status: int
    message: str


def obs_scores(w: Array, fisher: FisherInverse, /) -> Array:
    """
    Return the rise of the loss that removing each weight alone costs, with the best correction of the others.

    Parameters
    ----------
    w : (d,) array of float32 or float64, or list of arrays
        Weights, in the library of the gradients; a list with one array per parameter if the gradients were given so.
    fisher : FisherInverse
        Inverse of the empirical Fisher matrix at `w`.

    Returns
    -------
    array, or list of arrays
        The scores w_i^2 / (2 [H^-1]_ii), of the shape and dtype of `w`.

    Raises
    ------
    ValueError
        If `w` has another length than d, or is not finite.
    TypeError
        If `w` holds integers, or belongs to another library than the gradients.

    See Also
    --------
    obs_prune : Remove weights.

    Notes
    -----
    The loss is taken as quadratic with the Hessian matrix H around a minimum [1]_. The diagonal of the inverse comes
    from `FisherInverse.diagonal`.

    References
    ----------
    .. [1] B. Hassibi, D. G. Stork, "Second order derivatives for network pruning: Optimal Brain Surgeon", Advances in
       Neural Information Processing Systems 5, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse, obs_scores
    >>> fisher = empirical_fisher_inverse(np.array([[1.0, 0.0], [1.0, 1.0]]), damp=0.5)
    >>> obs_scores(np.array([1.0, 1.0]), fisher)
    array([0.625     , 0.41666667])
    """
    flat, split = _weights(w, fisher)
    xp = array_namespace(flat)
    scores = xp.astype(_scores(xp.astype(flat, xp.float64), fisher.diagonal()), flat.dtype, copy=False)
    return fisher._parameters.split(scores) if split and fisher._parameters else scores


def obs_prune(
    w: Array,
    fisher: FisherInverse,
    sparsity: float,
    /,
    *,
    mask: Mask = "score",
    n_recompute: int | None = None,
    grad_fn: Callable[[Array], Array] | None = None,
    block_size: int = 64,
) -> PruneResult:
    """
    Set a share of the weights to zero and correct the others for it.

    Parameters
    ----------
    w : (d,) array of float32 or float64, or list of arrays
        Weights, in the library of the gradients; a list with one array per parameter if the gradients were given so.
    fisher : FisherInverse
        Inverse of the empirical Fisher matrix at `w`.
    sparsity : float
        Share of the weights to remove, 0 <= sparsity < 1: round(sparsity d) of them in all.
    mask : {'score', 'diagonal', 'greedy'}, default 'score'
        How weights are chosen, in every round: 'score', the smallest `obs_scores`; 'diagonal', the smallest
        w_i^2 H_ii, which needs no inverse; 'greedy', one after another in blocks of weights, with the inverse and the
        weights of the block brought up to date after each.
    n_recompute : int, optional
        Number of rounds. In all but the first the gradients are taken again. Default: 8 with `grad_fn`, else 1.
    grad_fn : callable, optional
        ``grad_fn(w)`` returns gradients at w, one per row, in the form in which ``fisher`` got them; w has the form of
        `w`. Their number may change.
    block_size : int, default 64
        Size of the blocks of the greedy choice, unless ``fisher`` has blocks of its own.

    Returns
    -------
    PruneResult
        Weights `x`, `mask` (True where kept), `loss_increase` in the quadratic model, and how it went.

    Raises
    ------
    ValueError
        If `sparsity` is not in [0, 1), `w` or what `grad_fn` returns is not finite or has another length than d,
        `n_recompute` is more than 1 without `grad_fn`, or ``fisher`` holds one slice of many.
    TypeError
        If `w` or what `grad_fn` returns holds integers, or belongs to another library than the gradients.

    See Also
    --------
    obs_scores : The scores alone.

    Notes
    -----
    All weights q that a round removes are corrected for at once: the kept ones k change by G_k^T c, where
    (G_k G_k^T + n damp I) c = G_q w_q, which equals the formula -[H^-1]_kq ([H^-1]_qq)^-1 w_q of [1]_ without a
    matrix of the size of q. This is most of what the method gains; `mask` matters less. If ``fisher`` has blocks, the
    correction of a weight stays in its block. After round r of R, (1 - sparsity)^(r / R) of the weights are left.
    At high sparsity new gradients matter most: one round is far from the minimum that the model expects.

    Memory beside the gradients: a copy of them, and m x m matrices or the factors of a group of blocks.

    References
    ----------
    .. [1] E. Kurtic et al., "The Optimal BERT Surgeon", Proceedings of EMNLP, 2022.

    Examples
    --------
    Two weights do the same: one of them goes, and the other takes its part over.

    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse, obs_prune
    >>> gradients = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 2.0]])
    >>> found = obs_prune(np.array([1.0, 1.0, 3.0]), empirical_fisher_inverse(gradients, damp=1e-6), 1 / 3)
    >>> found.mask
    array([False,  True,  True])
    >>> found.x.round(3)
    array([0., 2., 3.])
    """
    flat, split = _weights(w, fisher)
    share = finite_scalar(sparsity, "sparsity", 0.0, 1.0)
    if share == 1.0:
        raise ValueError("sparsity must be less than 1: some weights have to stay")
    choice(mask, "mask", ("score", "diagonal", "greedy"))
    rounds = (1 if grad_fn is None else ROUNDS) if n_recompute is None else positive_integer(n_recompute, "n_recompute")
    if rounds > 1 and grad_fn is None:
        raise ValueError(f"n_recompute={rounds} rounds need gradients taken again: pass grad_fn")
    block_size = positive_integer(block_size, "block_size")
    side = fisher._side
    if side.rows.total != side.rows.d:
        raise ValueError("fisher holds a slice of the weights only: prune with all of them in one place")

    xp, d = array_namespace(flat), flat.shape[0]
    left = d - round(share * d)
    x = xp.astype(flat, xp.float64)
    keep = xp.ones_like(x, dtype=xp.bool)
    rise = 0.0

    def form(values: Array) -> Array:
        return fisher._parameters.split(values) if split and fisher._parameters else values

    for r in range(1, rounds + 1):
        if r > 1 and grad_fn is not None:
            side = _renewed(side, grad_fn(form(xp.astype(x, flat.dtype))), keep)
        count = left if r == rounds else round(d * (left / d) ** (r / rounds))
        rank = _rank(side, x, ~keep, mask, block_size)
        keep = xp.argsort(xp.argsort(rank, stable=True)) >= d - count
        corrected = _corrected(side, x, keep)
        rise += _rise(side, corrected - x)
        x = corrected
    x = xp.astype(x, flat.dtype, copy=False)
    finite = bool(xp.all(xp.isfinite(x)))
    return PruneResult(
        x=form(x),
        mask=form(keep),
        loss_increase=rise,
        sparsity=(d - left) / d,
        nit=rounds,
        success=finite,
        status=0 if finite else 1,
        message="all weights are finite" if finite else "corrected weights overflow: raise damp",
    )


def _weights(w: Array, fisher: FisherInverse) -> tuple[Array, bool]:
    flat, split = flat_floats(fisher, w, "w")
    if flat.ndim != 1:
        raise ValueError(f"w must have shape (d,) with d = {fisher.shape[0]}, got {tuple(flat.shape)}")
    return flat, split


def _scores(w: Array, inverse_diagonal: Array) -> Array:
    return 0.5 * w * w / inverse_diagonal


def _with_rows(side: Side, matrix: Array) -> Side:
    """Return the side of other gradients, with the same damping and blocks; a divisor that counts, counts them."""
    rows = GradientRows(matrix)
    divisor = float(rows.m) if side.divisor == side.rows.m else side.divisor
    if isinstance(side, BlockedSide):
        return blocked_side(rows, side.damp, divisor, side.block_size, choose([matrix], None))
    if rows.d <= rows.m:
        return primal_side(rows, side.damp, divisor)
    return gram_side(rows, side.damp, divisor, "gram")


def _renewed(side: Side, grads: Any, keep: Array) -> Side:
    """Return the side of gradients taken again. Those of weights that are gone count as zero: H splits there."""
    matrix = gradient_rows(flat_gradients(grads, "grad_fn(w)")[0], "grad_fn(w)")
    if choose([matrix], None) != choose([keep], None):
        raise TypeError(f"grad_fn(w) must return an array of the library of w, got {type(matrix).__name__}: convert it")
    if matrix.shape[1] != side.rows.d:
        raise ValueError(f"grad_fn(w) must return {side.rows.d} entries per gradient, got shape {tuple(matrix.shape)}")
    return _with_rows(side, matrix * array_namespace(matrix).astype(keep, matrix.dtype))


def _rank(side: Side, w: Array, gone: Array, mask: Mask, block_size: int) -> Array:
    """Return numbers in whose order weights are removed; -1 where they are gone."""
    xp, rows = side.rows.xp, side.rows
    if mask == "greedy":
        blocked = side
        if not isinstance(blocked, BlockedSide):
            blocked = BlockedSide(
                rows, side.damp, side.divisor, block_size, host=choose([w], None) in ("numpy", "numba")
            )
        parts = [_greedy(g, g.split(w[:, None])[..., 0], g.split(gone[:, None])[..., 0]) for g in blocked.groups]
        return xp.concat([xp.reshape(part, (-1,)) for part in parts])
    if mask == "score":
        rank = _scores(w, side.diagonal())
    else:
        squares = xp.concat([xp.sum(block * block, axis=0) for _, _, block in rows.blocks(rows.double)])
        rank = 0.5 * w * w * (side.damp + squares / side.divisor)
    return xp.where(gone, xp.full_like(w, -1.0), rank)


def _greedy(group: Group, w: Array, gone: Array) -> Array:
    """Return ranks of the weights (blocks, width) when in every block the cheapest goes next, until all have gone.

    A weight that is cheap only after a dearer one of its block ranks just behind that one: the ranks of all blocks
    together, in rising order, are what one gets by always taking the cheapest next weight of any block.
    """
    xp = group.xp
    inverse = group.inverse()
    # After removals the diagonal is the inverse of a Schur complement of H: rounding cannot push it below this.
    least = 1.0 / group.norm_bound
    places = xp.arange(group.width, device=w.device)
    rank, level = xp.zeros_like(w), xp.full_like(w[:, 0], -1.0)
    left = xp.ones_like(gone)
    for _ in range(group.width):
        diagonal = xp.linalg.diagonal(inverse)
        score = _scores(w, xp.where(diagonal > least, diagonal, xp.full_like(w, least)))
        score = xp.where(left, xp.where(gone, xp.full_like(w, -1.0), score), xp.full_like(w, math.inf))
        pick = places == xp.argmin(score, axis=1)[:, None]
        level = xp.maximum(xp.min(score, axis=1), level * (1.0 + EPS))
        rank = xp.where(pick, level[:, None], rank)
        one = xp.astype(pick, w.dtype)
        column = xp.matmul(inverse, one[..., None])[..., 0]
        pivot = xp.maximum(xp.sum(one * column, axis=1), xp.full_like(level, least))
        w = xp.where(pick, xp.zeros_like(w), w - (xp.sum(one * w, axis=1) / pivot)[:, None] * column)
        inverse -= column[:, :, None] * (column / pivot[:, None])[:, None, :]
        left = left & ~pick
    return rank


def _corrected(side: Side, w: Array, keep: Array) -> Array:
    """Return the kept weights, corrected for the removal of the others, which are zero."""
    xp, zero = side.rows.xp, side.rows.xp.zeros_like(w)
    if isinstance(side, BlockedSide):
        change = side.correction(w, keep)
    else:
        product = side.rows.times(xp.where(keep, zero, w), wide=True)
        matrix = side.rows.chunk(0, side.rows.d)
        change = _with_rows(side, matrix * xp.astype(keep, matrix.dtype)).solve_rows(product / side.divisor)
    return xp.where(keep, w + change, zero)


def _rise(side: Side, change: Array) -> float:
    """Return the rise of the quadratic model, change^T H change / 2: a sum of squares, so nothing cancels."""
    if isinstance(side, BlockedSide):
        return 0.5 * side.quadratic(change)
    squares = np.sum(side.rows.times(change, wide=True) ** 2) / side.divisor
    return 0.5 * (side.damp * float(side.rows.xp.sum(change * change)) + float(squares))
