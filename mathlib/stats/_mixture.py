"""Mixtures of von Mises-Fisher distributions by expectation maximisation."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.result import Result
from mathlib._lib.validate import UNIT_TOLERANCE, choice, finite_array, finite_scalar, generator, positive_integer
from mathlib.stats._density import check_norms, log_mode, row_squares
from mathlib.stats._kappa import vmf_kappa

Floats = NDArray[np.float64]

BLOCK_ROWS = 4096
SEED_ROWS = 10_000  # at most so many rows, but 20 per component, take part in the choice of the starting directions


class VMFMixtureResult(Result):
    """
    What `vmf_mixture` found; K components in p dimensions, n rows.

    Attributes
    ----------
    weights : numpy.ndarray, shape (K,)
        Shares of the components; they sum to 1.
    means : numpy.ndarray, shape (K, p)
        Mean directions.
    kappas : numpy.ndarray, shape (K,)
        Concentrations.
    log_likelihood : float
        Sum over the rows of the logarithm of the mixture's density (soft), or of the density of their own component
        times its weight (hard).
    history : numpy.ndarray, shape (n_iter,)
        `log_likelihood` at each iteration; it does not fall.
    labels : numpy.ndarray of int, shape (n,)
        Most probable component of each row.
    n_iter : int
        Number of iterations.
    success : bool
        Whether the iteration converged.
    status : int
        0 converged, 1 `max_iter` reached.
    message : str
        The status in words.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.stats import vmf_mixture
    >>> angles = np.r_[0.0:0.2:9j, 2.0:2.2:9j]
    >>> found = vmf_mixture(np.stack([np.cos(angles), np.sin(angles)], axis=1), 2, rng=0)
    >>> found.weights.round(6).tolist()
    [0.5, 0.5]
    """

    weights: Floats
    means: Floats
    kappas: Floats
    log_likelihood: float
    history: Floats
    labels: NDArray[np.intp]
    n_iter: int
    success: bool
    status: int
    message: str


@dataclass
class _Model:
    weights: Floats
    means: Floats
    kappas: Floats


def vmf_mixture(
    X: Any,
    n_components: int,
    *,
    assignment: Literal["soft", "hard"] = "soft",
    n_init: int = 1,
    max_iter: int = 100,
    tol: float = 1e-6,
    rng: Any = None,
) -> VMFMixtureResult:
    """
    Fit a mixture of von Mises-Fisher distributions.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Rows of norm 1 (within 1e-8, in float32 1e-5). Matrix products run in the dtype of `X`.
    n_components : int
        Number of components.
    assignment : {'soft', 'hard'}, default 'soft'
        Whether a row belongs to all components by probability, or to the most probable one.
    n_init : int, default 1
        Number of starts; the fit of largest likelihood is returned.
    max_iter : int, default 100
        Most iterations of a start.
    tol : float, default 1e-6
        A start has converged when the log-likelihood per row rises by no more than this.
    rng : None, int or numpy.random.Generator, optional
        Source of random numbers for the starts.

    Returns
    -------
    VMFMixtureResult
        Weights, mean directions and concentrations, with the likelihood at each iteration.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a row is not finite or not of norm 1, there are fewer rows than components, or an option is out of range.

    Notes
    -----
    Expectation maximisation (Banerjee et al., J. Mach. Learn. Res. 6 (2005) 1345) in one pass over the data per
    iteration, probabilities in the log domain, concentrations by `vmf_kappa`. Starting directions are rows chosen with
    probability proportional to 1 - cosine to the nearest one chosen before, as in k-means++. A component all of whose
    rows are equal to rounding keeps a finite kappa of about p / (16 eps); one that loses its rows keeps its mean and
    kappa, with weight 0.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.stats import vmf_mixture, vonmises_fisher
    >>> a, b = np.eye(16)[:2]
    >>> X = np.concatenate([vonmises_fisher.rvs(a, 60, 300, 1), vonmises_fisher.rvs(b, 90, 100, 2)])
    >>> fit = vmf_mixture(X, 2, rng=3)
    >>> fit.success, fit.weights.round(2).tolist()
    (True, [0.75, 0.25])
    """
    X = _matrix(X)
    n_components = positive_integer(n_components, "n_components")
    if X.shape[0] < n_components:
        raise ValueError(
            f"n_components is {n_components} and X has {X.shape[0]} rows: use fewer components or more data"
        )
    hard = choice(assignment, "assignment", ("soft", "hard")) == "hard"
    starts = positive_integer(n_init, "n_init")
    max_iter = positive_integer(max_iter, "max_iter")
    tol = finite_scalar(tol, "tol", low=0.0)
    source = generator(rng)
    fits = (_start(X, n_components, hard, max_iter, tol, source) for _ in range(starts))
    return max(fits, key=lambda fit: fit.log_likelihood)


def _matrix(X: Any) -> Any:
    """Return `X`, dense or CSR, with rows of norm 1."""
    from scipy import sparse

    if sparse.issparse(X):
        X = sparse.csr_array(X)
        X.data = finite_array(X.data, "X.data")
    else:
        X = finite_array(X, "X", ndim=2)
        if not isinstance(X, np.ndarray):
            raise TypeError(f"X is a {type(X).__name__}: pass a NumPy array or a scipy.sparse array")
    if X.shape[1] < 2:
        raise ValueError(f"X must have at least 2 columns, the dimension of the plane; got shape {X.shape}")
    tolerance = UNIT_TOLERANCE[8 * X.dtype.itemsize]
    for i in range(0, X.shape[0], BLOCK_ROWS):
        rows = X[i : i + BLOCK_ROWS]
        squares = rows.multiply(rows).sum(axis=1) if sparse.issparse(rows) else row_squares(rows)
        check_norms(np.sqrt(squares), tolerance, i, "X")
    return X


def _start(X: Any, count: int, hard: bool, max_iter: int, tol: float, rng: np.random.Generator) -> VMFMixtureResult:
    n, p = X.shape
    # Equal weights and concentrations: rows go to the nearest of the chosen directions.
    model = _Model(np.full(count, 1.0 / count), _directions(X, count, rng), np.ones(count))
    _, _, counts, sums = _sweep(X, model, hard=True)
    model = _maximised(model, counts, sums, X.dtype)
    history: list[float] = []
    while True:
        value, labels, counts, sums = _sweep(X, model, hard)
        history.append(value)
        success = len(history) > 1 and value - history[-2] <= tol * n
        if success or len(history) == max_iter:
            break
        model = _maximised(model, counts, sums, X.dtype)
    if success:
        message = f"the log-likelihood per row rose by no more than tol = {tol:g}"
    else:
        message = f"max_iter = {max_iter} iterations did not suffice: raise max_iter or tol"
    return VMFMixtureResult(
        weights=model.weights,
        means=model.means,
        kappas=model.kappas,
        log_likelihood=history[-1],
        history=np.array(history),
        labels=labels,
        n_iter=len(history),
        success=success,
        status=0 if success else 1,
        message=message,
    )


def _directions(X: Any, count: int, rng: np.random.Generator) -> Floats:
    """Rows chosen one after the other with probability proportional to 1 - cosine to the nearest one chosen before."""
    n = X.shape[0]
    rows = X[np.sort(rng.choice(n, min(n, max(SEED_ROWS, 20 * count)), replace=False))]
    chosen = np.empty((count, X.shape[1]))
    distance = np.full(rows.shape[0], np.inf)
    i = int(rng.integers(rows.shape[0]))
    for j in range(count):
        row = rows[[i]]
        row = row if isinstance(row, np.ndarray) else row.toarray()
        chosen[j] = row[0]
        np.minimum(distance, np.maximum(1.0 - (rows @ row[0]), 0.0), out=distance)
        mass = np.cumsum(distance)
        i = min(int(np.searchsorted(mass, rng.random() * mass[-1], side="right")), len(mass) - 1)
    return chosen


def _sweep(X: Any, model: _Model, hard: bool) -> tuple[float, NDArray[np.intp], Floats, Floats]:
    """Return the log-likelihood, the labels, and the sums of the responsibilities and of the rows weighted by them."""
    n, p = X.shape
    with np.errstate(divide="ignore"):
        offset = np.log(model.weights) + log_mode(p, model.kappas) - model.kappas
    means = np.ascontiguousarray(model.means.T, dtype=X.dtype)
    counts, sums = np.zeros(len(offset)), np.zeros((p, len(offset)))
    labels, value = np.empty(n, dtype=np.intp), 0.0
    for i in range(0, n, BLOCK_ROWS):
        rows = X[i : i + BLOCK_ROWS]
        score = (rows @ means) * model.kappas + offset
        best = np.argmax(score, axis=1)
        top = np.take_along_axis(score, best[:, None], axis=1)
        labels[i : i + BLOCK_ROWS] = best
        value += float(np.sum(top))
        if hard:
            share = np.zeros(score.shape, dtype=X.dtype)
            np.put_along_axis(share, best[:, None], 1, axis=1)
        else:
            score -= top
            # In the dtype of X: the largest is 1, and what underflows does not count.
            share = np.exp(score.astype(X.dtype, copy=False))
            total = share.sum(axis=1, keepdims=True)
            value += float(np.sum(np.log(total), dtype=np.float64))
            share /= total
        counts += share.sum(axis=0, dtype=np.float64)
        sums += rows.T @ share
    return value, labels, counts, sums.T


def _maximised(model: _Model, counts: Floats, sums: Floats, dtype: Any) -> _Model:
    """Return the model of largest expected likelihood; components without rows or whose rows cancel keep their mean."""
    lengths = np.sqrt(np.vecdot(sums, sums))
    there = lengths > 0
    means = np.where(there[:, None], sums / np.where(there, lengths, 1.0)[:, None], model.means)
    length = lengths / np.where(counts > 0, counts, 1.0)
    complement = np.maximum(1.0 - length, 8.0 * float(np.finfo(dtype).eps))
    kappas = np.where(counts > 0, vmf_kappa(1.0 - complement, means.shape[1], rbar_c=complement), model.kappas)
    return _Model(counts / counts.sum(), means, kappas)
