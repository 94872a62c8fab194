"""von Mises-Fisher: concentrations, densities and fits against Arb, samples against the exact law of the cosine."""

import math

import array_api_strict
import numpy as np
import pytest
import scipy.stats
from flint import arb, ctx

from mathlib.stats import vmf_kappa, vonmises_fisher

BITS = 300
DIMENSIONS = [2, 3, 16, 64, 1024, 32768, 131072]
LOOPS = ["numpy", "numba"]


@pytest.fixture(autouse=True)
def _precision():
    with ctx.workprec(BITS):
        yield


def ratio(p, k):
    """A_p(k) in Arb."""
    v = arb(p) / 2
    return k.bessel_i(v, scaled=True) / k.bessel_i(v - 1, scaled=True)


def slope(p, k, a):
    return 1 - a * a - (p - 1) * a / k


def log_constant(p, k):
    """log C + k in Arb."""
    half = arb(p) / 2
    if k == 0:
        return half.lgamma() - arb(2).log() - half * arb.pi().log()
    k = arb(k)
    return (half - 1) * k.log() - half * (2 * arb.pi()).log() - k.bessel_i(half - 1, scaled=True).log()


def exact_kappa(p, r):
    """The k with A_p(k) = r, and its condition in the smaller of r and 1 - r."""
    k = (r * (p - r * r) / (1 - r * r)).mid()
    for _ in range(40):
        a = ratio(p, k)
        step = (a - r) / slope(p, k, a)
        k = (k - step).mid()
        if abs(float(step / k)) < 1e-30:
            break
    return float(k), float((r if float(r) < 0.5 else 1 - r) / (k * slope(p, k, ratio(p, k))))


def axis(p, i=0):
    mu = np.zeros(p)
    mu[i] = 1.0
    return mu


def unit(rng, *shape):
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


# ---- kappa ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", LOOPS)
@pytest.mark.parametrize("p", DIMENSIONS)
def test_kappa_against_arb(p, backend):
    k = 10.0 ** np.arange(-2, 5.01, 0.25)
    rows = []
    for kappa in k:
        a = ratio(p, arb(kappa))
        condition = float((a if float(a) < 0.5 else 1 - a) / (kappa * slope(p, arb(kappa), a)))
        rows.append((float(a), float(1 - a), max(1.0, condition)))
    r, c, condition = np.array(rows).T
    for dimension in (p, np.full(k.shape, float(p))):
        error = np.abs(vmf_kappa(r, dimension, rbar_c=c, backend=backend) / k - 1)
        assert np.max(error / condition) <= 2e-15


def test_kappa_without_the_complement_is_as_good_as_its_argument():
    r = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    for p in (2, 3, 768):
        for value, found in zip(r, vmf_kappa(r, p), strict=True):
            assert abs(found / exact_kappa(p, arb(float(value)))[0] - 1) <= 4e-15


def test_kappa_at_the_ends():
    np.testing.assert_array_equal(vmf_kappa([0.0, 1.0, -0.1, 1.1, math.nan], 3), [0, math.inf, *3 * [math.nan]])
    assert vmf_kappa(0.0, 2) == 0
    assert vmf_kappa(1.0, 1024) == math.inf
    np.testing.assert_array_equal(np.isnan(vmf_kappa(0.5, [3.0, math.nan])), [False, True])
    assert vmf_kappa(1e-12, 10) == pytest.approx(1e-11, rel=1e-15)


def test_kappa_keeps_shape_dtype_and_library():
    assert vmf_kappa(np.full((2, 1), 0.5), np.array([3.0, 4.0, 5.0])).shape == (2, 3)
    assert vmf_kappa(np.float32([0.5]), 3).dtype == np.float32
    assert vmf_kappa([], 3).shape == (0,)
    strict = vmf_kappa(array_api_strict.asarray([0.5, 0.9]), 3)
    assert isinstance(strict, type(array_api_strict.asarray(0.0)))
    np.testing.assert_allclose(np.from_dlpack(strict), vmf_kappa([0.5, 0.9], 3), rtol=1e-14)


def test_kappa_errors():
    for p in (1.5, [3, 1], np.array([3.0, 0.0])):
        with pytest.raises(ValueError, match=r"p must be at least 2.*got (1|0|1\.5)$"):
            vmf_kappa(0.5, p)
    with pytest.raises(TypeError, match="p must hold real numbers"):
        vmf_kappa(0.5, [3j])


# ---- density --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [2, 3, 4, 10, 51, 52, 53, 64, 512, 2048, 32768, 1_000_000])
@pytest.mark.parametrize("kappa", [0.0, 1e-3, 0.9, 3.0, 20.0, 60.0, 5e3, 1e5, 1e7])
def test_logpdf_and_entropy_against_arb(p, kappa):
    vmf = vonmises_fisher(axis(p), kappa)
    x = np.stack([axis(p), -axis(p), axis(p, 1)])
    top = log_constant(p, kappa)
    for value, cosine in zip(vmf.logpdf(x), (1, -1, 0), strict=True):
        true = top + arb(kappa) * (cosine - 1)
        # At the mode nothing cancels, so there kappa does not count.
        bound = 4e-15 * max(1.0, abs(float(true)), kappa / 4 if cosine < 1 else 0.0)
        assert abs(float(arb(float(value)) - true)) <= bound
    true = -top if kappa == 0 else arb(kappa) * (1 - ratio(p, arb(kappa))) - top
    assert abs(float(arb(vmf.entropy()) - true)) <= 4e-15 * max(1.0, abs(float(true)))


def test_logpdf_of_tiny_angles_keeps_its_digits():
    mu, kappa = unit(np.random.default_rng(5), 8), 1e7
    tangent = np.zeros(8)
    tangent[:2] = -mu[1], mu[0]
    x = mu + 1e-4 * tangent
    x *= (1 + 9e-9) / np.linalg.norm(x)
    exact_x, exact_mu = [arb(float(a)) for a in x], [arb(float(a)) for a in mu]
    norms = [sum((a * a for a in y), arb(0)).sqrt() for y in (exact_x, exact_mu)]
    cosine = sum((a * b for a, b in zip(exact_x, exact_mu, strict=True)), arb(0)) / (norms[0] * norms[1])
    true = log_constant(8, kappa) + arb(kappa) * (cosine - 1)
    # The rounded entries of x - mu are the input here: condition 2 kappa eps |x - mu|.
    assert abs(float(arb(float(vonmises_fisher.logpdf(x, mu, kappa))) - true)) < 1e-12


@pytest.mark.parametrize("p", [2, 3, 7, 40])
def test_agrees_with_scipy_where_it_is_right(p):
    rng = np.random.default_rng(p)
    mu, x = unit(rng, p), unit(rng, 2, 5, p)
    for kappa in (0.1, 2.0, 30.0):
        ours, peer = vonmises_fisher(mu, kappa), scipy.stats.vonmises_fisher(mu, kappa)
        np.testing.assert_allclose(ours.logpdf(x), peer.logpdf(x), rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(ours.pdf(x), peer.pdf(x), rtol=1e-10)
        np.testing.assert_allclose(vonmises_fisher.pdf(x, mu, kappa), peer.pdf(x), rtol=1e-10)
        assert ours.entropy() == pytest.approx(peer.entropy(), abs=1e-11)
        assert vonmises_fisher.entropy(mu, kappa) == ours.entropy()
    assert np.shape(ours.logpdf(x[0, 0])) == ()
    assert ours.logpdf(x[:0]).shape == (0, 5)
    assert ours.logpdf(x.astype(np.float32)).dtype == np.float64


def test_float32_rows_count_as_the_unit_vectors_they_stand_for():
    mu, kappa = axis(3), 1e6
    x = np.float32([math.cos(1e-3), math.sin(1e-3) * 0.6, math.sin(1e-3) * 0.8])
    wide = x.astype(float) / np.linalg.norm(x.astype(float))
    assert vonmises_fisher.logpdf(x, mu, kappa) == pytest.approx(vonmises_fisher.logpdf(wide, mu, kappa), abs=1e-6)


def test_mean_resultant_length():
    for p, kappa in ((2, 0.5), (3, 4.0), (1000, 300.0)):
        true = float(ratio(p, arb(kappa)))
        assert vonmises_fisher.mean_resultant_length(p, kappa) == pytest.approx(true, rel=1e-15)
        assert vonmises_fisher.mean_resultant_length(axis(p), kappa) == pytest.approx(true, rel=1e-15)
        assert vonmises_fisher(axis(p), kappa).mean_resultant_length() == pytest.approx(true, rel=1e-15)
    assert vonmises_fisher.mean_resultant_length(5, 0.0) == 0


def test_density_on_another_library():
    mu = array_api_strict.asarray([0.6, 0.8, 0.0])
    x = array_api_strict.asarray([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    value = vonmises_fisher.logpdf(x, mu, 5.0)
    here = vonmises_fisher.logpdf(np.from_dlpack(x), np.from_dlpack(mu), 5.0)
    np.testing.assert_allclose(np.from_dlpack(value), here, rtol=1e-15)
    with pytest.raises(TypeError, match="another library"):
        vonmises_fisher.logpdf(x, np.array([0.6, 0.8, 0.0]), 5.0)
    with pytest.raises(TypeError, match="processor"):
        vonmises_fisher.rvs(mu, 5.0)


# ---- fit ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "kappa"), [(2, 0.5), (2, 1e5), (3, 10.0), (3, 1e7), (16, 200.0), (64, 1e6), (300, 50.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fit_against_the_exact_maximum(p, kappa, dtype):
    rng = np.random.default_rng(p)
    x = vonmises_fisher.rvs(unit(rng, p), kappa, 150, rng).astype(dtype)
    total = [arb(0)] * p
    for row in x.astype(float).tolist():
        exact = [arb(a) for a in row]
        norm = sum((a * a for a in exact), arb(0)).sqrt()
        total = [t + a / norm for t, a in zip(total, exact, strict=True)]
    length = sum((t * t for t in total), arb(0)).sqrt()
    true, condition = exact_kappa(p, length / len(x))
    mu, found = vonmises_fisher.fit(x)
    # Rounded norms of float32 rows weigh the rows differently by 1e-7: that is the data's error, not ours.
    assert abs(found / true - 1) <= (1e-14 if dtype == np.float64 else 1e-6) * max(1.0, condition)
    direction = [float(t / length) for t in total]
    np.testing.assert_allclose(mu, direction, atol=1e-15 if dtype == np.float64 else 1e-7)
    assert mu.dtype == np.float64


def test_fit_in_many_dimensions_and_on_another_library():
    x = vonmises_fisher.rvs(axis(20000, 7), 5e3, 40, 3)
    length = math.sqrt(math.fsum(math.fsum(column) ** 2 for column in x.T.tolist()))
    true, condition = exact_kappa(20000, arb(length) / 40)
    mu, kappa = vonmises_fisher.fit(x)
    assert abs(kappa / true - 1) <= 1e-14 * max(1.0, condition)
    strict_mu, strict_kappa = vonmises_fisher.fit(array_api_strict.asarray(x))
    np.testing.assert_allclose(np.from_dlpack(strict_mu), mu, atol=1e-15)
    assert strict_kappa == pytest.approx(kappa, rel=1e-13)


def test_fit_agrees_with_scipy_and_takes_lists_and_integers():
    x = vonmises_fisher.rvs(axis(3), 20.0, 1000, 1)
    mu, kappa = vonmises_fisher.fit(x.tolist())
    peer_mu, peer_kappa = scipy.stats.vonmises_fisher.fit(x)
    np.testing.assert_allclose(mu, peer_mu, atol=1e-14)
    assert kappa == pytest.approx(peer_kappa, rel=1e-9)
    assert vonmises_fisher.fit([[1, 0], [0, 1]])[1] == pytest.approx(exact_kappa(2, arb(0.5).sqrt())[0], rel=1e-14)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            [[1.0, 0.0], [0.0, 1.1]],
            ValueError,
            r"norm 1 within 1e-08, got the norm 1.1 in row 1: divide x by its norms",
        ),
        ([[1.0, 0.0], [math.nan, 0.0]], ValueError, r"x must be finite, row 1 is not"),
        ([[1.0, 0.0], [1.0, 0.0]], ValueError, r"all rows of x are equal"),
        ([[0.6, 0.8]], ValueError, r"all rows of x are equal"),
        ([[1.0, 0.0], [-1.0, 0.0]], ValueError, r"no mean direction.*kappa is 0"),
        ([[1.0], [1.0]], ValueError, r"at least 2 columns.*\(2, 1\)"),
        (np.empty((0, 3)), ValueError, r"at least one row"),
        ([1.0, 0.0], ValueError, r"x must have 2 dimensions"),
        ([[1j, 0.0]], TypeError, r"x must hold real numbers"),
        (np.ma.masked_array([[1.0, 0.0]]), TypeError, r"masked"),
    ],
)
def test_fit_errors(x, error, message):
    with pytest.raises(error, match=message):
        vonmises_fisher.fit(x)


def test_fit_tolerates_the_rounding_of_norms_by_dtype():
    x = vonmises_fisher.rvs(axis(5), 3.0, 50, 1)
    vonmises_fisher.fit(x * (1 + 5e-9))
    vonmises_fisher.fit((x * (1 + 5e-6)).astype(np.float32))
    with pytest.raises(ValueError, match="norm 1 within 1e-05"):
        vonmises_fisher.fit((x * (1 + 5e-5)).astype(np.float32))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, 1.0), ValueError, "mu is None"),
        (([[1.0, 0.0]], 1.0), ValueError, r"mu must be one vector, got shape \(1, 2\)"),
        (([1.0], 1.0), ValueError, "mu must have at least 2 entries"),
        (([1.0, 1.0], 1.0), ValueError, "mu must hold vectors of norm 1.*1.41421.*divide mu"),
        (([1.0, math.nan], 1.0), ValueError, "mu must be finite"),
        (([1.0, 0.0], -1.0), ValueError, "kappa must be finite, at least 0; got -1.0"),
        (([1.0, 0.0], math.inf), ValueError, "kappa must be finite"),
        (([1.0, 0.0], [1.0]), TypeError, "kappa must be one real number"),
        (([1.0, 0.0], 1.0, "seed"), TypeError, "seed must be None"),
    ],
)
def test_parameter_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        vonmises_fisher(*arguments)


def test_argument_errors():
    vmf = vonmises_fisher([1.0, 0.0])
    with pytest.raises(ValueError, match=r"length 2 like mu.*\(3,\)"):
        vmf.logpdf([1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="norm 1 within 1e-08, got the norm 2 in row 0"):
        vmf.pdf([2.0, 0.0])
    with pytest.raises(ValueError, match="x must be finite"):
        vmf.logpdf([math.nan, 0.0])
    with pytest.raises(TypeError, match="size must be an integer"):
        vmf.rvs(2.5)
    with pytest.raises(ValueError, match="size must not be negative"):
        vmf.rvs((2, -1))
    with pytest.raises(TypeError, match="random_state must be None"):
        vmf.rvs(1, random_state="1")
    with pytest.raises(ValueError, match="at least 2 as a dimension"):
        vonmises_fisher.mean_resultant_length(1)


# ---- samples --------------------------------------------------------------------------------------------------------


def cosine_cdf(p, kappa, t):
    """Distribution function of mu.x at the points `t`, by quadrature in the angle."""
    angle = np.linspace(0, math.pi, 200_001)
    with np.errstate(divide="ignore"):
        log_density = kappa * (np.cos(angle) - 1) + ((p - 2) * np.log(np.sin(angle)) if p > 2 else 0.0)
    density = np.exp(log_density - log_density.max())
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return 1 - np.interp(np.arccos(np.clip(t, -1, 1)), angle, mass / mass[-1])


@pytest.mark.parametrize("p", [2, 3, 4, 30, 1000])
@pytest.mark.parametrize("kappa", [0.0, 0.5, 20.0, 3000.0])
def test_cosines_follow_their_law(p, kappa):
    rng = np.random.default_rng(100 + p)
    mu = unit(rng, p)
    x = vonmises_fisher.rvs(mu, kappa, 4000, rng)
    assert scipy.stats.kstest(x @ mu, lambda t: cosine_cdf(p, kappa, t)).pvalue > 1e-3
    edges = np.linspace(0, 1, 21)
    counts = np.histogram(cosine_cdf(p, kappa, x @ mu), edges)[0]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, atol=1e-14)


@pytest.mark.parametrize("p", [2, 3, 6])
def test_the_tangent_is_uniform(p):
    rng = np.random.default_rng(p)
    mu = unit(rng, p)
    x = vonmises_fisher.rvs(mu, 4.0, 6000, rng)
    tangent = x - np.outer(x @ mu, mu)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    other = np.linalg.qr(np.column_stack([mu, rng.standard_normal((p, p - 1))]))[0][:, 1:]
    coordinates = tangent @ other
    # Uniform directions in p - 1 dimensions: mean 0, second moments 1/(p - 1).
    assert np.max(np.abs(coordinates.mean(0))) < 4 / math.sqrt(6000)
    np.testing.assert_allclose(coordinates.T @ coordinates / 6000, np.eye(p - 1) / (p - 1), atol=0.03)
    np.testing.assert_allclose(x.mean(0), vonmises_fisher.mean_resultant_length(p, 4.0) * mu, atol=0.04)


@pytest.mark.parametrize("p", [2, 3, 50])
def test_tiny_angles_are_kept(p):
    """At kappa = 1e14, kappa |x - mu|^2 is chi-square with p - 1 degrees of freedom to 1e-13."""
    x = vonmises_fisher.rvs(axis(p), 1e14, 3000, 4)
    squares = 1e14 * np.sum(x[:, 1:] ** 2, axis=1)
    assert scipy.stats.kstest(squares, scipy.stats.chi2(p - 1).cdf).pvalue > 1e-3


@pytest.mark.parametrize("tilt", [0.0, 1e-200, 1e-12, 1e-8, 1e-3, 1.0, math.pi - 1e-9, math.pi])
def test_the_reflection_near_the_axis(tilt):
    mu = np.array([math.cos(tilt), math.sin(tilt), 0.0, 0.0])
    at_axis = vonmises_fisher.rvs(axis(4), 1e10, 20, 9)
    x = vonmises_fisher.rvs(mu, 1e10, 20, 9)
    np.testing.assert_allclose(x @ mu, at_axis[:, 0], rtol=0, atol=5e-16)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, atol=1e-15)


def test_shapes_and_seeds():
    vmf = vonmises_fisher(axis(4), 2.0, seed=11)
    assert vmf.rvs(None).shape == (4,)
    assert vmf.rvs().shape == (1, 4)
    assert vmf.rvs((2, 3)).shape == (2, 3, 4)
    assert vmf.rvs(0).shape == (0, 4)
    assert vonmises_fisher.rvs(axis(3), 2.0, size=5).shape == (5, 3)
    np.testing.assert_array_equal(vmf.rvs(3, 5), vmf.rvs(3, np.random.default_rng(5)))
    one = vmf.rvs(3, np.random.RandomState(5))
    np.testing.assert_array_equal(one, vmf.rvs(3, np.random.RandomState(5)))
    assert np.any(vmf.rvs(3) != vmf.rvs(3))
    assert (vmf.dim, vmf.kappa) == (4, 2.0)


def test_parameters_are_not_changed():
    mu, x = unit(np.random.default_rng(1), 5), unit(np.random.default_rng(2), 100, 5)
    before = mu.copy(), x.copy()
    vmf = vonmises_fisher(mu, 3.0)
    vmf.rvs(10)
    vmf.logpdf(x)
    vonmises_fisher.fit(x)
    np.testing.assert_array_equal(mu, before[0])
    np.testing.assert_array_equal(x, before[1])
