"""Rows of the self-report."""

import dataclasses
import math

import pytest

from mathlib._lib.report import Check, Measured, timed


@pytest.mark.parametrize(
    ("error", "bound", "ok"),
    [
        (0.0, 0.0, True),
        (1.0, 2.0, True),
        (2.0, 2.0, True),
        (2.1, 2.0, False),
        (math.nan, 2.0, False),
        (0.0, math.nan, False),
        (math.inf, math.inf, False),
        (1.0, math.inf, False),  # a bound that nothing exceeds promises nothing
        (-1.0, 2.0, False),
    ],
)
def test_ok_needs_a_number_within_a_finite_bound(error, bound, ok):
    assert Measured("1 point", error, bound, 0.0).ok is ok


def test_a_check_runs_on_a_backend():
    def run(backend, quick):
        return Measured(f"{backend} {quick}", 0.0, 1.0, 0.5, peer="other", ratio=2.0)

    check = Check("log_iv", "large order", run, ("numpy", "cupy"))
    assert [check.run(backend, True).size for backend in check.backends] == ["numpy True", "cupy True"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        check.case = "another"


def test_timed_returns_the_result_and_a_duration():
    result, seconds = timed(lambda: "done")
    assert result == "done"
    assert 0 <= seconds < math.inf


def test_timed_lets_errors_through():
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 // 0)
