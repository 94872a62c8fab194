"""What `import mathlib.symbolic` loads, and that every public name is where the table of modules says."""

import subprocess
import sys

import pytest

import mathlib.symbolic


def test_every_public_name_is_found():
    assert set(mathlib.symbolic.__all__) == {*mathlib.symbolic._MODULES, "rules"} == set(dir(mathlib.symbolic))
    for name in mathlib.symbolic.__all__:
        assert getattr(mathlib.symbolic, name).__name__.rpartition(".")[2] == name


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'solve'"):
        _ = mathlib.symbolic.solve


def test_the_import_loads_nothing_heavy():
    code = "import sys, mathlib.symbolic; print(*{'sympy', 'scipy', 'flint', 'llvmlite'}.intersection(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""
