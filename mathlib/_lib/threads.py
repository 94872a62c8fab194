"""Our own threads: how many a call may use, and a loop over contiguous chunks that runs on them."""

import operator
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import cache, partial
from queue import Empty, Queue

__all__ = ["available_cpus", "run_chunks", "workers_for"]

SHARE_NS = 0.25e6  # a worker chosen by us gets at least this much work: waking a thread costs about a tenth of it
PIECES = 4  # chunks per worker, so that a slow region or a busy core does not keep the others waiting
MAX_THREADS = 32  # of the pool, or one per CPU where there are more; a call never waits for a thread to become free

_inside: ContextVar[bool] = ContextVar("inside a chunk", default=False)


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the pool of this process. It starts a thread only when none is idle, so it grows as it is needed."""
    return ThreadPoolExecutor(max(MAX_THREADS, available_cpus()), thread_name_prefix="mathlib")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked child inherits the pool, but none of its threads


def available_cpus() -> int:
    """Return the number of CPUs that this process may run on."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_for(workers: int | None, work_ns: float) -> int:
    """Return how many workers share a call.

    Parameters
    ----------
    workers : int or None
        What the caller asked for, as in `scipy.fft`: a positive number is taken as it is, -1 means all CPUs that
        this process may use, -2 all but one, and so on. None leaves it to the amount of work.
    work_ns : float
        Estimated time of the call on one thread, in nanoseconds. Below half a millisecond None means one worker.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TypeError
        If `workers` is not an integer.
    ValueError
        If `workers` is zero, or takes away more CPUs than there are.
    """
    if workers is None:
        return 1 if work_ns < 2 * SHARE_NS else int(min(available_cpus(), work_ns / SHARE_NS))
    try:
        count = operator.index(workers)
    except TypeError:
        raise TypeError(f"workers must be an integer or None, got {workers!r}: convert it with int()") from None
    if count == 0:
        raise ValueError("workers must not be 0: pass None for an automatic choice, 1 for one thread, -1 for all CPUs")
    if count < 0:
        cpus = available_cpus()
        if count < -cpus:
            raise ValueError(f"workers={count} leaves no worker: this process may use {cpus} CPUs, so pass {-cpus}..-1")
        count += 1 + cpus
    return count


def run_chunks(function: Callable[[int, int], object], n: int, workers: int, multiple: int = 1) -> None:
    """Call ``function(start, stop)`` on contiguous chunks that cover ``range(n)``, on up to `workers` threads.

    The calling thread is one of the workers, and does everything itself when the pool is busy elsewhere, so a call
    cannot deadlock. From within a chunk a further call runs serially. Chunks see the context variables of the caller
    (NumPy's `errstate`, our backend). After a failure no further chunk is begun, and the error is raised here.

    Parameters
    ----------
    function : callable
        Does the work on ``start <= i < stop``. Where the cuts fall depends on `workers`, so its results must not
        depend on them: each output of its own, never a reduction across the chunk. It runs in parallel only as far
        as it releases the GIL.
    n : int
        Length of the loop. Nothing is called for 0.
    workers : int
        Number of threads, as `workers_for` returns it.
    multiple : int, default 1
        Every chunk but the last has a multiple of this length, and starts at one.
    """
    step = -(-n // (PIECES * workers * multiple)) * multiple
    if workers == 1 or step >= n or _inside.get():
        if n:
            function(0, n)
        return
    chunks: Queue[partial[object]] = Queue()
    for start in range(0, n, step):
        chunks.put(partial(function, start, min(start + step, n)))
    errors: list[BaseException] = []
    # No thread to be had (limits, the interpreter is shutting down): those that we have do the work.
    with suppress(RuntimeError):
        for _ in range(min(workers, chunks.qsize()) - 1):
            _pool().submit(copy_context().run, _work, chunks, errors)
    copy_context().run(_work, chunks, errors)
    chunks.join()
    if errors:
        raise errors.pop(0)


def _work(chunks: Queue[partial[object]], errors: list[BaseException]) -> None:
    """Run chunks until none is left; after an error anywhere only count them off. Runs in a context of its own."""
    _inside.set(True)
    with suppress(Empty):
        while True:
            chunk = chunks.get_nowait()
            try:
                if not errors:
                    chunk()
            except BaseException as error:  # raised again by run_chunks in the calling thread
                errors.append(error)
            finally:
                chunks.task_done()
