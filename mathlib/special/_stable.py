"""Elementary functions that stay accurate where the formula that defines them does not: the public definitions."""

from typing import Any

from numpy.typing import ArrayLike

from mathlib._lib.dispatch import Backend
from mathlib._lib.elementwise import Elementwise
from mathlib.special.kernels import stable

_LOG1MEXP = Elementwise(
    "log1mexp", stable.log1mexp_region, ((stable.log1mexp_inside,), (stable.log1mexp_outside,)), n_in=1, n_out=1
)
_LOG_COSH = Elementwise("log_cosh", None, ((stable.log_cosh,),), n_in=1, n_out=1)
_SOFTPLUS = Elementwise("softplus", None, ((stable.softplus,),), n_in=1, n_out=1)
_COSM1 = Elementwise("cosm1", stable.cosm1_region, ((stable.cosm1_near,), (stable.cosm1_far,)), n_in=1, n_out=1)
_LANGEVIN = Elementwise(
    "langevin", stable.langevin_region, ((stable.langevin_near,), (stable.langevin_far,)), n_in=1, n_out=1
)
_LOG_ERFC = Elementwise(
    "log_erfc",
    stable.log_erfc_region,
    ((stable.log_erfc_near,), (stable.log_erfc_right,), (stable.log_erfc_left,)),
    n_in=1,
    n_out=1,
)
_LOG_POCH = Elementwise(
    "log_poch",
    stable.log_poch_region,
    ((stable.log_poch_large,), (stable.log_poch_small,), (stable.log_poch_edge,)),
    n_in=2,
    n_out=1,
)


def log1mexp(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Logarithm of ``1 - exp(-x)``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers, 0 or larger.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(1 - exp(-x))``: -inf at 0, NaN for negative x.

    Notes
    -----
    The sign is that of R's ``log1mexp``: x is minus the logarithm of a probability p, the result that of 1 - p. For
    ``log(1 - exp(y))`` with negative y pass ``-y``. ``exp(-x) - 1`` is formed as a sum of two floats and its logarithm
    taken from both, where M. Maechler (*Accurately computing log(1 - exp(-a))*, 2012) switches between two formulas at
    log(2). Relative error at most 3e-16.

    Examples
    --------
    >>> from mathlib.special import log1mexp
    >>> print(f"{log1mexp(1e-20):.14g} {log1mexp(50.0):.14g}")
    -46.051701859881 -1.9287498479639e-22
    """
    return _LOG1MEXP(x, out=out, backend=backend, workers=workers)


def log_cosh(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Logarithm of the hyperbolic cosine, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(cosh(x))``, which is x**2 / 2 near 0 and ``abs(x) - log(2)`` far from it.

    Notes
    -----
    log(1 + e**2 / (2 (1 + e))) with e = exp(abs(x)) - 1, up to abs(x) = 40. Relative error at most 7e-16, also next to
    the zero at 0.

    Examples
    --------
    >>> from mathlib.special import log_cosh
    >>> print(f"{log_cosh(1e-9):.14g} {log_cosh(-1000.0):.14g}")
    5e-19 999.30685281944
    """
    return _LOG_COSH(x, out=out, backend=backend, workers=workers)


def softplus(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Logarithm of ``1 + exp(x)``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(1 + exp(x))``, which is exp(x) far to the left and x far to the right.

    Notes
    -----
    max(x, 0) + log(1 + exp(-abs(x))). Relative error at most 3e-16.

    Examples
    --------
    >>> from mathlib.special import softplus
    >>> print(f"{softplus(-50.0):.14g} {softplus(1000.0):.14g}")
    1.9287498479639e-22 1000
    """
    return _SOFTPLUS(x, out=out, backend=backend, workers=workers)


def cosm1(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Cosine minus one, elementwise.

    Parameters
    ----------
    x : array_like
        Angles in radians.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``cos(x) - 1``; NaN where x is infinite.

    Notes
    -----
    -2 sin(x/2)**2 with an exact reduction of every angle, however large. Relative error at most 5e-16 next to every
    multiple of 2 pi; ``scipy.special.cosm1`` has that accuracy only next to 0.

    Examples
    --------
    >>> from mathlib.special import cosm1
    >>> print(f"{cosm1(1e-10):.14g} {cosm1(6.283185307179586):.14g}")
    -5e-21 -2.9995195653237e-32
    """
    return _COSM1(x, out=out, backend=backend, workers=workers)


def langevin(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Langevin function ``coth(x) - 1/x``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``coth(x) - 1/x``, an odd function: x/3 near 0, 1 at infinity.

    Notes
    -----
    A polynomial in x**2 below abs(x) = 2, else 1 - 1/x + 2 / (exp(2 x) - 1). It is the Bessel ratio
    :math:`I_{3/2}(x) / I_{1/2}(x)`, the mean resultant length of the von Mises-Fisher distribution on the sphere.
    Relative error at most 5e-16.

    Examples
    --------
    >>> from mathlib.special import langevin
    >>> print(f"{langevin(3e-9):.14g} {langevin(100.0):.14g}")
    1e-09 0.99
    """
    return _LANGEVIN(x, out=out, backend=backend, workers=workers)


def log_erfc(x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None) -> Any:
    """
    Logarithm of the complementary error function, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(erfc(x))``: log(2) at -inf, -2 x / sqrt(pi) near 0, about -x**2 far to the right.

    Notes
    -----
    A polynomial below abs(x) = 1/2; to the right log(erfcx(x)) - x**2 and to the left log(2 - erfc(-x)), with exp(x**2)
    erfc(x) fitted after M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981) 249. Relative error at most 7e-16,
    also next to the zero at 0.

    Examples
    --------
    >>> from mathlib.special import log_erfc
    >>> print(f"{log_erfc(1e-20):.14g} {log_erfc(100.0):.14g}")
    -1.1283791670955e-20 -10005.177585123
    """
    return _LOG_ERFC(x, out=out, backend=backend, workers=workers)


def log_poch(
    x: ArrayLike, a: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Logarithm of the Pochhammer symbol ``Gamma(x + a) / Gamma(x)``, elementwise.

    Parameters
    ----------
    x : array_like
        Positive real numbers.
    a : array_like
        Real numbers, larger than ``-x``.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(Gamma(x + a)) - log(Gamma(x))``: -inf at x = 0 and inf at x + a = 0, the poles; NaN where x or x + a is
        negative.

    Notes
    -----
    The two logarithms are never formed, so neither a small a nor a huge x costs digits: Stirling's formula at both ends
    as one difference, after a step of 4 by the recurrence where x or x + a is below 4. The error is at most 2e-15 times
    the larger of the result and a, in absolute value. This is a relative error except next to the zeros that the result
    has where the Gamma function takes one value twice.

    Examples
    --------
    >>> from mathlib.special import log_poch
    >>> print(f"{log_poch(1e20, 1e-3):.14g} {log_poch(5.0, 1e-12):.14g}")
    0.046051701859881 1.5061176684319e-12
    """
    return _LOG_POCH(x, a, out=out, backend=backend, workers=workers)
