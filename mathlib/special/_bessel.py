"""Log-scale modified Bessel functions, their ratios and derivatives: the public definitions."""

from typing import Any

from numpy.typing import ArrayLike

from mathlib._lib.dispatch import Backend
from mathlib._lib.elementwise import Elementwise
from mathlib.special.kernels import edges, logs, orders, ratios, vmf
from mathlib.special.kernels.regions import even, even_region, region


def _routine(name: str, regions: Any, last: Any, last_at_edge: Any = None) -> Elementwise:
    """A function of (v, x): the six regions, each followed by the stage that picks the result."""
    edge = (*regions[-1], last_at_edge or last)
    return Elementwise(name, region, (*((*stages, last) for stages in regions[:-1]), edge), n_in=2, n_out=1)


_LOGS = (*logs.INSIDE, (edges.edge,))
_LOG_IVKV = Elementwise("log_ivkv", region, tuple((*stages, logs.both) for stages in _LOGS), n_in=2, n_out=2)
_LOG_IV = _routine("log_iv", _LOGS, logs.only_i)
_LOG_KV = _routine("log_kv", _LOGS, logs.only_k)
_LOG_IVE = _routine("log_ive", (*logs.SCALED, (edges.edge,)), logs.only_ie, edges.edge_ie)
_LOG_KVE = Elementwise(  # even: the edge region would take log K + x by way of log K
    "log_kve",
    even_region,
    tuple((even, *stages) for stages in (*((*s, logs.only_ke) for s in logs.SCALED), (edges.edge, edges.edge_ke))),
    n_in=2,
    n_out=1,
)
_IV_RATIO = _routine("iv_ratio", ratios.REGIONS, ratios.only_iv)
_IV_RATIO_C = _routine("iv_ratio_c", ratios.REGIONS, ratios.only_iv_c)
_KV_RATIO = _routine("kv_ratio", ratios.REGIONS, ratios.only_kv)
_LOG_IV_DX = _routine("log_iv_dx", ratios.SLOPES, ratios.only_i)
_LOG_KV_DX = _routine("log_kv_dx", ratios.SLOPES, ratios.only_k)
_LOG_IV_DV = _routine("log_iv_dv", orders.REGIONS, orders.only_i)
_LOG_KV_DV = _routine("log_kv_dv", orders.REGIONS, orders.only_k)
_START = Elementwise("iv_ratio_inv_start", None, ((vmf.start_of_ratio,),), n_in=2, n_out=2)
_STEP = Elementwise("iv_ratio_inv_step", vmf.kappa_region, vmf.STEP, n_in=4, n_out=1)


def log_iv(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    r"""
    Logarithm of the modified Bessel function of the first kind, elementwise.

    Parameters
    ----------
    v : array_like
        Order, any real number.
    x : array_like
        Argument.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(I_v(x))``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    With r = hypot(v, x): from r = 25 on the Debye expansion in logarithmic form, economised to one polynomial in 1/r
    and v/r for all v and x (DLMF 10.41), leading terms in double-double; inside, fitted seeds of order at most 1/2 and
    recurrences free of cancellation (small x: N. M. Temme, J. Comput. Phys. 19 (1975) 324).

    The error is at most 1e-15 max(1, abs(result)) for v up to 1e15 (near the curve x = 0.66 v, where I_v crosses 1, up
    to v = 1e8), and relative to the conditioning it stays below 2e-16 as v and x go to 0.

    x = 0 gives 0 for v = 0 and -inf for v > 0, x = inf gives inf. For x < 0 the result is the logarithm of the absolute
    value when v is an integer, else NaN. For v < 0 that is not an integer,
    :math:`I_{-v} = I_v + (2/\pi) \sin(\pi v) K_v`; where it is negative the result is NaN.

    Examples
    --------
    SciPy's ``ive`` underflows here:

    >>> from mathlib.special import log_iv
    >>> print(round(log_iv(1000.0, 1.0), 9))
    -6605.275109298
    """
    return _LOG_IV(v, x, out=out, backend=backend, workers=workers)


def log_kv(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Logarithm of the modified Bessel function of the second kind, elementwise.

    Parameters
    ----------
    v : array_like
        Order, any real number.
    x : array_like
        Argument.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(K_v(x))``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    With r = hypot(v, x): from r = 25 on the Debye expansion in logarithmic form, economised to one polynomial in 1/r
    and v/r for all v and x (DLMF 10.41), leading terms in double-double; inside, fitted seeds of order at most 1/2 and
    recurrences free of cancellation (small x: N. M. Temme, J. Comput. Phys. 19 (1975) 324).

    The error is at most 1e-15 max(1, abs(result)) for v up to 1e15 (near the curve x = 0.66 v, where K_v is about 1/v,
    up to v = 1e8), and relative to the conditioning it stays below 2e-16 as v and x go to 0.

    K is even in v. x = 0 gives inf, x = inf gives -inf, x < 0 gives NaN.

    Examples
    --------
    >>> from mathlib.special import log_kv
    >>> print(round(log_kv(1000.0, 1.0), 9))
    6597.674206338
    """
    return _LOG_KV(v, x, out=out, backend=backend, workers=workers)


def log_ive(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Logarithm of the exponentially scaled modified Bessel function of the first kind, elementwise.

    Parameters
    ----------
    v : array_like
        Order, any real number.
    x : array_like
        Argument.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(I_v(x)) - abs(x)``, formed before the rounding.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    The method and the error are those of `log_iv`; x = inf gives -inf.

    Examples
    --------
    >>> from mathlib.special import log_ive
    >>> print(round(log_ive(2.0, 1e6), 12))
    -7.826695687188
    """
    return _LOG_IVE(v, x, out=out, backend=backend, workers=workers)


def log_kve(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Logarithm of the exponentially scaled modified Bessel function of the second kind, elementwise.

    Parameters
    ----------
    v : array_like
        Order, any real number.
    x : array_like
        Argument.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``log(K_v(x)) + x``, formed before the rounding.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    The method and the error are those of `log_kv`; x = inf gives -inf.

    Examples
    --------
    >>> from mathlib.special import log_kve
    >>> print(round(log_kve(2.0, 1e6), 12))
    -6.681962051338
    """
    return _LOG_KVE(v, x, out=out, backend=backend, workers=workers)


def log_ivkv(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Both modified Bessel functions, their logarithms in one pass, elementwise.

    Parameters
    ----------
    v : array_like
        Order, any real number.
    x : array_like
        Argument.
    out : tuple of two arrays, optional
        Where to store the results.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    log_i : array or scalar
        ``log(I_v(x))``.
    log_k : array or scalar
        ``log(K_v(x))``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    As `log_iv` and `log_kv`, bit for bit, at the cost of one of them: the two share nearly all of the work.

    Examples
    --------
    >>> from mathlib.special import log_ivkv
    >>> log_i, log_k = log_ivkv(0.5, 2.0)
    >>> print(round(log_i, 12), round(log_k, 12))
    0.716002429689 -2.120782237635
    """
    return _LOG_IVKV(v, x, out=out, backend=backend, workers=workers)


def iv_ratio(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Ratio of modified Bessel functions of the first kind of neighbouring orders, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``I_{v+1}(x) / I_v(x)``, between 0 and 1.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative of the uniform expansion of log I_v and log K_v, inside from
    recurrences; never from a difference of logarithms. Relative error at most 4e-16.

    Examples
    --------
    >>> from mathlib.special import iv_ratio
    >>> print(round(iv_ratio(0.5, 2.0), 12))  # coth(2) - 1/2
    0.537314720728
    """
    return _IV_RATIO(v, x, out=out, backend=backend, workers=workers)


def iv_ratio_c(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Complement of the ratio of modified Bessel functions of the first kind, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``1 - I_{v+1}(x) / I_v(x)``, with its own relative accuracy where it is small.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative of the uniform expansion of log I_v and log K_v, inside from
    recurrences; never from a difference of logarithms. Relative error at most 1e-15.

    Examples
    --------
    >>> from mathlib.special import iv_ratio_c
    >>> print(f"{iv_ratio_c(0.5, 1e12):.12e}")  # 1/x to leading order
    1.000000000000e-12
    """
    return _IV_RATIO_C(v, x, out=out, backend=backend, workers=workers)


def kv_ratio(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Ratio of modified Bessel functions of the second kind of neighbouring orders, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``K_{v+1}(x) / K_v(x)``, larger than 1.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative of the uniform expansion of log I_v and log K_v, inside from
    recurrences; never from a difference of logarithms. Relative error at most 8e-16.

    Examples
    --------
    >>> from mathlib.special import kv_ratio
    >>> print(round(kv_ratio(0.5, 2.0), 12))  # 1 + 1/x
    1.5
    """
    return _KV_RATIO(v, x, out=out, backend=backend, workers=workers)


def iv_ratio_inv(
    v: ArrayLike, r: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Inverse of `iv_ratio` in its argument, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    r : array_like
        Value of the ratio ``I_{v+1}(x) / I_v(x)``, between 0 and 1; NaN outside.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        The x with ``iv_ratio(v, x) = r``: 0 for r = 0, inf for r = 1.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    Banerjee's start (Banerjee et al., J. Mach. Learn. Res. 6 (2005) 1345) and three Halley steps, whatever the
    arguments: the start is good to 7 % and a step cubes the error. The error is at most 2e-15 times the condition
    number of the problem, which grows like 1/(1 - r); `mathlib.stats.vmf_kappa` takes 1 - r apart and avoids that.

    Examples
    --------
    >>> from mathlib.special import iv_ratio, iv_ratio_inv
    >>> print(round(iv_ratio_inv(31.0, iv_ratio(31.0, 50.0)), 10))
    50.0
    """
    c, x = _START(v, r, backend=backend, workers=workers)
    x = _STEP(v, r, c, x, backend=backend, workers=workers)
    x = _STEP(v, r, c, x, backend=backend, workers=workers)
    return _STEP(v, r, c, x, out=out, backend=backend, workers=workers)


def log_iv_dx(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Derivative of log I_v(x) in x, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``I_{v+1}(x) / I_v(x) + v / x``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative of the uniform expansion of log I_v and log K_v, inside from
    recurrences; never from a difference of logarithms. Relative error at most 1e-15.

    Examples
    --------
    >>> from mathlib.special import log_iv_dx
    >>> print(round(log_iv_dx(0.5, 2.0), 12))  # coth(2) - 1/4
    0.787314720728
    """
    return _LOG_IV_DX(v, x, out=out, backend=backend, workers=workers)


def log_kv_dx(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Derivative of log K_v(x) in x, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``v / x - K_{v+1}(x) / K_v(x)``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative of the uniform expansion of log I_v and log K_v, inside from
    recurrences; never from a difference of logarithms. Relative error at most 3e-15.

    Examples
    --------
    >>> from mathlib.special import log_kv_dx
    >>> print(round(log_kv_dx(0.5, 2.0), 12))  # -1 - 1/(2 x)
    -1.25
    """
    return _LOG_KV_DX(v, x, out=out, backend=backend, workers=workers)


def log_iv_dv(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Derivative of log I_v(x) in the order v, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``d log(I_v(x)) / dv``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative in v of the uniform expansion, inside by tangents carried through
    the seeds and recurrences of the value. No finite differences. The error is at most 3e-15 max(1, abs(result)).

    Examples
    --------
    >>> from mathlib.special import log_iv_dv
    >>> print(round(log_iv_dv(0.0, 1.0), 12))  # -K_0(1) / I_0(1)
    -0.332545443045
    """
    return _LOG_IV_DV(v, x, out=out, backend=backend, workers=workers)


def log_kv_dv(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> Any:
    """
    Derivative of log K_v(x) in the order v, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger; NaN below.
    x : array_like
        Argument, 0 or larger; NaN below.
    out : array, optional
        Where to store the result.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    array or scalar
        ``d log(K_v(x)) / dv``.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    From r = hypot(v, x) = 25 on from the derivative in v of the uniform expansion, inside by tangents carried through
    the seeds and recurrences of the value. No finite differences. The error is at most 3e-15 max(1, abs(result)).

    Examples
    --------
    >>> from mathlib.special import log_kv_dv
    >>> print(log_kv_dv(0.0, 1.0))  # K is even in its order
    0.0
    """
    return _LOG_KV_DV(v, x, out=out, backend=backend, workers=workers)


def log_iv_grad(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> tuple[Any, Any, Any]:
    """
    Value of log I_v(x) and its derivatives in v and x, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger.
    x : array_like
        Argument, 0 or larger.
    out : tuple of three arrays, optional
        Where to store the results.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    value : array or scalar
        ``log(I_v(x))``.
    dv : array or scalar
        Derivative in the order.
    dx : array or scalar
        Derivative in the argument.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    The results of `log_iv`, `log_iv_dv` and `log_iv_dx`, with their error bounds.

    Examples
    --------
    >>> from mathlib.special import log_iv_grad
    >>> value, dv, dx = log_iv_grad(0.5, 2.0)
    >>> print(round(dx, 12))
    0.787314720728
    """
    outs = (None, None, None) if out is None else out
    value = _LOG_IV(v, x, out=outs[0], backend=backend, workers=workers)
    dv = _LOG_IV_DV(v, x, out=outs[1], backend=backend, workers=workers)
    return value, dv, _LOG_IV_DX(v, x, out=outs[2], backend=backend, workers=workers)


def log_kv_grad(
    v: ArrayLike, x: ArrayLike, /, *, out: Any = None, backend: Backend | None = None, workers: int | None = None
) -> tuple[Any, Any, Any]:
    """
    Value of log K_v(x) and its derivatives in v and x, elementwise.

    Parameters
    ----------
    v : array_like
        Order, 0 or larger.
    x : array_like
        Argument, 0 or larger.
    out : tuple of three arrays, optional
        Where to store the results.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default the arrays decide.
    workers : int, optional
        Number of threads; by default the amount of work decides, -1 takes all CPUs.

    Returns
    -------
    value : array or scalar
        ``log(K_v(x))``.
    dv : array or scalar
        Derivative in the order.
    dx : array or scalar
        Derivative in the argument.

    Raises
    ------
    TypeError
        If an argument is complex, text or an object, or arrays of several libraries are mixed.
    ValueError
        If the shapes do not broadcast, or the backend is unknown.

    Notes
    -----
    The results of `log_kv`, `log_kv_dv` and `log_kv_dx`, with their error bounds.

    Examples
    --------
    >>> from mathlib.special import log_kv_grad
    >>> value, dv, dx = log_kv_grad(0.5, 2.0)
    >>> print(round(dx, 12))
    -1.25
    """
    outs = (None, None, None) if out is None else out
    value = _LOG_KV(v, x, out=outs[0], backend=backend, workers=workers)
    dv = _LOG_KV_DV(v, x, out=outs[1], backend=backend, workers=workers)
    return value, dv, _LOG_KV_DX(v, x, out=outs[2], backend=backend, workers=workers)
