"""The inverse of an empirical Fisher matrix as a linear operator: arguments are checked here, a side does the work."""

import warnings
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from scipy.linalg import LinAlgWarning
from scipy.sparse.linalg import LinearOperator

from mathlib._lib.dispatch import Backend, choose, family
from mathlib._lib.validate import choice, finite_array, finite_scalar, positive_integer
from mathlib.optimize.fisher.blocked_side import blocked_side
from mathlib.optimize.fisher.damped_gram import HOPELESS
from mathlib.optimize.fisher.gradients import AllReduce, GradientRows, alone, gradient_rows
from mathlib.optimize.fisher.gram_side import GramSide, gram_side
from mathlib.optimize.fisher.parameters import Parameters, flat_gradients, is_structure
from mathlib.optimize.fisher.primal_side import primal_side
from mathlib.optimize.fisher.side import Refine, Side

Array: TypeAlias = Any
Normalization: TypeAlias = Literal["count", "none"]
Method: TypeAlias = Literal["auto", "gram", "eigh", "svd", "primal"]

__all__ = ["FisherInverse", "empirical_fisher_inverse"]


class FisherInverse(LinearOperator):  # type: ignore[misc]  # SciPy has no types
    """
    Inverse of a damped empirical Fisher matrix, as a linear operator.

    `empirical_fisher_inverse` makes it. With m gradients as the rows of G it stands for the (d, d) matrix H^-1, where
    H = damp I + G^T G / n, and never forms either. It is a SciPy ``LinearOperator``: ``F @ x``, products and sums
    with other operators, and use as a preconditioner work. Arrays of other libraries stay in theirs.

    Parameters
    ----------
    side : object
        The form in which the inverse is held.
    parameters : object, optional
        Shapes of the parameters, where the gradients were given as one array for each.

    See Also
    --------
    empirical_fisher_inverse : Make one from gradients.
    FisherWindow : The same for gradients that come and go.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse
    >>> F = empirical_fisher_inverse(np.array([[1.0, 0.0, 2.0]]), damp=0.5)
    >>> F.shape, F.n_grads
    ((3, 3), 1)
    >>> F @ np.array([1.0, 1.0, 1.0])
    array([ 0.90909091,  2.        , -0.18181818])
    """

    _side: Side
    _parameters: Parameters | None

    def __init__(self, side: Side, parameters: Parameters | None = None):
        self._side, self._parameters = side, parameters
        self._warn_if_hopeless()
        super().__init__(np.dtype("float32" if side.rows.single else "float64"), (side.rows.d, side.rows.d))

    def _warn_if_hopeless(self) -> None:
        side = self._side
        if isinstance(side, GramSide) and np.finfo(np.float64).eps * side.condition > HOPELESS:
            warnings.warn(
                f"damp={side.damp:g} is negligible beside the gradients (condition number {side.condition:.1e}): along "
                "directions in which the gradients are rounding noise the inverse is taken as 1 / damp; raise damp "
                "to use them",
                LinAlgWarning,
                stacklevel=4,
            )

    @property
    def n_grads(self) -> int:
        """Number of gradients held, m."""
        return self._side.rows.m

    @property
    def damp(self) -> float:
        """The damping: change it with `set_damp`."""
        return self._side.damp

    @property
    def condition(self) -> float:
        """Condition number of H, to a few per cent."""
        return self._side.condition

    @property
    def method(self) -> str:
        """How the inverse is held: 'gram', 'eigh', 'svd', 'primal' or 'blocked'."""
        return self._side.name

    @property
    def nbytes(self) -> int:
        """Bytes held beside the gradients."""
        return self._side.nbytes

    def solve(self, x: Array, /, *, refine: Refine = "auto") -> Array:
        """
        Return H^-1 x.

        Parameters
        ----------
        x : (d,) or (d, k) array of float32 or float64, or list of arrays
            Right-hand sides, in the library and on the device of the gradients; a list with one array per parameter
            if the gradients were given so.
        refine : 'auto' or int, default 'auto'
            Steps of iterative refinement, each another pass over the gradients in float64. ``'auto'`` takes the two
            plain passes, estimates what they lost, and goes on only if that is more than a few units in the last
            place.

        Returns
        -------
        array, or list of arrays
            Of the shape of `x`, in the wider dtype of `x` and the gradients.

        Raises
        ------
        ValueError
            If `x` is not finite, or has another length than d.
        TypeError
            If `x` belongs to another library than the gradients, or holds no real numbers.

        Notes
        -----
        Two passes over the gradients, 4 m d operations. The subtraction in (x - G^T S^-1 G x) / damp loses digits
        when `x` lies in the span of the gradients: a relative error of about ``eps |x| / (damp |H^-1 x|)`` remains
        whatever is done, in float64 even for float32 gradients. Of a stored gradient, or a known combination of them,
        `solve_rows` loses nothing.
        """
        if refine != "auto" and (isinstance(refine, bool) or not isinstance(refine, int) or refine < 0):
            raise ValueError(f"refine must be 'auto' or a number of steps, at least 0; got {refine!r}")
        flat, split = self._flat(x, "x")
        if flat.ndim not in (1, 2) or flat.shape[0] != self.shape[0]:
            raise ValueError(f"x must have shape (d,) or (d, k) with d = {self.shape[0]}, got {tuple(flat.shape)}")
        y = self._side.solve(flat, refine)
        return self._parameters.split(y) if split and self._parameters else y

    def _flat(self, x: Array, name: str) -> tuple[Array, bool]:
        """Return `x` as an array of the gradients' library, and whether it came as one array per parameter."""
        split = is_structure(x)
        if split:
            if self._parameters is None:
                raise ValueError(f"{name} is a list of arrays, but the gradients were one matrix: pass one array")
            x = self._parameters.join(x, name)
        x = finite_array(x, name)
        home, own = family(x.__class__), family(self._side.rows.array.__class__)
        if home != own:
            raise TypeError(f"{name} is of {home} and the gradients are of {own}: convert it, nothing is moved")
        return x, split

    def solve_rows(self, coef: Any, /) -> Array:
        """
        Return H^-1 G^T coef: the inverse applied to a combination of the gradients held.

        Parameters
        ----------
        coef : (m,) or (m, k) array_like of float
            Weight of each gradient, on the host: a unit vector for one of them, 1 / m for their mean.

        Returns
        -------
        (d,) or (d, k) array
            In the dtype of the gradients; a list with one array per parameter if they were given so and `coef` is a
            vector.

        Raises
        ------
        ValueError
            If `coef` has not one row for each gradient, or is not finite.

        Notes
        -----
        n G^T S^-1 coef (push-through identity): one pass over the gradients, and no subtraction, so the result is
        right to a few units in the last place at any damping unless the gradients are close to dependent.
        """
        a = np.asarray(finite_array(np.asarray(coef), "coef"), dtype=np.float64)
        if a.ndim not in (1, 2) or len(a) != self.n_grads:
            raise ValueError(f"coef must have shape (m,) or (m, k) with m = {self.n_grads} gradients, got {a.shape}")
        y = self._side.solve_rows(a)
        return self._parameters.split(y) if self._parameters and a.ndim == 1 else y

    def quad_rows(self) -> np.ndarray:
        """
        Return G H^-1 G^T: influences of all pairs of gradients held, leverages on the diagonal.

        Returns
        -------
        (m, m) ndarray of float64
            Symmetric, on the host. No pass over the gradients is made.
        """
        return self._side.quad_rows()

    def diagonal(self) -> Array:
        """
        Return the diagonal of H^-1.

        Returns
        -------
        (d,) array of float64
            In the library and on the device of the gradients.

        Notes
        -----
        m^2 d operations in matrix products. Its error is about eps of the gradients' dtype, relative to 1 / damp and
        to each entry: blocks where an entry is far below 1 / damp are done in float64.
        """
        return self._side.diagonal()

    def element(self, i: Any, j: Any, /) -> Any:
        """
        Return single entries of H^-1.

        Parameters
        ----------
        i, j : int or array_like of int
            Row and column, 0 <= i, j < d; they are broadcast together.

        Returns
        -------
        float or ndarray of float64
            The entries, on the host.

        Raises
        ------
        IndexError
            If an index is outside of 0..d - 1.
        TypeError
            If the indices are not integers.
        """
        rows, columns = np.broadcast_arrays(self._index(i, "i"), self._index(j, "j"))
        found = self._side.elements(rows.ravel(), columns.ravel()).reshape(rows.shape)
        return found if found.ndim else float(found)

    def columns(self, index: Any, /) -> Array:
        """
        Return columns of H^-1.

        Parameters
        ----------
        index : (k,) array_like of int
            Which columns, 0 <= index < d.

        Returns
        -------
        (d, k) array
            In the library, device and dtype of the gradients.

        Raises
        ------
        IndexError
            If an index is outside of 0..d - 1.
        """
        return self._side.columns(np.atleast_1d(self._index(index, "index")))

    def block(self, index: Any, /) -> np.ndarray:
        """
        Return the block of H^-1 with these rows and columns.

        Parameters
        ----------
        index : (k,) array_like of int
            Which rows and columns, 0 <= index < d.

        Returns
        -------
        (k, k) ndarray of float64
            On the host.

        Raises
        ------
        IndexError
            If an index is outside of 0..d - 1.
        """
        places = np.atleast_1d(self._index(index, "index"))
        i, j = np.broadcast_arrays(places[:, None], places)
        return self._side.elements(i.ravel(), j.ravel()).reshape(i.shape)

    def _index(self, value: Any, name: str) -> np.ndarray:
        index = np.asarray(value)
        if index.dtype.kind not in "iu":
            raise TypeError(f"{name} must hold integers, got dtype {index.dtype}")
        if index.size and not (index.min() >= 0 and index.max() < self.shape[0]):
            raise IndexError(f"{name} must be in 0..{self.shape[0] - 1}, got {index.min()}..{index.max()}")
        return index.astype(np.int64)

    def logdet(self) -> float:
        """
        Return log det H: of the matrix itself, not of its inverse.

        Returns
        -------
        float
            The natural logarithm.
        """
        return self._side.logdet()

    def trace(self) -> float:
        """
        Return the trace of H^-1.

        Returns
        -------
        float
            The sum of the diagonal, without a pass over the gradients.
        """
        return self._side.trace()

    def set_damp(self, damp: float, /) -> Self:
        """
        Change the damping, without a pass over the gradients.

        Parameters
        ----------
        damp : float
            The new damping, > 0.

        Returns
        -------
        FisherInverse
            This operator.

        Raises
        ------
        ValueError
            If `damp` is not a positive number.

        Notes
        -----
        m^3 / 3 operations, m^2 with ``method='eigh'`` or ``'svd'``: use one of these for a sweep. An inverse by
        blocks does its work again.
        """
        self._side = self._side.with_damp(positive_damp(damp))
        self._warn_if_hopeless()
        return self

    def dot(self, x: Any) -> Any:
        """
        Return the product with an array, another operator or a number.

        Parameters
        ----------
        x : array, LinearOperator or float
            An array as in `solve`.

        Returns
        -------
        array or LinearOperator
            H^-1 x.
        """
        if isinstance(x, LinearOperator) or np.isscalar(x):
            return super().dot(x)
        return self.solve(x)

    def matvec(self, x: Array) -> Array:
        """
        Return H^-1 x.

        Parameters
        ----------
        x : (d,) or (d, 1) array
            A vector.

        Returns
        -------
        array
            Of the shape of `x`.
        """
        return self.solve(x)

    def matmat(self, X: Array) -> Array:
        """
        Return H^-1 X.

        Parameters
        ----------
        X : (d, k) array
            A matrix.

        Returns
        -------
        (d, k) array
            The products with the columns.
        """
        return self.solve(X)

    def _matvec(self, x: Array) -> Array:
        return self.solve(x)

    def _matmat(self, X: Array) -> Array:
        return self.solve(X)

    def _adjoint(self) -> Self:
        return self

    def _transpose(self) -> Self:
        return self


def positive_damp(damp: object) -> float:
    """Return `damp` as a float > 0."""
    value = finite_scalar(damp, "damp")
    if value <= 0.0:
        raise ValueError(f"damp must be positive, got {value:g}: without it H is singular; 1e-5 is usual")
    return value


def empirical_fisher_inverse(
    grads: Any,
    /,
    *,
    damp: float = 1e-5,
    block_size: int | None = None,
    normalization: Normalization = "count",
    method: Method = "auto",
    allreduce: AllReduce | None = None,
    backend: Backend | None = None,
) -> FisherInverse:
    """
    Invert the empirical Fisher matrix damp I + G^T G / n of m gradients with d entries, without forming it.

    Parameters
    ----------
    grads : (m, d) array of float32 or float64, or list of arrays
        One gradient per row, of any array library; a vector is one gradient. They are kept, not copied: do not change
        them while the inverse is in use. A list holds one array (m, \\*shape) for each parameter of a model, and is
        copied together.
    damp : float, default 1e-5
        Damping, > 0.
    block_size : int, optional
        Keep only the diagonal blocks of this many consecutive weights of G^T G / n.
    normalization : {'count', 'none'}, default 'count'
        The divisor n: the number of gradients, or 1.
    method : {'auto', 'gram', 'eigh', 'svd', 'primal'}, default 'auto'
        'gram': Cholesky factor of the m x m matrix S = G G^T + n damp I; 'eigh': eigenvectors of G G^T, for many
        dampings; 'svd': the same from a QR decomposition of G^T, which squares nothing, twice as slow; 'primal': the
        d x d matrix itself. 'auto' is 'primal' for d <= m and 'gram' otherwise.
    allreduce : callable, optional
        For gradients whose columns are spread over workers, each calling this function on its slice: takes an array
        of float64 and returns its sum over all workers. Everything of size m is then equal on all of them, and
        results of size d are slices.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Must fit the arrays. The work is matrix products and LAPACK on any of them.

    Returns
    -------
    FisherInverse
        The inverse, with products, diagonal, entries, log-determinant and trace.

    Raises
    ------
    ValueError
        If `damp` is not positive, `grads` is empty, not a matrix, not finite, or so large that G G^T overflows, or
        options exclude each other.
    TypeError
        If `grads` holds integers or complex numbers.

    Warns
    -----
    scipy.linalg.LinAlgWarning
        If `damp` is so small beside the gradients that rounding decides the inverse within their span.

    Notes
    -----
    By the Woodbury identity H^-1 = (I - G^T S^-1 G) / damp with S = G G^T + n damp I [1]_. The m x m part is made and
    factored in float64 also for float32 gradients: in float32, S is not positive definite for dampings in common use
    when gradients are alike. Products of float32 are tried for large float32 matrices, and kept if the estimate
    ``eps max_i |g_i|^2 tr(S^-1) m / d`` of the error they cause in the diagonal is below 1e-6. It takes one pass of
    m^2 d operations, and beside the gradients memory for two m x m matrices and a block of columns.

    References
    ----------
    .. [1] E. Frantar, E. Kurtic, D. Alistarh, "M-FAC: Efficient Matrix-Free Approximations of Second-Order
       Information", Advances in Neural Information Processing Systems 34, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse
    >>> G = np.random.default_rng(0).standard_normal((20, 1000))
    >>> F = empirical_fisher_inverse(G, damp=1e-3)
    >>> newest = F.solve_rows(np.eye(20)[-1])  # H^-1 g for the last gradient
    >>> H = 1e-3 * np.eye(1000) + G.T @ G / 20
    >>> bool(np.allclose(H @ newest, G[-1]))
    True
    """
    damp = positive_damp(damp)
    choice(normalization, "normalization", ("count", "none"))
    choice(method, "method", ("auto", "gram", "eigh", "svd", "primal"))
    if block_size is not None:
        block_size = positive_integer(block_size, "block_size")
        if method != "auto":
            raise ValueError(f"method={method!r} and block_size={block_size} exclude each other: leave one out")
    matrix, parameters = flat_gradients(grads, "grads")
    matrix = gradient_rows(matrix)
    chosen = choose([matrix], backend)
    if allreduce is not None and method in ("primal", "svd"):
        raise ValueError(f"method={method!r} needs all columns in one place: leave allreduce out, or use 'gram'")
    rows = GradientRows(matrix, alone if allreduce is None else allreduce)
    divisor = float(rows.m) if normalization == "count" else 1.0
    side: Side
    with np.errstate(over="ignore", invalid="ignore"):
        if block_size is not None:
            side = blocked_side(rows, damp, divisor, block_size, chosen)
        elif method == "primal" or (method == "auto" and rows.d <= rows.m and allreduce is None):
            side = primal_side(rows, damp, divisor)
        else:
            side = gram_side(rows, damp, divisor, "gram" if method == "auto" else method)
    return FisherInverse(side, parameters)
