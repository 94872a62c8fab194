"""Launch kernel texts on CuPy arrays, where they are: nothing passes through the host."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from mathlib._lib.bind import Kernel
from mathlib.gpu.translate import source

OPTIONS = ("--std=c++20", "-fmad=false")  # contraction would change the bits


def operation(n_in: int, n_out: int, name: str) -> str:
    """Return the body of a `cupy.ElementwiseKernel`: all results are computed before the first is stored."""
    values = ", ".join(f"mathlib::load(a{i})" for i in range(n_in))
    stores = "".join(f" mathlib::store(r{i}, result._{i});" for i in range(n_out))
    return f"auto result = mathlib::{name}({values});{stores}"


@lru_cache(maxsize=256)  # all routines of the library; expressions made at run time come and go
def elementwise(
    region: Kernel | None, regions: tuple[tuple[Kernel, ...], ...], n_in: int, n_out: int, name: str
) -> Callable[..., tuple[Any, ...]]:
    """Return ``launch(arrays, outs=None)`` of a routine; its arguments are those of `mathlib.gpu.translate.source`.

    The arrays have one dtype, float32 or float64, which is that of the results, and broadcast; Python floats may stand
    for some of them. CuPy compiles at the first call for a dtype and keeps the binary on disk.
    """
    try:
        import cupy
    except ImportError as error:
        raise ImportError("CuPy is missing or broken; it comes with the extra mathlib-numerics[gpu]") from error
    kernel = cupy.ElementwiseKernel(
        ", ".join(f"T a{i}" for i in range(n_in)),
        ", ".join(f"T r{i}" for i in range(n_out)),
        operation(n_in, n_out, name),
        f"mathlib_{name}",
        preamble=source(region, regions, n_in, n_out, name),
        options=OPTIONS,
        return_tuple=True,
    )

    def launch(arrays: Sequence[Any], outs: Sequence[Any] | None = None) -> tuple[Any, ...]:
        outs = () if outs is None else outs
        dtypes = {str(a.dtype) for a in (*arrays, *outs) if isinstance(a, cupy.ndarray)}
        if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
            raise TypeError(f"{name} needs CuPy arrays of one dtype, float32 or float64, not {sorted(dtypes)}")
        ready = []
        for a in arrays:  # CuPy does not look for overlap: a thread would read what another has written
            overlaps = isinstance(a, cupy.ndarray) and any(a is not o and cupy.may_share_memory(a, o) for o in outs)
            ready.append(a.copy() if overlaps else a)
        return kernel(*ready, *outs)  # type: ignore[no-any-return]

    return launch
