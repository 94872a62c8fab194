"""Every elementary function against Arb: compiled within the documented error, on arrays within two units more."""

import numpy as np
import pytest

pytest.importorskip("flint")
pytest.importorskip("llvmlite")

from mathlib._lib import elementary, on_llvm, words_numpy
from mathlib._lib.bind import bind
from mathlib._lib.elementary import ULP
from mathlib._lib.on_arrays import NamespaceBody
from tests.elementary_cases import CASES, ulps


def test_every_function_has_its_documented_error_and_its_case():
    assert set(ULP) == set(CASES)
    assert max(bound for name, bound in ULP.items() if not name.startswith("erf")) <= 1.0
    assert max(ULP.values()) <= 2.0


@pytest.mark.parametrize("name", CASES)
def test_compiled(name):
    columns = CASES[name][0]
    assert columns[0].size >= 900
    function = on_llvm.ufunc(name, None, ((getattr(elementary, name),),), len(columns), 1)
    errors = ulps(name, function(*columns), columns)
    worst = np.argmax(errors)  # NaN where a result is NaN
    assert errors[worst] <= ULP[name], (errors[worst], [float(c[worst]) for c in columns])


@pytest.mark.parametrize("name", CASES)
def test_on_numpy_arrays_without_fused_products(name):
    columns = CASES[name][0]
    with np.errstate(all="ignore"):
        results = bind(getattr(elementary, name), words_numpy)(*columns)
    errors = ulps(name, results, columns)
    worst = np.argmax(errors)
    assert errors[worst] <= ULP[name] + 2.0, (errors[worst], [float(c[worst]) for c in columns])


@pytest.mark.parametrize("name", CASES)
def test_on_arrays_of_any_library(name):
    xp = pytest.importorskip("array_api_strict")
    columns = CASES[name][0]
    run = NamespaceBody(None, ((getattr(elementary, name),),), xp, None)
    (results,) = run([xp.asarray(c) for c in columns])
    errors = ulps(name, np.asarray(results), columns)
    worst = np.argmax(errors)
    assert errors[worst] <= ULP[name] + 2.0, (errors[worst], [float(c[worst]) for c in columns])
