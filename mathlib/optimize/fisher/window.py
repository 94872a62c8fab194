"""The inverse of an empirical Fisher matrix of the latest gradients: each new one costs two passes and O(m^2)."""

from typing import Any, Literal, Self, TypeAlias

import numpy as np
from array_api_compat import device, is_numpy_array
from numpy.typing import DTypeLike
from scipy.sparse.linalg import LinearOperator

from mathlib._lib.dispatch import Backend, choose, compiled_available, family
from mathlib._lib.host import to_host
from mathlib._lib.validate import choice, positive_integer
from mathlib.optimize.fisher.gradients import AllReduce, alone, gradient_rows
from mathlib.optimize.fisher.gram_side import LOST, SLACK, GramSide
from mathlib.optimize.fisher.inverse import FisherInverse, positive_damp
from mathlib.optimize.fisher.ring_rows import RingRows, Storage
from mathlib.optimize.fisher.window_gram import Inverse, WindowGram
from mathlib.optimize.fisher.window_state import checked_gram, matching, restored

Array: TypeAlias = Any
Divisor: TypeAlias = Literal["count", "window", "none"]

__all__ = ["FisherWindow"]

NOISE = 8.0  # times eps and the condition number: relative error of the last column of S^-1
DECADES = 30  # of magnitude around 1 within which coefficients are safe in float32


class FisherWindow(FisherInverse):
    """
    Inverse of a damped empirical Fisher matrix over a window of gradients that come and go.

    With the m gradients held, oldest first, as the rows of G it stands for H^-1, H = damp I + G^T G / n, like
    `FisherInverse`, and offers the same: products, diagonal, entries, log-determinant, trace.

    Parameters
    ----------
    window : int
        Largest number of gradients held.
    d : int
        Entries of a gradient.
    damp : float, default 1e-5
        Damping, > 0.
    dtype : 'float32' or 'float64', default 'float32'
        In which gradients are taken and results given.
    storage_dtype : {'float16', 'bfloat16'}, optional
        Hold the gradients in half the memory of float32. Each is rounded once, with a power of two of its own as a
        factor; H is that of the rounded gradients.
    normalization : {'count', 'window', 'none'}, default 'count'
        The divisor n: the number of gradients held, `window`, or 1.
    like : array, optional
        An array of the library and on the device that shall hold the gradients; NumPy without it.
    inverse : {'factor', 'explicit'}, default 'factor'
        What is updated for a new gradient: a Cholesky factor, by plane rotations, or the inverse itself, by two
        rank-one updates, for condition numbers of H up to 1e5 only.
    allreduce : callable, optional
        For gradients whose columns are spread over workers, each calling the same methods with its slice: takes an
        array of float64 and returns its sum over all workers.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who runs the passes over NumPy arrays, compiled loops if numba is installed; must fit `like` otherwise.

    Raises
    ------
    ValueError
        If a number is not positive or an option is unknown, or `storage_dtype` is given with float64.
    TypeError
        If `like` is of a library whose arrays cannot be written to, or that lacks `storage_dtype`.
    MemoryError
        If the gradients need more memory than there is on the machine or device.

    See Also
    --------
    empirical_fisher_inverse : The same for gradients that stay.

    Notes
    -----
    Memory for the gradients is taken at once: ``window * d`` numbers; two matrices of window^2 numbers are added.
    `append_solve` on a full window is one step of an optimiser that preconditions by the Fisher matrix of its latest
    gradients [1]_: a pass over the gradients for their products with the new one, O(m^2) operations, and a second
    pass for the result. The m x m side is on the host in float64 whatever the gradients are, and products of a new
    gradient with those held are summed in float64: so the factor is as good after 10^5 steps as after one. Taking the
    oldest gradient out *adds* a rank-one matrix to the rest of the factor, nothing is downdated.

    With 'count', the damping of the m x m matrix changes while the window fills, and each solve then factors it
    anew. 'window' is the rule of [1]_, as if missing gradients were zero.

    References
    ----------
    .. [1] E. Frantar, E. Kurtic, D. Alistarh, "M-FAC: Efficient Matrix-Free Approximations of Second-Order
       Information", Advances in Neural Information Processing Systems 34, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import FisherWindow
    >>> rng = np.random.default_rng(0)
    >>> F = FisherWindow(8, 1000, damp=1e-3, dtype="float64")
    >>> for g in rng.standard_normal((20, 1000)):
    ...     direction = F.append_solve(g)
    >>> F.n_grads
    8
    >>> bool(np.allclose(F @ g, direction))
    True
    """

    def __init__(
        self,
        window: int,
        d: int,
        *,
        damp: float = 1e-5,
        dtype: DTypeLike = "float32",
        storage_dtype: Literal["float16", "bfloat16"] | None = None,
        normalization: Divisor = "count",
        like: Array | None = None,
        inverse: Inverse = "factor",
        allreduce: AllReduce | None = None,
        backend: Backend | None = None,
    ):
        window, d = positive_integer(window, "window"), positive_integer(d, "d")
        self._damp = positive_damp(damp)
        dtype = choice(np.dtype(dtype).name, "dtype", ("float32", "float64"))
        if storage_dtype is not None:
            choice(storage_dtype, "storage_dtype", ("float16", "bfloat16"))
            if dtype != "float32":
                raise ValueError(f"storage_dtype={storage_dtype!r} goes with dtype='float32', got dtype={dtype!r}")
        self._normalization = choice(normalization, "normalization", ("count", "window", "none"))
        choice(inverse, "inverse", ("factor", "explicit"))
        like = np.empty(0) if like is None else like
        chosen = choose([like], backend)
        kind: type[RingRows] = RingRows
        if chosen == "numba":
            from mathlib.optimize.fisher.compiled_rows import CompiledRingRows

            kind = CompiledRingRows
        storage: Storage = storage_dtype or dtype  # type: ignore[assignment]  # one of the two names
        self._rows = kind(window, d, like, dtype, storage, alone if allreduce is None else allreduce)
        host = "numba" if chosen != "numpy" and compiled_available() else "numpy"
        self._gram = WindowGram(window, inverse, host)
        self._found: GramSide | None = None
        self._parameters = None
        LinearOperator.__init__(self, np.dtype(dtype), (d, d))

    @property
    def _side(self) -> GramSide:  # type: ignore[override]  # made when it is asked for, after each change
        if self._found is None:
            rows = self._rows
            if not rows.m:
                raise ValueError("the window is empty: append a gradient first")
            small = self._gram.damped(rows.order, self._shift(), rows.total)
            self._found = GramSide(rows, small, self._divisor(), "gram")
            self._warn_if_hopeless()
        return self._found

    def _divisor(self, m: int | None = None) -> float:
        """Return n for m gradients, those held if it is not given."""
        m = self._rows.m if m is None else m
        return {"count": float(m), "window": float(self._rows.window), "none": 1.0}[self._normalization]

    def _shift(self, m: int | None = None) -> float:
        return self._damp * self._divisor(m)

    def __len__(self) -> int:
        return self._rows.m

    @property
    def window(self) -> int:
        """Largest number of gradients held."""
        return self._rows.window

    @property
    def n_grads(self) -> int:
        """Number of gradients held, m."""
        return self._rows.m

    @property
    def damp(self) -> float:
        """The damping: change it with `set_damp`."""
        return self._damp

    @property
    def nbytes(self) -> int:
        """Bytes held beside the gradients."""
        return self._gram.nbytes

    def append(self, g: Array, /) -> Self:
        """
        Add a gradient to a window that is not full.

        Parameters
        ----------
        g : (d,) array of float
            The newest gradient, in the library and on the device of those held. It is copied.

        Returns
        -------
        FisherWindow
            This operator.

        Raises
        ------
        ValueError
            If the window is full, or `g` is not finite, so large that its square overflows, of another length than d
            or on another device. The window is then as it was.
        TypeError
            If `g` holds integers or complex numbers, or is an array of another library.
        """
        if self._rows.m == self.window:
            raise ValueError(
                f"the window is full with {self.window} gradients: use replace_oldest, or pop one before append"
            )
        self._enter(g, instead=False)
        return self

    def replace_oldest(self, g: Array, /) -> Self:
        """
        Put a gradient in place of the oldest one.

        Parameters
        ----------
        g : (d,) array of float
            The newest gradient, in the library and on the device of those held. It is copied.

        Returns
        -------
        FisherWindow
            This operator.

        Raises
        ------
        ValueError
            If the window is empty, or `g` is not finite, so large that its square overflows, of another length than d
            or on another device. The window is then as it was.
        TypeError
            If `g` holds integers or complex numbers, or is an array of another library.
        """
        if not self._rows.m:
            raise ValueError("the window is empty, there is no gradient to replace: use append")
        self._enter(g, instead=True)
        return self

    def append_solve(self, g: Array, /) -> Array:
        """
        Add a gradient, in place of the oldest if the window is full, and return the inverse applied to it.

        Parameters
        ----------
        g : (d,) array of float
            The newest gradient, in the library and on the device of those held. It is copied.

        Returns
        -------
        (d,) array
            H^-1 g with `g` among the gradients of H: of the rounded gradient, if gradients are held in 16 bits.

        Raises
        ------
        ValueError
            If `g` is not finite, so large that its square overflows, of another length than d or on another device.
            The window is then as it was.
        TypeError
            If `g` holds integers or complex numbers, or is an array of another library.

        Notes
        -----
        n G^T c where c is the last column of S^-1 (push-through identity): one back substitution, and nothing is
        subtracted from `g`. Two passes over the gradients in all, the second in float64 if its terms cancel.
        """
        self._enter(g, instead=self._rows.m == self.window)
        rows, shift, n = self._rows, self._shift(), self._divisor()
        c = n * self._gram.newest(rows.order, shift, rows.total)
        squares = self._gram.products.diagonal()[rows.order]
        terms, whole = squares @ c**2, n * c[-1]
        result = whole - shift * (c @ c)  # |G^T c|^2, as S c = n e
        eps = np.finfo(np.float64).eps
        if result <= max((eps / LOST) ** 2 * terms, NOISE * eps * squares.sum() / shift * whole):
            c = n * self._gram.newest_by_eigenvectors(rows.order, shift, rows.total)
        wide = rows.single and (terms > SLACK**2 * result or not abs(np.log10(np.abs(c).max())) < DECADES)
        return rows.combine_rounded(c, wide=wide)

    def pop(self, k: int = 0, /) -> Self:
        """
        Forget a gradient.

        Parameters
        ----------
        k : int, default 0
            Which one, counted from the oldest; negative numbers count from the newest, which is -1.

        Returns
        -------
        FisherWindow
            This operator.

        Raises
        ------
        IndexError
            If there is no such gradient.
        TypeError
            If `k` is not an integer.
        """
        if isinstance(k, bool) or not isinstance(k, int | np.integer):
            raise TypeError(f"k must be an integer, got {k!r}")
        m = self._rows.m
        if not -m <= k < m:
            raise IndexError(f"k must be in {-m}..{m - 1} for a window with {m} gradients, got {k}")
        k = int(k) % m
        place = self._rows.pop(k)
        self._gram.leave(k, place, self._rows.order, self._shift())
        self._found = None
        return self

    def _enter(self, g: Array, *, instead: bool) -> None:
        """Make `g` the newest gradient; everything that can fail comes before the first change."""
        rows = self._rows
        g = self._gradient(g)
        with np.errstate(over="ignore", invalid="ignore"):
            row = rows.row(rows.xp.astype(g, rows.dtype, copy=False))
            column = rows.meet(row)
        if not np.isfinite(column).all():
            self._refuse(g)
        column, staying = (column[1:], rows.order[1:]) if instead else (column, rows.order)
        shift = self._shift(len(column))
        if self._gram.explicit:
            self._gram.refuse_condition(self._gram.bordered(staying, column), shift)
        self._found = None
        if instead:
            rows.replace_oldest(row)
        else:
            rows.append(row)
        self._gram.enter(column, rows.order, shift, instead=instead)

    def _gradient(self, g: Array) -> Array:
        """Return `g` as a floating (d,) array of the library and device of the rows."""
        matrix = gradient_rows(g, "g")
        home, own = family(matrix.__class__), family(self._rows.array.__class__)
        if home != own:
            raise TypeError(f"g is an array of {home} and the window holds {own}: convert it, nothing is moved")
        if tuple(matrix.shape) != (1, self._rows.d):
            raise ValueError(f"g must have shape (d,) with d = {self._rows.d}, got {tuple(np.shape(g))}")
        if not is_numpy_array(matrix) and device(matrix) != device(self._rows.array):
            raise ValueError(f"g is on {device(matrix)} and the window on {device(self._rows.array)}: move g there")
        return matrix[0, :]

    def _refuse(self, g: Array) -> None:
        bad = to_host(~self._rows.xp.isfinite(g)).nonzero()[0]
        if bad.size:
            j = int(bad[0])
            raise ValueError(f"g must be finite, got g[{j}] = {float(g[j]):g}: leave this gradient out")
        raise ValueError(
            f"g must be finite in {self.dtype} on all workers, and have products with the gradients held that float64 "
            "can hold: leave it out, or divide gradients by a power of two"
        )

    def set_damp(self, damp: float, /) -> Self:
        """
        Change the damping, without a pass over the gradients.

        Parameters
        ----------
        damp : float
            The new damping, > 0.

        Returns
        -------
        FisherWindow
            This operator.

        Raises
        ------
        ValueError
            If `damp` is not a positive number, or too small for ``inverse='explicit'``. The damping is then as it was.

        Notes
        -----
        The next solve factors the m x m matrix anew, m^3 / 3 operations.
        """
        damp = positive_damp(damp)
        if self._gram.explicit:
            self._gram.refuse_condition(self._gram.gram(self._rows.order), damp * self._divisor())
        self._damp, self._found = damp, None
        return self

    def state_dict(self) -> dict[str, Any]:
        """
        Return all that the window holds, to be saved.

        Returns
        -------
        dict
            Numbers, texts and arrays, which are copies: the gradients as they are stored, oldest first, under
            ``'rows'`` (bits of bfloat16 as uint16 for NumPy), their factors ``'scales'`` and products ``'gram'``, and
            the arguments with which the window was made. Strict JSON can hold it, for NumPy arrays.
        """
        stored, scales = self._rows.state()
        return {
            **self._arguments(),
            "damp": self._damp,
            "rows": stored,
            "scales": scales,
            "gram": self._gram.gram(self._rows.order),
        }

    def _arguments(self) -> dict[str, Any]:
        """Return what two windows must have in common to hold the same state."""
        rows = self._rows
        return {
            "window": rows.window,
            "d": rows.d,
            "dtype": str(self.dtype),
            "storage_dtype": rows.storage if rows.storage != str(self.dtype) else None,
            "normalization": self._normalization,
        }

    def load_state_dict(self, state: dict[str, Any], /) -> Self:
        """
        Hold what was saved, and nothing else.

        Parameters
        ----------
        state : dict
            From `state_dict` of a window made with the same `window`, `d`, dtypes and normalization. Arrays are
            copied; the damping is taken over.

        Returns
        -------
        FisherWindow
            This operator.

        Raises
        ------
        ValueError
            If a part is missing, is not what it should be, or does not fit the other parts or this window. The window
            is then as it was.
        TypeError
            If the rows are an array of another library.

        Notes
        -----
        Two passes over the gradients check that their products are those that were saved.
        """
        state = matching(state, self._arguments())
        damp = positive_damp(state["damp"])
        rows = restored(self._rows, state["rows"], state["scales"])
        gram = checked_gram(rows, state["gram"])
        self._gram.refuse_condition(gram, damp * self._divisor(rows.m))
        self._rows.restore(rows.array, rows.scales)
        self._gram.restore(gram)
        self._damp, self._found = damp, None
        return self
