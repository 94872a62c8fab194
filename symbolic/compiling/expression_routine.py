"""A compiled expression as an elementwise routine: the same dispatch, dtypes, broadcasting and threads as any other."""

import math
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from mathlib._lib.elementwise import Elementwise
from mathlib.symbolic.compiling.kernel_text import Kernels, branches, kernels, routine, whole
from mathlib.symbolic.compiling.numpy_text import function_of, numpy_text
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import UnsupportedFunctionError


class ExpressionRoutine(Elementwise):
    """
    The routine of some expressions.

    Parameters
    ----------
    graph : Graph
        The graph.
    roots : sequence of int
        The expressions, one result each.
    names : sequence of str
        The variables, one argument each.
    """

    def __init__(self, graph: Graph, roots: Sequence[int], names: Sequence[str]):
        self._source = (graph, tuple(roots), tuple(names))
        self.name, self.n_in, self.n_out = "expression", max(1, len(names)), len(roots)
        self.region = None
        self._namespace_body = cache(self._body_of)  # type: ignore[arg-type]

    @cached_property
    def kernels(self) -> Kernels:
        """The texts over the words."""
        return kernels(*self._source)

    @cached_property
    def regions(self) -> Any:  # type: ignore[override]
        """The full text with everything in it."""
        return ((self.whole,),)

    @cached_property
    def whole(self) -> Callable[..., Any]:
        """The text for one element, with everything in it."""
        return whole(*self._source)

    def check(self, backend: str) -> None:
        """Raise UnsupportedFunctionError if a function has no kernel."""
        try:
            self.kernels  # noqa: B018  made when it is looked at
        except UnsupportedFunctionError as error:
            raise UnsupportedFunctionError(error.name, backend, error.hint) from None

    def source(self, backend: str) -> str:
        """Return the text that runs on a backend."""
        if backend == "numpy":
            return self.numpy_text
        if backend == "numba":
            return self.kernels.text
        from mathlib.gpu import translate

        return translate.source(*self._gpu_kernels(), self.n_in, self.n_out, self.name)

    def _gpu_kernels(self) -> tuple[Any, Any]:
        return self._branches

    @cached_property
    def _branches(self) -> tuple[Any, Any]:
        which, texts = branches(*self._source)
        return which, tuple((text,) for text in texts)

    @cached_property
    def numpy_text(self) -> str:
        """The source for NumPy."""
        return numpy_text(*self._source)

    @cached_property
    def _numpy_body(self) -> Callable[..., Any]:  # type: ignore[override]
        return function_of(self.numpy_text)

    def _body_of(self, xp: Any, device: Any) -> Callable[[list[Any]], list[Any]]:
        from mathlib._lib.on_arrays import NamespaceBody

        body = NamespaceBody(None, self.regions, xp, device)

        def run(arrays: list[Any]) -> list[Any]:
            values = body(arrays)
            return [xp.full_like(arrays[0], v) if isinstance(v, float | int) else v for v in values]

        return run

    # ---- compiled ---------------------------------------------------------------------------------------------------

    @cached_property
    def ufunc(self) -> Callable[..., Any]:  # type: ignore[override]
        """The compiled routine. The full text is compiled when the first element needs it."""
        current = self._fused

        def run(*inputs: Any, **options: Any) -> Any:
            fused = current[0]  # another thread may put the complete one in its place meanwhile
            result = fused.call(*inputs, **options)
            if fused.marked:
                fused = current[0] = self._compiled(complete=True)
                result = fused.call(*inputs, **options)
            return result

        return run

    @cached_property
    def _fused(self) -> list[Any]:
        """The compiled loop that is in use, alone in a list."""
        return [self._compiled(complete=False)]

    def _compiled(self, complete: bool) -> Any:
        from mathlib._lib.ir_fused import Call, Loop
        from mathlib._lib.on_llvm import FusedLoop

        texts = self.kernels
        stages = [[routine(name) for name in stage.routines] for stage in texts.stages]
        calls = [Call(s.kernel, tuple(r.n_in for r in stage)) for s, stage in zip(texts.stages, stages, strict=True)]
        loop = Loop(calls, texts.fast, texts.full, self.n_in, self.n_out)
        fused = FusedLoop(loop, [r for stage in stages for r in stage], complete)
        fused.call = fused.ufunc if fused.ufunc is not None else by_pointers(fused, self.n_out)
        return fused

    def rows(self, points: np.ndarray) -> np.ndarray:
        """Return the results ``(n, n_out)`` of contiguous float64 points ``(n, n_in)``, no array made for each."""
        results = np.empty((len(points), self.n_out))

        def run(fused: Any) -> None:
            columns = [a.ctypes.data + 8 * np.arange(a.shape[1], dtype=np.intp) for a in (points, results)]
            steps = np.repeat([8 * self.n_in, 8 * self.n_out], [self.n_in, self.n_out]).astype(np.intp)
            fused.inner(np.concatenate(columns), np.array([len(points)], np.intp), steps)

        fused = self._fused[0]
        run(fused)
        if fused.marked:
            fused = self._fused[0] = self._compiled(complete=True)
            run(fused)
        return results


def by_pointers(loop: Any, n_out: int) -> Callable[..., Any]:
    """Return a stand-in for a ufunc of more operands than NumPy allows."""

    def run(*inputs: Any, out: Any = None, casting: str = "same_kind") -> Any:
        arrays = [np.asarray(a, np.float64) for a in inputs]
        shape = np.broadcast_shapes(*{a.shape for a in arrays})
        arrays = [a if a.size == 1 else np.ascontiguousarray(np.broadcast_to(a, shape)) for a in arrays]
        results = [np.empty(shape) for _ in range(n_out)]
        pointers = np.array([a.ctypes.data for a in (*arrays, *results)], np.intp)
        steps = np.array([8 * (a.size > 1) for a in (*arrays, *results)], np.intp)
        size = np.array([math.prod(shape)], np.intp)
        loop.inner(pointers, size, steps)
        if out is not None:
            for o, r in zip(out if isinstance(out, tuple) else (out,), results, strict=True):
                np.copyto(o, r, casting=casting)  # type: ignore[arg-type]
            return out
        with np.errstate(over="ignore"):
            done = tuple(r.astype(np.result_type(*inputs), copy=False)[()] for r in results)
        return done if n_out > 1 else done[0]

    return run
