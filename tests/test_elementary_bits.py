"""One result on Python, compiled and as CUDA text, bit by bit; and the near forms have the bits of the full functions.

Python is the definition, too slow for all points; the compiled loop and the CUDA text (built by g++) meet on all.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("flint")
pytest.importorskip("llvmlite")

from mathlib._lib import elementary, on_llvm
from mathlib._lib.elementary import NEAR
from tests.cpp import bits, compiled
from tests.elementary_cases import CASES, LARGEST, SMALLEST, TINY, around

SPECIAL = np.array(
    [0.0, -0.0, math.inf, -math.inf, math.nan, SMALLEST, -SMALLEST, TINY, LARGEST, -LARGEST, 1.0, -1.0, 2.5]
)
BORDERS = around([708.0, 51471.0, 1021.0, 26.0, -40.0, TINY, -1.0, 1e140, 1e-140, 1e150], 3)


def columns(name):
    """The points of the accuracy test, all pairs of special values, and the ends of the near ranges."""
    count = len(CASES[name][0])
    special = [g.ravel() for g in np.meshgrid(*[np.r_[SPECIAL, -3.0, 0.5, 1e17]] * count)]
    borders = [g.ravel() for g in np.meshgrid(*[np.r_[BORDERS, -BORDERS]] * count)]
    return [np.concatenate(parts) for parts in zip(CASES[name][0], special, borders, strict=True)]


def ufunc(kernel, count):
    return on_llvm.ufunc(kernel.__name__, None, ((kernel,),), count, 1)


@pytest.mark.parametrize("name", CASES)
def test_compiled_loop_and_cuda_text(name):
    kernel, points = getattr(elementary, name), columns(name)
    routine = SimpleNamespace(name=f"test_{name}", region=None, regions=((kernel,),), n_in=len(points), n_out=1)
    ours, theirs = ufunc(kernel, len(points))(*points), compiled(routine)(*points)[0]
    different = np.flatnonzero(bits(ours) != bits(theirs))
    assert not different.size, [float(p[different[0]]) for p in points]


@pytest.mark.parametrize("name", CASES)
def test_compiled_loop_and_python(name):
    kernel, points = getattr(elementary, name), columns(name)
    chosen = np.random.default_rng(1).choice(points[0].size, 300, replace=False)
    chosen = np.r_[chosen, np.arange(len(CASES[name][0][0]), points[0].size)[:256]]  # all special values
    points = [p[chosen] for p in points]
    expected = [kernel(*map(float, arguments)) for arguments in zip(*points, strict=True)]
    different = np.flatnonzero(bits(ufunc(kernel, len(points))(*points)) != bits(expected))
    assert not different.size, [float(p[different[0]]) for p in points]


@pytest.mark.parametrize("name", NEAR)
def test_near_and_full(name):
    points = columns(name)
    near, inside = NEAR[name]
    there = ufunc(inside, len(points))(*points)
    assert set(there) == {0.0, 1.0}
    assert not np.any(there[np.any(np.isnan(points), axis=0)])
    points = [p[there == 1.0] for p in points]
    assert points[0].size >= 500
    assert np.array_equal(there, compiled_test(inside, columns(name)))
    full = ufunc(getattr(elementary, name), len(points))(*points)
    different = np.flatnonzero(bits(ufunc(near, len(points))(*points)) != bits(full))
    assert not different.size, [float(p[different[0]]) for p in points]


def compiled_test(inside, points):
    """What the test of a near range says as CUDA text."""
    routine = SimpleNamespace(name="inside", region=None, regions=((inside,),), n_in=len(points), n_out=1)
    return compiled(routine)(*points)[0]


@pytest.mark.parametrize("name", ["sin", "exp", "log", "pow", "erfc"])
def test_near_as_cuda_text(name):
    near, points = NEAR[name][0], CASES[name][0]
    there = ufunc(NEAR[name][1], len(points))(*points) == 1.0
    points = [p[there] for p in points]
    routine = SimpleNamespace(name=f"near_{name}", region=None, regions=((near,),), n_in=len(points), n_out=1)
    assert np.array_equal(bits(compiled(routine)(*points)[0]), bits(ufunc(near, len(points))(*points)))
