"""``python -m mathlib compile``: what it prints, its exit status, and that bad input is refused in a line."""

import re

import pytest

from mathlib.__main__ import main


def test_the_stable_form_the_source_and_the_verdict_are_printed(capsys):
    assert main(["compile", "log(exp(x) + exp(y))", "--domain", "x", "-10", "900", "--points", "2000"]) == 0
    printed = capsys.readouterr().out
    assert "LogAddExp(x, y)" in printed
    assert "def full(x0, x1):" in printed
    assert re.search(r"bits of error: mean \d+\.\d+ -> 0\.\d+", printed)
    assert re.search(r"status: (sampled|failed)", printed)


def test_an_expression_that_loses_its_digits_fails_as_written(capsys):
    words = ["compile", "sqrt(x + 1) - sqrt(x)", "--domain", "x", "1", "1e9", "--points", "2000"]
    assert main(words) == 0
    assert main([*words, "--as-written", "--max-ulp", "2"]) == 1
    assert "status: failed" in capsys.readouterr().out


def test_source_for_a_device_needs_no_device(capsys):
    assert main(["compile", "sin(x)/x", "--backend", "cupy", "--points", "500"]) in (0, 1)
    assert "namespace mathlib" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["__import__('os')"], "ValueError"),
        (["x +"], "ValueError"),
        (["zeta(x)"], "ValueError"),
        (["gamma(x)", "--backend", "numba"], "UnsupportedFunctionError"),
        (["x", "--domain", "x", "2", "1"], "ValueError"),
        (["x", "--domain", "x", "one", "2"], "ValueError"),
        (["x", "--domain", "z", "1", "2"], "ValueError"),
    ],
)
def test_bad_input_is_told_in_one_line(words, said, capsys):
    assert main(["compile", *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") == 1
