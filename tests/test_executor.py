"""Blocks in this process, in other processes and on any executor."""

import operator
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from mathlib._lib.executor import map_blocks


# Functions that other processes must find are those of installed modules: these tests are not importable everywhere.
def square(x):
    return x * x


@pytest.mark.parametrize("workers", [None, 1])
def test_serial_runs_here_and_in_order(workers):
    assert map_blocks(square, iter(range(5)), workers=workers) == [0, 1, 4, 9, 16]
    assert map_blocks(operator.call, [os.getpid] * 2, workers=workers) == [os.getpid()] * 2


def test_processes_run_elsewhere_and_in_order():
    assert map_blocks(operator.neg, range(5), workers=2) == [0, -1, -2, -3, -4]
    assert os.getpid() not in map_blocks(operator.call, [os.getpid] * 2, workers=2)


def test_processes_start_fresh():
    with np.errstate(over="raise"):  # a forked process would have it too, along with any lock that a thread holds
        assert map_blocks(operator.call, [np.geterr], workers=2)[0]["over"] == "warn"


def test_the_error_of_a_process_arrives():
    with pytest.raises(ZeroDivisionError):
        map_blocks(partial(operator.truediv, 1), [1, 2, 0, 4], workers=2)


def test_no_blocks():
    assert map_blocks(square, [], workers=2) == []


def test_any_executor_serves_and_stays_open():
    with ThreadPoolExecutor(2) as threads:
        assert map_blocks(partial(pow, 2), range(5), executor=threads) == [1, 2, 4, 8, 16]
        assert map_blocks(square, [], executor=threads) == []
        assert threads.submit(square, 3).result() == 9


def test_results_keep_their_order_when_later_blocks_end_first():
    second_done = threading.Event()

    def run(block):
        if block == 0:
            assert second_done.wait(60)
        else:
            second_done.set()
        return block

    with ThreadPoolExecutor(2) as pool:
        assert map_blocks(run, [0, 1], executor=pool) == [0, 1]


class SecondFails:
    """Submits nothing: the second future has failed already, the others stay pending until they are cancelled."""

    def __init__(self):
        self.futures = []

    def submit(self, function, block):
        self.futures.append(Future())
        if len(self.futures) == 2:
            self.futures[1].set_exception(ZeroDivisionError())
        return self.futures[-1]


def test_the_first_failure_is_raised_at_once_and_cancels_the_rest():
    executor = SecondFails()
    with pytest.raises(ZeroDivisionError):
        map_blocks(square, range(5), executor=executor)
    assert [future.cancelled() for future in executor.futures] == [True, False, True, True, True]


def test_workers_and_executor_exclude_each_other():
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(ValueError, match=r"workers=2 and executor=.* exclude each other"),
    ):
        map_blocks(square, [1], workers=2, executor=pool)


def test_bad_workers():
    with pytest.raises(ValueError, match="workers must not be 0"):
        map_blocks(square, [1], workers=0)


def test_a_dask_cluster_serves():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        assert map_blocks(square, range(5), executor=client.get_executor()) == [0, 1, 4, 9, 16]
        with pytest.raises(ZeroDivisionError):
            map_blocks(partial(operator.truediv, 1), [1, 0], executor=client.get_executor())
