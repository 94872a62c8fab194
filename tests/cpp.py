"""The CUDA text of a routine, compiled by g++ and run on the CPU: its bits must be those of every other target."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mathlib.gpu.translate import source

# an integer variable that becomes a float later would silently lose its fraction: -Werror=float-conversion
OPTIONS = ("-std=c++20", "-O2", "-march=native", "-ffp-contract=off", "-Werror=float-conversion", "-shared", "-fPIC")

ENTRY = """
extern "C" void run(const double *const *in, double *const *out, long long n) {{
  for (long long i = 0; i < n; ++i) {{
    auto r = mathlib::{name}({values});
    {stores}
  }}
}}
"""


@cache
def library(text: str) -> ctypes.CDLL:
    """Return the shared library that g++ makes of ``text``."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.cpp")
        path.write_text(text)
        built = path.with_suffix(".so")
        subprocess.run(["g++", *OPTIONS, path, "-o", built], check=True)
        return ctypes.CDLL(str(built))


def compiled(routine: Any) -> Callable[..., list[np.ndarray]]:
    """Return ``f(*arrays) -> list of arrays`` for an object with ``region, regions, n_in, n_out, name``."""
    n_in, n_out = routine.n_in, routine.n_out
    text = source(routine.region, routine.regions, n_in, n_out, routine.name) + ENTRY.format(
        name=routine.name,
        values=", ".join(f"in[{i}][i]" for i in range(n_in)),
        stores=" ".join(f"out[{i}][i] = r._{i};" for i in range(n_out)),
    )
    run = library(text).run
    pointers = ctypes.c_void_p * n_in, ctypes.c_void_p * n_out
    run.argtypes = (*pointers, ctypes.c_longlong)

    def function(*arrays: Any) -> list[np.ndarray]:
        ins = [np.ascontiguousarray(a, dtype=np.float64) for a in np.broadcast_arrays(*arrays)]
        outs = [np.empty_like(ins[0]) for _ in range(n_out)]
        run(pointers[0](*(a.ctypes.data for a in ins)), pointers[1](*(a.ctypes.data for a in outs)), ins[0].size)
        return outs

    return function


def bits(a: Any) -> np.ndarray:
    """Return the bits of doubles, all NaNs alike: equal arrays of these mean equal results, signs of zeros included."""
    a = np.array(a, dtype=np.float64)
    a[np.isnan(a)] = np.nan
    return a.view(np.int64)
