"""Argument checks: what passes, and that errors name the argument, the value and the way out."""

from fractions import Fraction

import array_api_strict
import numpy as np
import pytest

from mathlib._lib.validate import choice, finite_array, finite_scalar, generator, positive_integer, unit_vectors


@pytest.mark.parametrize("value", [1, 7, np.int32(7), np.uint64(2**63), np.array(3)])
def test_positive_integer(value):
    result = positive_integer(value, "n")
    assert result == value
    assert type(result) is int


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, ValueError, "n_components must be at least 1, got 0"),
        (np.int8(-3), ValueError, "n_components must be at least 1, got -3"),
        (2.0, TypeError, r"n_components must be an integer, got 2\.0: convert it with int\(\)"),
        (np.True_, TypeError, "n_components must be an integer, got np.True_"),
        ("3", TypeError, "n_components must be an integer, got '3'"),
        (None, TypeError, "n_components must be an integer, got None"),
        (np.array([3]), TypeError, r"n_components must be an integer, got array\(\[3\]\)"),
    ],
)
def test_positive_integer_errors(value, error, text):
    with pytest.raises(error, match=text):
        positive_integer(value, "n_components")


@pytest.mark.parametrize("value", [0, 1.5, np.float32(0.25), np.int8(3), np.array(2.5), Fraction(1, 4), 2**70])
def test_finite_scalar(value):
    result = finite_scalar(value, "kappa", low=0.0)
    assert result == value
    assert type(result) is float


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-1e-300, ValueError, "kappa must be finite, at least 0, at most 10; got -1e-300"),
        (10.5, ValueError, r"kappa must be finite, at least 0, at most 10; got 10\.5"),
        (np.nan, ValueError, "kappa must be finite, at least 0, at most 10; got nan"),
        (np.inf, ValueError, "got inf"),
        (10**400, ValueError, "got 1000"),
        (1j, TypeError, r"kappa must be one real number, got 1j: convert it with float\(\)"),
        (np.array([1.0]), TypeError, r"kappa must be one real number, got array\(\[1\.\]\)"),
        ("1", TypeError, "kappa must be one real number, got '1'"),
        (False, TypeError, "kappa must be one real number, got False"),
        (np.array(False), TypeError, "kappa must be one real number, got np.False_"),
        (None, TypeError, "kappa must be one real number, got None"),
    ],
)
def test_finite_scalar_errors(value, error, text):
    with pytest.raises(error, match=text):
        finite_scalar(value, "kappa", 0.0, 10.0)


def test_an_open_range_is_not_mentioned():
    with pytest.raises(ValueError, match=r"^x must be finite; got inf$"):
        finite_scalar(np.inf, "x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("float64", "float64"),
        (">f8", "float64"),
        ("float32", "float32"),
        (">f4", "float32"),
        ("float16", "float32"),
        ("int64", "float64"),
        ("uint8", "float64"),
        (">i2", "float64"),
    ],
)
def test_dtypes_of_finite_array(given, expected):
    x = np.arange(6).reshape(2, 3).astype(given)
    x.flags.writeable = False
    result = finite_array(x, "x", ndim=2)
    assert result.dtype == expected
    assert result.dtype.isnative
    np.testing.assert_array_equal(result, np.arange(6).reshape(2, 3))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3)])
def test_shapes_of_finite_array(shape):
    assert finite_array(np.zeros(shape), "x").shape == shape


def test_finite_array_copies_nothing_that_is_right():
    x = np.zeros((4, 6))[::2, ::-1]
    assert np.shares_memory(finite_array(x, "x"), x)


def test_lists_and_numbers_become_arrays():
    np.testing.assert_array_equal(finite_array([[1, 2], [3, 4]], "x", ndim=2), [[1.0, 2.0], [3.0, 4.0]])
    assert finite_array(3, "x").shape == ()
    assert finite_array(np.float32(3), "x").dtype == "float32"


def test_other_namespaces_stay_what_they_are():
    x = array_api_strict.asarray([[0.6, 0.8], [1.0, 0.0]], dtype=array_api_strict.float32)
    assert unit_vectors(finite_array(x, "x", ndim=2), "x") is x
    assert finite_array(array_api_strict.asarray([1, 2]), "x").dtype == array_api_strict.float64
    with pytest.raises(ValueError, match=r"got x\[1\] = nan"):
        finite_array(array_api_strict.asarray([1.0, float("nan")]), "x")
    with pytest.raises(ValueError, match=r"got the norm x\[1\] = 2: "):
        unit_vectors(array_api_strict.asarray([[1.0, 0.0], [0.0, 2.0]]), "x")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ([[0.0, 1.0], [np.nan, np.inf]], ValueError, r"x must be finite, got x\[1, 0\] = nan: remove or replace such"),
        ([[0.0, -np.inf]], ValueError, r"got x\[0, 1\] = -inf"),
        ([1.0, 2.0], ValueError, r"x must have 2 dimensions, got shape \(2,\): reshape it"),
        ([[1.0], [2.0, 3.0]], ValueError, "x must be an array or nested lists of equal lengths: "),
        ([[1j]], TypeError, "x must hold real numbers of at most 64 bits, got dtype complex128: convert it to float64"),
        ([["1"]], TypeError, "got dtype <U1"),
        ([[None]], TypeError, "got dtype object"),
        ([[True]], TypeError, "got dtype bool"),
        (np.zeros((1, 1), np.longdouble), TypeError, "got dtype " + str(np.dtype(np.longdouble))),
        (np.ma.masked_array([[1.0]], [[True]]), TypeError, "x must not be a masked array"),
    ],
)
def test_finite_array_errors(value, error, text):
    with pytest.raises(error, match=text):
        finite_array(value, "x", ndim=2)


def test_a_bad_number_without_axes_has_no_index():
    with pytest.raises(ValueError, match="x must be finite, got x = nan: "):
        finite_array(np.nan, "x")


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-5)])
def test_unit_vectors(dtype, tolerance):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 4, 300))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    x = x.astype(dtype)
    assert unit_vectors(x, "x") is x
    unit_vectors(x[2, 3], "mu")
    unit_vectors(x[:0], "x")
    for factor in 1 + 0.9 * tolerance, 1 - 0.9 * tolerance:
        unit_vectors((x * factor).astype(dtype), "x")
    for factor in 1 + 1.1 * tolerance, 1 - 1.1 * tolerance, 0.0, 1e19, 1e-30:
        y = x.copy()
        y[3, 1] *= dtype_of(x)(factor)
        with pytest.raises(ValueError, match=r"x must hold vectors of norm 1 .* the norm x\[3, 1\] = .*: divide x by"):
            unit_vectors(y, "x")


def dtype_of(x):
    return x.dtype.type


def test_unit_vectors_overflow_without_a_warning():
    with pytest.raises(ValueError, match=r"got the norm mu = inf: divide mu by its norms"):
        unit_vectors(np.array([1e300, 0.0]), "mu")


def test_unit_vectors_need_an_axis():
    with pytest.raises(ValueError, match="mu must hold vectors along its last axis, got the number 1"):
        unit_vectors(np.array(1.0), "mu")


def test_choice():
    assert choice("cg", "solver", ("auto", "cg")) == "cg"


@pytest.mark.parametrize("value", ["CG", "", None, 1, ["cg"], np.array(["cg", "cg"])])
def test_choice_errors_list_the_options(value):
    with pytest.raises(ValueError, match="solver must be one of 'auto', 'cg'; got "):
        choice(value, "solver", ("auto", "cg"))


def test_generator_follows_scipy():
    rng = np.random.default_rng(5)
    assert generator(rng) is rng
    for seed in 5, np.int64(5):
        assert generator(seed).integers(2**60) == np.random.default_rng(5).integers(2**60)
    assert generator(None).integers(2**60) != generator(None).integers(2**60)


@pytest.mark.parametrize(
    ("rng", "error", "text"),
    [
        (-1, ValueError, "rng must not be negative as a seed, got -1"),
        (
            np.random.RandomState(0),
            TypeError,
            r"rng must be None, an integer or a numpy.random.Generator, got Random",
        ),
        (np.random, TypeError, r"use numpy.random.default_rng\(\)"),
        (True, TypeError, "got True"),
        (1.0, TypeError, r"got 1\.0"),
        ([1, 2], TypeError, r"got \[1, 2\]"),
        ("1", TypeError, "got '1'"),
    ],
)
def test_generator_errors(rng, error, text):
    with pytest.raises(error, match=text):
        generator(rng)
