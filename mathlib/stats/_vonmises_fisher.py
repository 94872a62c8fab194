"""The von Mises-Fisher distribution with the methods of scipy.stats.vonmises_fisher."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from numpy.typing import ArrayLike, NDArray

from mathlib._lib.validate import finite_array, finite_scalar, positive_integer, unit_vectors
from mathlib.special import iv_ratio
from mathlib.stats import _density, _fit, _sampling

__all__ = ["FrozenVonMisesFisher", "VonMisesFisher", "vonmises_fisher"]


def _direction(mu: Any) -> Any:
    """Return `mu` as a checked float64 array of its own library."""
    if mu is None:
        raise ValueError("mu is None: give the mean direction, a vector of norm 1")
    mu = finite_array(mu, "mu")
    if mu.ndim != 1:
        raise ValueError(f"mu must be one vector, got shape {tuple(mu.shape)}: call once for each mean direction")
    if mu.shape[0] < 2:
        raise ValueError(f"mu must have at least 2 entries, the dimension of the plane; got {mu.shape[0]}")
    xp = array_namespace(mu)
    return xp.astype(unit_vectors(mu, "mu"), xp.float64)


def _concentration(kappa: Any) -> float:
    return finite_scalar(kappa, "kappa", low=0.0)


def _logpdf(x: Any, mu: Any, kappa: float) -> Any:
    x = finite_array(x, "x")
    if array_namespace(x) is not array_namespace(mu):
        raise TypeError(f"x is a {type(x).__name__} and mu a {type(mu).__name__} of another library: convert one")
    p = mu.shape[0]
    if x.ndim == 0 or x.shape[-1] != p:
        raise ValueError(f"x must hold vectors of length {p} like mu along its last axis, got shape {tuple(x.shape)}")
    value = _density.log_density(x, mu, kappa)
    return value[()] if is_numpy_array(value) else value


def _pdf(x: Any, mu: Any, kappa: float) -> Any:
    value = _logpdf(x, mu, kappa)
    with np.errstate(over="ignore", under="ignore"):
        return array_namespace(value).exp(value)


def _rvs(mu: Any, kappa: float, size: Any, rng: _sampling.Source) -> NDArray[np.float64]:
    if not is_numpy_array(mu):
        raise TypeError(f"mu is a {type(mu).__name__} and rvs draws on the processor: convert it to a NumPy array")
    return _sampling.sample(mu, kappa, size, rng)


class VonMisesFisher:
    r"""
    A von Mises-Fisher distribution on the unit sphere: a drop-in for `scipy.stats.vonmises_fisher`.

    Call it with parameters to freeze them, or give them to each method.

    Parameters
    ----------
    mu : array_like, shape (p,)
        Mean direction, of norm 1, p = 2 or more.
    kappa : float, default 1
        Concentration, 0 (the uniform distribution) or larger.
    seed : None, int, numpy.random.Generator or numpy.random.RandomState, optional
        Source of random numbers for `rvs`.

    Notes
    -----
    The density at the unit vector x is

    .. math:: f(x) = C \exp(\kappa \mu \cdot x), \quad C = \frac{\kappa^v}{(2\pi)^{v+1} I_v(\kappa)}, \quad v = p/2-1.

    The logarithm of I_v(kappa) / kappa^v is formed as one kernel from uniform expansions, so nothing overflows or
    cancels for large p: the error of `logpdf` and `entropy` is at most 4e-15 max(1, abs(value), kappa/4) for p up to
    1e6 and kappa up to 1e7. The angle between x and mu is taken from x - mu, which keeps it where kappa is large.

    Unlike SciPy's, kappa = 0 is allowed, None as a seed means fresh entropy, and an integer seeds
    ``numpy.random.default_rng``.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.stats import vonmises_fisher
    >>> mu = np.zeros(2048)
    >>> mu[0] = 1.0
    >>> vmf = vonmises_fisher(mu, 500.0)
    >>> print(round(vmf.logpdf(mu), 6))
    5339.035984
    >>> x = vmf.rvs(200, random_state=7)
    >>> mu_fit, kappa_fit = vonmises_fisher.fit(x)
    >>> print(round(kappa_fit), round(mu_fit @ mu, 2))
    523 0.96
    """

    def __init__(self, seed: Any = None) -> None:
        self.random_state = _sampling.source(seed, "seed")

    def __call__(self, mu: Any = None, kappa: float = 1, seed: Any = None) -> "FrozenVonMisesFisher":
        """Return the distribution with these parameters."""
        return FrozenVonMisesFisher(mu, kappa, seed)

    def logpdf(self, x: Any, mu: Any = None, kappa: float = 1) -> Any:
        """
        Logarithm of the probability density.

        Parameters
        ----------
        x : array_like, shape (..., p)
            Vectors of norm 1 (within 1e-8, in float32 1e-5); their rounded norms are divided out.
        mu : array_like, shape (p,)
            Mean direction.
        kappa : float, default 1
            Concentration.

        Returns
        -------
        array or scalar, shape (...), float64
            The logarithm of the density at `x`.

        Raises
        ------
        TypeError
            If an argument is not real, or `x` and `mu` are arrays of two libraries.
        ValueError
            If `mu` or a vector in `x` has not norm 1 or is not finite, shapes do not fit, or `kappa` is negative.
        """
        return _logpdf(x, _direction(mu), _concentration(kappa))

    def pdf(self, x: Any, mu: Any = None, kappa: float = 1) -> Any:
        """
        Probability density.

        Parameters
        ----------
        x : array_like, shape (..., p)
            Vectors of norm 1.
        mu : array_like, shape (p,)
            Mean direction.
        kappa : float, default 1
            Concentration.

        Returns
        -------
        array or scalar, shape (...), float64
            The density at `x`; inf or 0 beyond the range of floats, which is usual for p in the thousands.

        Raises
        ------
        TypeError, ValueError
            As `logpdf`.
        """
        return _pdf(x, _direction(mu), _concentration(kappa))

    def rvs(self, mu: Any = None, kappa: float = 1, size: Any = 1, random_state: Any = None) -> NDArray[np.float64]:
        """
        Draw random vectors.

        Parameters
        ----------
        mu : array_like, shape (p,)
            Mean direction.
        kappa : float, default 1
            Concentration.
        size : int or tuple of int or None, default 1
            How many; None draws one vector without an axis for the number.
        random_state : None, int, numpy.random.Generator or numpy.random.RandomState, optional
            Source of random numbers, by default that of this object.

        Returns
        -------
        numpy.ndarray, shape (*size, p)
            Vectors of norm 1.

        Raises
        ------
        TypeError
            If `size` or `random_state` is of the wrong kind, or `mu` is not a NumPy array.
        ValueError
            If the parameters are outside of their domain.

        Notes
        -----
        The component along `mu` comes from the inverse of its distribution function for p = 3, otherwise from the
        rejection method of A. T. A. Wood, Commun. Statist. Simul. Comput. 23 (1994) 157, the rest from a normalised
        Gaussian vector; one Householder reflection brings the first axis to `mu`. The cost is O(p) per vector.
        """
        rng = self.random_state if random_state is None else _sampling.source(random_state, "random_state")
        return _rvs(_direction(mu), _concentration(kappa), size, rng)

    def entropy(self, mu: Any = None, kappa: float = 1) -> float:
        """
        Differential entropy.

        Parameters
        ----------
        mu : array_like, shape (p,)
            Mean direction; only its length counts.
        kappa : float, default 1
            Concentration.

        Returns
        -------
        float
            The entropy in nats.

        Raises
        ------
        TypeError, ValueError
            If the parameters are outside of their domain.
        """
        return _density.entropy(_direction(mu).shape[0], _concentration(kappa))

    def mean_resultant_length(self, mu: Any = None, kappa: float = 1) -> float:
        """
        Length of the mean vector.

        Parameters
        ----------
        mu : array_like, shape (p,), or int
            Mean direction, or the dimension p.
        kappa : float, default 1
            Concentration.

        Returns
        -------
        float
            ``I_{p/2}(kappa) / I_{p/2-1}(kappa)``, the expected value of mu.x.

        Raises
        ------
        TypeError, ValueError
            If the parameters are outside of their domain.
        """
        if mu is None or np.ndim(mu):
            p = _direction(mu).shape[0]
        elif (p := positive_integer(mu, "mu")) < 2:
            raise ValueError(f"mu must be at least 2 as a dimension, got {p}")
        return float(iv_ratio(0.5 * p - 1.0, _concentration(kappa)))

    def fit(self, x: ArrayLike) -> tuple[Any, float]:
        """
        Fit the distribution by maximum likelihood.

        Parameters
        ----------
        x : array_like, shape (n, p)
            Data: rows of norm 1 (within 1e-8, in float32 1e-5). Sums are in float64 whatever the dtype.

        Returns
        -------
        mu : array, shape (p,), float64
            Mean direction.
        kappa : float
            Concentration.

        Raises
        ------
        TypeError
            If `x` does not hold real numbers.
        ValueError
            If a row is not finite or not of norm 1, all rows are equal (no maximum: kappa is infinite), or they sum to
            0 (no mean direction: kappa is 0).

        Notes
        -----
        One pass over the data. With R the mean resultant length, 1 - R comes from the variance about the mean of the
        first rows, so that a large kappa keeps its digits; then `vmf_kappa`.
        """
        return _fit.fit(x)


class FrozenVonMisesFisher:
    """A von Mises-Fisher distribution with given parameters, as `vonmises_fisher` returns it.

    Attributes
    ----------
    dim : int
        Dimension p.
    mu : array, shape (p,)
        Mean direction.
    kappa : float
        Concentration.
    """

    def __init__(self, mu: Any = None, kappa: float = 1, seed: Any = None) -> None:
        self.mu = _direction(mu)
        self.dim: int = self.mu.shape[0]
        self.kappa = _concentration(kappa)
        self.random_state = _sampling.source(seed, "seed")

    def logpdf(self, x: Any) -> Any:
        """Logarithm of the density at `x`, as `VonMisesFisher.logpdf`."""
        return _logpdf(x, self.mu, self.kappa)

    def pdf(self, x: Any) -> Any:
        """Density at `x`, as `VonMisesFisher.pdf`."""
        return _pdf(x, self.mu, self.kappa)

    def rvs(self, size: Any = 1, random_state: Any = None) -> NDArray[np.float64]:
        """Random vectors, as `VonMisesFisher.rvs`."""
        rng = self.random_state if random_state is None else _sampling.source(random_state, "random_state")
        return _rvs(self.mu, self.kappa, size, rng)

    def entropy(self) -> float:
        """Differential entropy."""
        return _density.entropy(self.dim, self.kappa)

    def mean_resultant_length(self) -> float:
        """Length of the mean vector."""
        return float(iv_ratio(0.5 * self.dim - 1.0, self.kappa))


vonmises_fisher = VonMisesFisher()
