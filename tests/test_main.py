"""The self-report: rows, JSON, exit status, and that it turns red when a constant of a kernel is off by 1e-10."""

import json
import subprocess
import sys

import pytest

from mathlib.__main__ import main, rooms

MUTATED = """
import sys
from mathlib.special.kernels import {module}
first, *others = {module}.{table}.rows
{module}.{table}.rows = ((first[0] * (1.0 + {change}), *first[1:]), *others)
from mathlib.__main__ import main
sys.exit(main(["--quick", "--only", "special", "--backend", "{backend}"]))
"""


def test_rooms_are_found():
    assert list(rooms()) == ["optimize", "special", "stats", "symbolic"]


def test_table_and_json(capsys):
    assert main(["--quick", "--only", "stats", "--backend", "numba"]) == 0
    table = capsys.readouterr().out
    assert "all ok" in table
    assert "stats.vmf_kappa" in table
    assert max(map(len, table.splitlines())) <= 100
    assert main(["--quick", "--only", "stats", "--backend", "numba", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(row["ok"] and 0 <= row["error"] <= row["bound"] for row in report["rows"])


def test_an_unknown_room_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "cellar"])
    assert "special" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize(
    ("module", "table"), [("logs", "DEBYE_ODD_FAR"), ("inner", "SEED_K_FAR"), ("ratios", "M_EVEN_FAR")]
)
def test_a_constant_off_by_1e_10_is_seen(module, table, backend):
    code = MUTATED.format(module=module, table=table, change="1e-10", backend=backend)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL" in done.stdout


def test_the_same_program_without_the_change_is_green():
    code = MUTATED.format(module="logs", table="DEBYE_ODD_FAR", change="0.0", backend="numba")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
