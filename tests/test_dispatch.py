"""Who runs a call: every cell of the table (arrays, backend), errors that name the way out, choices by context."""

import asyncio
import os
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

import mathlib
from mathlib._lib import dispatch
from mathlib._lib.dispatch import choose, family
from mathlib.special import log_cosh


def stub(root, name="ndarray"):
    """An object whose type looks as if it came from another array library."""
    return type(name, (), {"__module__": f"{root}.inside"})()


def run(code, **environment):
    """What a fresh interpreter prints."""
    env = {k: v for k, v in os.environ.items() if k != "MATHLIB_BACKEND"} | environment
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- the table ----------------------------------------------------------------------------------------------------

NUMPY = [np.ones(2), [1.0, 2.0], 1.0, 1, True, np.float32(1.0), np.int8(1), (1.0,)]


@pytest.mark.parametrize("a", NUMPY, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize(("name", "expected"), [(None, "numba"), ("numpy", "numpy"), ("numba", "numba")])
def test_numpy_scalars_and_lists(a, name, expected):
    if expected == "numba":
        pytest.importorskip("numba")
    assert choose((a,), name) == expected
    assert choose((1.0, a), name) == expected


@pytest.mark.parametrize("a", NUMPY, ids=lambda a: type(a).__name__)
def test_numpy_arrays_are_not_moved_to_a_device(a):
    with pytest.raises(TypeError, match=r"move them with cupy\.asarray"):
        choose((a,), "cupy")


def test_cupy_arrays():
    a = stub("cupy")
    assert choose((a,), None) == "cupy"
    assert choose((a, 2.0), "cupy") == "cupy"
    for name in ("numpy", "numba"):
        with pytest.raises(TypeError, match=r"cupy\.asnumpy"):
            choose((a,), name)


@pytest.mark.parametrize("root", ["torch", "dask", "jaxlib", "jax", "array_api_strict"])
def test_other_libraries(root):
    kind = type("Array", (), {"__module__": f"{root}.core", "__array_namespace__": None})
    assert choose((kind(),), None) == "array"
    assert choose((kind(), 1), "numpy") == "array"
    for name in ("numba", "cupy"):
        with pytest.raises(TypeError, match=f"backend '{name}' cannot take arrays of {root}"):
            choose((kind(),), name)


@pytest.mark.parametrize("name", [None, "numpy", "numba", "cupy"])
@pytest.mark.parametrize(("one", "other"), [("cupy", "numpy"), ("torch", "numpy"), ("cupy", "torch"), ("dask", "jax")])
def test_two_families_are_not_mixed(one, other, name):
    a, b = (np.ones(1) if root == "numpy" else stub(root) for root in (one, other))
    for arrays in ((a, b), (b, 1.0, a)):
        with pytest.raises(TypeError, match=rf"arrays of {min(one, other)} and {max(one, other)} are mixed: convert"):
            choose(arrays, name)


@pytest.mark.parametrize("name", ["", "Numpy", "cuda", "torch"])
def test_unknown_names(name):
    for use in (
        lambda: choose((1.0,), name),
        lambda: mathlib.backend(name).__enter__(),
        lambda: log_cosh(1.0, backend=name),
    ):
        with pytest.raises(ValueError, match=f"backend is '{name}': choose 'numpy', 'numba' or 'cupy'"):
            use()


def test_families():
    assert family(float) == family(int) == family(np.float64) == "scalar"
    assert family(np.ndarray) == family(list) == family(np.memmap) == family(np.ma.MaskedArray) == "numpy"
    assert family(type(stub("cupy"))) == "cupy"
    assert family(type(stub("cupyx"))) == "numpy"  # a name that only begins like a library's


def test_cupy_is_asked_to_run_cupy_arrays(monkeypatch):
    """Without a device: the arrays of a stand-in reach the launch, with everything it needs."""
    seen = {}

    def launched(region, regions, n_in, n_out, name):
        def call(inputs, outs):
            seen.update(n_in=n_in, n_out=n_out, name=name, inputs=inputs, outs=outs)
            return ("done",)

        return call

    class ndarray(np.ndarray):
        pass

    ndarray.__module__ = "cupy"
    cupy = types.ModuleType("cupy")
    cupy.asarray, cupy.float32, cupy.float64 = np.asarray, np.float32, np.float64
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr("mathlib.gpu.launch.elementwise", launched)
    a = np.ones(3, np.float32).view(ndarray)
    assert log_cosh(a) == "done"
    assert seen["name"] == "log_cosh"
    assert seen["inputs"][0].dtype == np.float32
    assert log_cosh(a, backend="cupy") == "done"
    with pytest.raises(TypeError, match=r"cupy\.asnumpy"):
        log_cosh(a, backend="numpy")


# ---- the choice by context ----------------------------------------------------------------------------------------


def fail():
    raise ValueError("of the block")


def test_the_context_manager_nests_and_ends():
    assert mathlib.current_backend() is None
    with mathlib.backend("numpy"):
        assert mathlib.current_backend() == "numpy"
        assert choose((1.0,), None) == "numpy"
        assert choose((1.0,), "numba") == "numba"  # the argument wins
        with pytest.raises(ValueError, match="of the block"), mathlib.backend("cupy"):  # noqa: PT012
            assert mathlib.current_backend() == "cupy"
            fail()
        assert mathlib.current_backend() == "numpy"
    assert mathlib.current_backend() is None


def test_the_context_reaches_calls():
    """Also those that take the short way of small arrays: the compiled routine is there, and must not be used."""
    pytest.importorskip("numba")
    log_cosh(1.0)
    with mathlib.backend("cupy"), pytest.raises(TypeError, match=r"cupy\.asarray"):
        log_cosh(1.0)
    with mathlib.backend("cupy"):
        assert log_cosh(0.0, backend="numpy") == 0.0


def test_the_context_is_local_to_a_thread():
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with mathlib.backend("numpy"):
            inside.set()
            assert leave.wait(60)
            seen.append(mathlib.current_backend())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(60)
    assert mathlib.current_backend() is None
    leave.set()
    thread.join()
    assert seen == ["numpy"]


def test_the_context_is_local_to_a_task():
    async def task(name, barrier):
        with mathlib.backend(name):
            await barrier.wait()
            mine = mathlib.current_backend()
            await barrier.wait()
        return mine, mathlib.current_backend()

    async def main():
        barrier = asyncio.Barrier(3)
        return await asyncio.gather(*(task(name, barrier) for name in ("numpy", "numba", "cupy")))

    assert asyncio.run(main()) == [("numpy", None), ("numba", None), ("cupy", None)]


# ---- the environment, and missing packages ------------------------------------------------------------------------


def test_the_environment_variable():
    code = (
        "import mathlib, sys; from mathlib.special import log_cosh; "
        "print(mathlib.current_backend(), log_cosh(0.0), 'llvmlite' in sys.modules)"
    )
    assert run(code, MATHLIB_BACKEND="numpy") == "numpy 0.0 False"
    assert run("import mathlib; print(mathlib.current_backend())", MATHLIB_BACKEND="") == "None"
    code = "import mathlib\nwith mathlib.backend('numba'): print(mathlib.current_backend())"
    assert run(code, MATHLIB_BACKEND="numpy") == "numba"


def test_an_unknown_name_in_the_environment():
    code = "try:\n    import mathlib\n    mathlib.current_backend()\nexcept ValueError as e: print(e)"
    assert run(code, MATHLIB_BACKEND="fortran").startswith("backend is 'fortran': choose")


BLOCKED = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in ("numba", "llvmlite") else find(name, *a)
"""


def test_without_numba_the_array_bodies_serve():
    code = BLOCKED + (
        "import mathlib, numpy as np; from mathlib.special import log_iv\n"
        "print(mathlib.backends()['numba'], mathlib.backends()['numpy'] == np.__version__)\n"
        "print(log_iv(1000.0, 1.0).round(9), log_iv(np.full(3, 0.5), 2.0).shape, "
        "log_iv(0.0, np.ones(20000), workers=2).shape)\n"
        "try: log_iv(1.0, 1.0, backend='numba')\nexcept ImportError as e: print(e)\n"
    )
    lines = run(code).splitlines()
    assert lines[0] == "None True"
    assert lines[1] == "-6605.275109298 (3,) (20000,)"
    assert "numba is not installed: pip install numba, or use backend='numpy'" in lines[2]


def test_backends():
    found = mathlib.backends()
    assert list(found) == ["numpy", "numba", "cupy"]
    assert found["numpy"] == np.__version__
    for name in ("numba", "cupy"):
        if found[name] is None:
            with pytest.raises(ImportError):
                __import__(name)
        else:
            assert found[name] == __import__(name).__version__


def test_no_library_is_imported_to_be_recognised():
    code = (
        "import sys, mathlib.special\n"
        "kind = type('ndarray', (), {'__module__': 'cupy'})\n"
        "from mathlib._lib.dispatch import choose\n"
        "print(choose((kind(),), None), 'cupy' in sys.modules, 'numba' in sys.modules)"
    )
    assert run(code) == "cupy False False"


def test_the_names_are_those_of_the_type():
    assert dispatch.BACKENDS == ("numpy", "numba", "cupy")
