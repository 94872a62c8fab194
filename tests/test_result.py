"""Base of result objects."""

import copy
import dataclasses
import inspect
import pickle

import array_api_strict
import numpy as np
import pytest

from mathlib._lib.result import Result


class Inner(Result):
    """A result within a result."""

    values: np.ndarray
    label: str = "inner"


class Fit(Result):
    """A result of a routine."""

    success: bool
    message: str
    x: np.ndarray
    inner: Inner
    history: list[float] = dataclasses.field(default_factory=list)


def make(**changes):
    fields = {"success": True, "message": "done", "x": np.array([0.5, 1.0]), "inner": Inner(np.zeros((2, 2)))}
    return Fit(**(fields | changes))


def test_the_repr_is_aligned_and_indents_what_is_inside():
    assert repr(make()).splitlines() == [
        "success: True",
        "message: done",
        "      x: [0.5 1. ]",
        "  inner: values: [[0. 0.]",
        "                  [0. 0.]]",
        "          label: inner",
        "history: []",
    ]


def test_long_values_are_cut():
    fit = make(x=np.zeros((300, 400), np.float32), history=list(range(10**5)), message="two\nlines")
    text = repr(fit)
    assert "x: float32 array of shape (300, 400)\n         [[0. 0. ... 0. 0.]" in text
    assert "history: [0, 1, 2, 3, 4, 5, ...]" in text
    assert "message: two\n         lines" in text
    assert max(map(len, text.splitlines())) <= 76
    assert len(text) < 1000


def test_numpy_numbers_print_like_numbers():
    assert "x: 1.5\n" in repr(make(x=np.float64(1.5)))


def test_arrays_of_other_libraries_are_described_not_fetched():
    x = array_api_strict.zeros((2, 3), dtype=array_api_strict.float32)
    assert "Array of shape (2, 3), array_api_strict.float32\n" in repr(make(x=x))


def test_to_dict_goes_into_results_and_copies_no_array():
    fit = make()
    tree = fit.to_dict()
    assert list(tree) == ["success", "message", "x", "inner", "history"]
    assert tree["x"] is fit.x
    assert tree["inner"]["values"] is fit.inner.values


def test_results_are_frozen_and_compared_by_identity():
    fit = same = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.x = np.ones(2)
    assert fit == same
    assert fit != make()  # and no "truth value of an array is ambiguous"
    assert {fit: 1}[fit] == 1


def test_a_subclass_is_an_ordinary_dataclass():
    assert list(inspect.signature(Fit).parameters) == ["success", "message", "x", "inner", "history"]
    assert dataclasses.replace(make(), message="changed").message == "changed"
    for fit in copy.copy(make()), pickle.loads(pickle.dumps(make())):
        np.testing.assert_array_equal(fit.x, [0.5, 1.0])
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'values'"):
        Inner()
