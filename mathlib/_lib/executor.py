"""Run a pure function on blocks: here, in processes, or on any concurrent.futures executor (a Dask cluster)."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from mathlib._lib.threads import workers_for

__all__ = ["map_blocks"]

Block = TypeVar("Block")
Value = TypeVar("Value")


def map_blocks(
    function: Callable[[Block], Value],
    blocks: Iterable[Block],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
) -> list[Value]:
    """Return ``[function(block) for block in blocks]``, computed where `workers` or `executor` says.

    Parameters
    ----------
    function : callable
        Must be pure, so that a block gives the same result wherever, and however often, it runs. Outside this process
        it and the blocks are pickled: a function of a module, or a `functools.partial` of one, not a lambda.
    blocks : iterable
        All are submitted at once; pass descriptions of the work rather than data where memory matters.
    workers : int, optional
        Number of processes, negative as in `scipy.fft`. None and 1 run the blocks in this process. The processes are
        spawned for this call, so a script needs its ``if __name__ == "__main__":``.
    executor : concurrent.futures.Executor, optional
        Where to run instead, e.g. ``distributed.Client(...).get_executor()``. It is left running.

    Returns
    -------
    list
        The results in the order of the blocks.

    Raises
    ------
    ValueError
        If both `workers` and `executor` are given.
    Exception
        The first failure of a block. Blocks that have not begun are cancelled.
    """
    if executor is not None:
        if workers is not None:
            raise ValueError(f"workers={workers!r} and executor={executor!r} exclude each other: pass one of them")
        return _gather(executor, function, blocks)
    count = workers_for(workers, work_ns=0.0)
    if count == 1:
        return [function(block) for block in blocks]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as processes:
        return _gather(processes, function, blocks)


def _gather(executor: Executor, function: Callable[[Block], Value], blocks: Iterable[Block]) -> list[Value]:
    futures = [executor.submit(function, block) for block in blocks]
    try:
        for future in as_completed(futures):
            future.result()  # raises the first failure as soon as it happens
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
