"""Our thread pool."""

import os
import queue
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathlib._lib import threads
from mathlib._lib.threads import available_cpus, run_chunks, workers_for

MS = 1e6  # nanoseconds


@pytest.fixture
def eight_cpus(monkeypatch):
    monkeypatch.setattr(threads, "available_cpus", lambda: 8)


@pytest.fixture
def busy_pool(monkeypatch):
    """A pool whose only thread is occupied until the test ends."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(release.wait, 60)
        monkeypatch.setattr(threads, "_pool", lambda: pool)
        yield
        release.set()


@pytest.mark.parametrize(
    ("workers", "work_ns", "expected"),
    [
        (None, 0.0, 1),
        (None, 0.49 * MS, 1),
        (None, 0.5 * MS, 2),
        (None, 1.1 * MS, 4),
        (None, 1e12, 8),
        (None, float("inf"), 8),
        (1, 1e12, 1),
        (5, 0.0, 5),
        (100, 0.0, 100),
        (np.int64(3), 0.0, 3),
        (-1, 0.0, 8),
        (-2, 0.0, 7),
        (-8, 0.0, 1),
    ],
)
def test_policy(eight_cpus, workers, work_ns, expected):
    count = workers_for(workers, work_ns)
    assert count == expected
    assert type(count) is int


@pytest.mark.parametrize(
    ("workers", "error", "text"),
    [
        (0, ValueError, "workers must not be 0: pass None for an automatic choice, 1 for one thread, -1 for all CPUs"),
        (-9, ValueError, r"workers=-9 leaves no worker: this process may use 8 CPUs, so pass -8\.\.-1"),
        (2.0, TypeError, r"workers must be an integer or None, got 2\.0: convert it with int\(\)"),
        ("2", TypeError, "workers must be an integer or None, got '2'"),
    ],
)
def test_policy_errors_say_the_way_out(eight_cpus, workers, error, text):
    with pytest.raises(error, match=text):
        workers_for(workers, 1e9)


def test_the_affinity_of_the_process_counts():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no CPU affinity")
    script = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);" + (
        "from mathlib._lib.threads import available_cpus; print(available_cpus())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "1"
    assert available_cpus() >= 1


@given(st.integers(0, 10**5), st.integers(1, 9), st.integers(1, 300))
def test_chunks_cover_the_range_once_and_start_at_multiples(n, workers, multiple):
    seen = []
    run_chunks(lambda start, stop: seen.append((start, stop)), n, workers, multiple)
    seen.sort()
    assert [start for start, _ in seen] == [0, *(stop for _, stop in seen)][: len(seen)]
    assert n == (seen[-1][1] if seen else 0)
    assert all(start % multiple == 0 and start < stop for start, stop in seen)
    assert len(seen) <= threads.PIECES * workers


@pytest.mark.parametrize("function", [np.exp, np.sqrt, np.tanh, np.negative])
@pytest.mark.parametrize("n", [1, 1000, 300_007])
def test_the_bits_do_not_depend_on_the_number_of_workers(function, n):
    x = np.random.default_rng(0).uniform(0, 50, n)
    results = []
    for workers in 1, 2, 3:
        y = np.empty_like(x)
        run_chunks(lambda start, stop, y=y: function(x[start:stop], out=y[start:stop]), n, workers, 64)
        results.append(y.tobytes())
    assert results == [function(x).tobytes()] * 3


def test_as_many_threads_as_workers_run_at_once_and_the_caller_is_one():
    together = threading.Barrier(3)
    seen = set()

    def function(start, stop):
        together.wait(60)
        seen.add(threading.get_ident())

    run_chunks(function, 12, 3)
    assert len(seen) == 3
    assert threading.get_ident() in seen


def test_a_busy_pool_does_not_hold_up_the_caller(busy_pool):
    seen = []
    run_chunks(lambda start, stop: seen.append(threading.get_ident()), 100, 4)
    assert seen == [threading.get_ident()] * 15


def test_no_thread_to_be_had(monkeypatch):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()  # submit raises RuntimeError, as it does when the system has no more threads
    monkeypatch.setattr(threads, "_pool", lambda: pool)
    seen = []
    run_chunks(lambda start, stop: seen.append(start), 100, 4)
    assert seen == list(range(0, 100, 7))


def test_it_works_while_the_interpreter_shuts_down():
    script = """
import atexit
from mathlib._lib.threads import run_chunks
done = []
run_chunks(lambda start, stop: done.append(start), 100, 2)
atexit.register(lambda: (run_chunks(lambda start, stop: done.append(start), 100, 2), print(sorted(done))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == str(sorted(2 * list(range(0, 100, 13))))


def test_a_call_from_within_a_chunk_runs_serially():
    together = threading.Barrier(3)
    seen = []

    def inner(start, stop):
        seen.append((start, stop, threading.get_ident()))

    def outer(start, stop):
        together.wait(60)  # both the calling thread and those of the pool try it
        run_chunks(inner, 1000, 3)

    run_chunks(outer, 12, 3)
    assert [(start, stop) for start, stop, _ in seen] == [(0, 1000)] * 12
    assert len({ident for _, _, ident in seen}) == 3
    run_chunks(lambda start, stop: seen.append((start, stop, 0)), 12, 3)
    assert len(seen) == 24  # the calling thread is outside again


def test_calls_from_many_threads():
    x = np.random.default_rng(0).random(100_000)

    def call(_):
        y = np.empty_like(x)
        run_chunks(lambda start, stop: np.exp(x[start:stop], out=y[start:stop]), x.size, 8, 64)
        return y.tobytes()

    with ThreadPoolExecutor(8) as callers:
        assert set(callers.map(call, range(64))) == {np.exp(x).tobytes()}


@pytest.mark.parametrize("kind", [ValueError, IndexError, RuntimeError, queue.Empty, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["caller", "pool"])
def test_an_error_in_any_thread_arrives(kind, where):
    caller = threading.get_ident()
    together = threading.Barrier(2)
    error = kind("this one")

    def function(start, stop):
        if start < 2:  # the first two chunks run at the same time
            together.wait(60)
        if (threading.get_ident() == caller) == (where == "caller"):
            raise error

    with pytest.raises(kind) as caught:
        run_chunks(function, 8, 2)
    assert caught.value is error


def test_no_chunk_begins_after_an_error(busy_pool):
    seen = []

    def function(start, stop):
        seen.append(start)
        if len(seen) == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_chunks(function, 16, 4)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_callers_numpy_error_state_holds_in_every_thread(workers):
    x = np.full(12, 1e4)
    together = threading.Barrier(workers)

    def function(start, stop):
        together.wait(60)
        np.exp(x[start:stop])

    with np.errstate(over="ignore"):
        run_chunks(function, x.size, workers)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        run_chunks(lambda start, stop: np.exp(x[start:stop]), x.size, workers)


def test_the_pool_keeps_no_reference_to_finished_work(busy_pool):
    x = np.zeros(100)
    gone = weakref.ref(x)
    run_chunks(lambda start, stop, x=x: None, x.size, 4)
    del x
    assert gone() is None  # though the tasks submitted to the busy pool have not run yet


def test_fork_while_threads_are_calling():
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    script = """
import os, signal, sys, threading
import numpy as np
from mathlib._lib.threads import run_chunks

x = np.random.default_rng(0).random(20_000)
expected = np.exp(x)

def call():
    y = np.empty_like(x)
    run_chunks(lambda start, stop: np.exp(x[start:stop], out=y[start:stop]), x.size, 3, 64)
    assert y.tobytes() == expected.tobytes()

def keep_calling():
    while not stop.is_set():
        call()

stop = threading.Event()
callers = [threading.Thread(target=keep_calling) for _ in range(4)]
for caller in callers:
    caller.start()
codes = []
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        for _ in range(5):
            call()
        sys.exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
for caller in callers:
    caller.join()
call()
print(codes)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([0] * 20)
