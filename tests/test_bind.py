"""Binding: the same function over other words, and nothing but words, kernels, tables and numbers in it."""

import builtins

import numpy as np
import pytest

from mathlib._lib import words_numpy, words_python
from mathlib._lib.bind import bind, needs
from mathlib._lib.words_python import Horner, madd, where

SQUARE = Horner((0.0, 0.0, 1.0))
not_a_word = np.sqrt


def inner(x):
    return SQUARE(x)


def kernel(x):
    s = 0.0
    for i in range(3):
        s = madd(x, i + 1.0, s)
    return where(s > 0.0, inner(s), -s)


def outside(x):
    return not_a_word(x)


def test_bound_to_arrays_it_is_the_same_function():
    x = np.array([-2.0, 0.5, 3.0])
    assert bind(kernel, words_numpy)(x).tolist() == [kernel(v) for v in x.tolist()]


def test_bound_to_its_own_words_nothing_changes():
    assert bind(kernel, words_python)(0.3) == kernel(0.3)


def test_siblings_are_bound_once():
    done = {}
    bind(kernel, words_numpy, done)
    assert bind(inner, words_numpy, done) is done[id(inner)]


def test_needs():
    assert set(needs(kernel)) == {"madd", "where", "inner"}


def test_other_functions_are_refused_by_name():
    with pytest.raises(TypeError, match="a kernel may not use <ufunc 'sqrt'>"):
        bind(outside, words_numpy)


def test_the_globals_of_a_bound_kernel_hold_the_builtins():
    """PyTorch looks for them in the globals of whoever calls it; without them its operators raise KeyError."""
    assert bind(kernel, words_numpy).__globals__["__builtins__"] is builtins
