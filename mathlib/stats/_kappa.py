"""The concentration that belongs to a mean resultant length."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj
from numpy.typing import ArrayLike

from mathlib._lib.dispatch import Backend
from mathlib._lib.elementwise import Elementwise
from mathlib.special.kernels import vmf

_START = Elementwise("vmf_kappa_start", None, ((vmf.start,),), n_in=3, n_out=1)
_STEP = Elementwise("vmf_kappa_step", vmf.kappa_region, vmf.STEP, n_in=4, n_out=1)


def vmf_kappa(
    rbar: ArrayLike,
    p: ArrayLike,
    *,
    rbar_c: ArrayLike | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
) -> Any:
    """
    Maximum likelihood concentration of von Mises-Fisher distributions, elementwise.

    Parameters
    ----------
    rbar : array_like
        Mean resultant length, between 0 and 1; NaN outside.
    p : array_like
        Dimension, 2 or larger.
    rbar_c : array_like, optional
        ``1 - rbar`` where it is known better than `rbar` tells, which matters as `rbar` comes near 1.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        The kappa with ``I_{p/2}(kappa) / I_{p/2-1}(kappa) = rbar``: 0 for 0, inf for 1.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If some p is less than 2, the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    Banerjee's start (Banerjee et al., J. Mach. Learn. Res. 6 (2005) 1345) and two steps of Halley's method, three if
    some p is less than 3, whatever the arguments. The relative error is at most 2e-15 times the condition number of
    the problem in the smaller of `rbar` and `rbar_c`, which is at most about 2, for p up to 131072 and kappa between
    0.01 and 1e5.

    Examples
    --------
    >>> from mathlib.stats import vmf_kappa
    >>> print(round(vmf_kappa(0.5, 3), 12))
    1.796755984724
    >>> vmf_kappa([0.01, 0.1], 768).round(6)
    array([ 7.680766, 77.573762])
    """
    r, dimension = _array(rbar), _array(p)
    least = dimension if isinstance(dimension, float | int) else _smallest(dimension)
    if least < 2:
        raise ValueError(f"p must be at least 2, the dimension of the plane; got {least:g}")
    steps = 2 if least >= 3 else 3
    c = 1.0 - r if rbar_c is None else _array(rbar_c)
    v = 0.5 * dimension - 1.0
    k = _START(v, r, c, backend=backend, workers=workers)
    for _ in range(steps):
        k = _STEP(v, r, c, k, backend=backend, workers=workers)
    return k


def _array(a: Any) -> Any:
    """Lists become NumPy arrays."""
    return a if isinstance(a, float | int) or is_array_api_obj(a) else np.asarray(a)


def _smallest(p: Any) -> float:
    xp = array_namespace(p)
    if not xp.isdtype(p.dtype, ("integral", "real floating")):
        raise TypeError(f"p must hold real numbers, got dtype {p.dtype}: convert it to float64")
    # NaN stands for 2: the result is NaN there, as everywhere.
    return float(xp.min(xp.where(p == p, p, xp.asarray(2, dtype=p.dtype)))) if p.size else 2.0
