"""The compiled loops and what surrounds them: threads, forks, floating-point modes, machine code kept on disk."""

import os
import platform
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("numba")

import llvmlite.binding as llvm

from mathlib import special
from mathlib._lib import disk_cache, elementwise, ir_loop, on_llvm, tables_elementary
from mathlib._lib.elementwise import Elementwise
from mathlib._lib.words_llvm import double
from mathlib._lib.words_python import Horner, where
from tests.cpp import bits

VALUE = "-6605.275109298"  # log I_1000(1) = -1000 log 2 - log 1000! + log(1 + 1/4004 + ...)
CALL = "from mathlib.special import log_iv; print(log_iv(1000.0, 1.0).round(9))"


def numbers(size, seed=1):
    return np.random.default_rng(seed).uniform(0.0, 60.0, (2, size))


def run(code, **environment):
    env = {k: v for k, v in os.environ.items() if k != "MATHLIB_BACKEND"} | environment
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=env, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- threads and processes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(elementwise.ROUTINES))
def test_the_number_of_workers_does_not_show(name):
    routine = elementwise.ROUTINES[name]
    inputs = np.random.default_rng(2).uniform(0.0, 30.0, (routine.n_in, 30_011))
    inputs[:, ::97] = np.nan
    expected = routine(*inputs, workers=1)
    for workers in (2, 3, -1, None):
        assert np.array_equal(bits(routine(*inputs, workers=workers)), bits(expected))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_workers_on_more_than_one_axis(backend):
    v, x = numbers(33_000)
    expected = special.log_iv(v, x, backend=backend, workers=1)
    v, x, expected = (a.reshape(3, 1100, 10).transpose(2, 0, 1) for a in (v, x, expected))
    assert np.array_equal(special.log_iv(v, x, backend=backend, workers=3), expected)
    row = special.log_iv(v[:1], 2.0, backend=backend, workers=1)
    assert np.array_equal(
        special.log_iv(np.repeat(v[:1], 5, axis=0), 2.0, backend=backend, workers=2), np.repeat(row, 5, axis=0)
    )


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_calls_from_several_threads_at_once(workers):
    v, x = numbers(20_000)
    expected = special.log_ivkv(v, x, workers=1)
    barrier = threading.Barrier(6)

    def call(_):
        barrier.wait(60)
        return [special.log_ivkv(v, x, workers=workers) for _ in range(3)]

    with ThreadPoolExecutor(6) as pool:
        for results in pool.map(call, range(6)):
            for result in results:
                assert np.array_equal(result, expected)


def _square(x):
    return x * x + 0.25


def test_first_calls_from_several_threads(monkeypatch):
    """Compiling is not thread-safe in LLVM: our lock must make it so."""
    monkeypatch.setattr(elementwise, "ROUTINES", {})
    routines = [Elementwise(f"first_{k}", None, ((_square,),), n_in=1, n_out=1) for k in range(4)]
    barrier = threading.Barrier(8)

    def call(k):
        barrier.wait(60)
        return routines[k % 4](np.arange(5.0))

    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(call, range(8)):
            assert np.array_equal(result, np.arange(5.0) ** 2 + 0.25)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_fork_after_threads():
    """A child of a process with running threads computes, with threads, and both get the right bits."""
    code = """
import os, warnings
import numpy as np
from mathlib.special import log_iv
warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads: that is what is tried
v, x = np.random.default_rng(1).uniform(0.0, 60.0, (2, 50_000))
before = log_iv(v, x, workers=3)
child = os.fork()
if child == 0:
    plain = [log_iv(v, x, workers=n, backend="numpy") for n in (1, 3)]
    same = np.array_equal(log_iv(v, x, workers=3), before) and np.array_equal(*plain)
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), np.array_equal(log_iv(v, x, workers=3), before))
"""
    assert run(code) == "0 True"


def test_the_gil_is_released():
    """While one thread computes inside a loop, another one runs Python."""
    v, x = numbers(3_000_000)
    special.log_iv(1.0, 1.0)
    done, ticks = threading.Event(), []

    def compute():
        special.log_iv(v, x, workers=1)
        done.set()

    thread = threading.Thread(target=compute)
    thread.start()
    while not done.is_set():
        ticks.append(None)
        time.sleep(0)
    thread.join()
    assert len(ticks) > 10


# ---- floating-point state -------------------------------------------------------------------------------------------


def test_no_flag_is_left_behind():
    """A loop that divides by zero and overflows on sides not taken leaves the status flags as they were."""
    v, x = np.meshgrid([0.0, 1.0, 1e300, np.inf, np.nan, -1.5], [0.0, 5e-324, 1e-300, 1.0, 1e300, np.inf, np.nan, -2.0])
    with np.errstate(all="raise"):
        special.log_ivkv(v, x)
        special.log_ivkv(v.astype(np.float64)[::2], x[::2], workers=2)
        special.kv_ratio(v, x)
    with np.errstate(over="ignore"):
        v, x = v.astype(np.float32), x.astype(np.float32)
    with np.errstate(all="raise"):
        special.log_ivkv(v, x)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux", reason="sets a register of x86-64 Linux"
)
def test_a_mode_left_by_another_library_does_not_matter():
    """Flush-to-zero and rounding upwards, set through the C library, change no bit of ours, and stay set."""
    code = """
import ctypes, sys
import numpy as np
from mathlib.special import log_iv
m = ctypes.CDLL("libm.so.6")
v, x = np.random.default_rng(1).uniform(0.0, 60.0, (2, 5000))
x[:5] = 5e-324, 1e-310, 3e-308, 1e-300, 1.0
expected = log_iv(v, x, workers=1)
environment = (ctypes.c_uint32 * 8)()
m.fegetenv(environment)
environment[7] |= 0x8040 | 0x4000  # MXCSR: flush to zero, denormals are zero, round upwards
m.fesetenv(environment)
ours = log_iv(v, x, workers=1)
after = (ctypes.c_uint32 * 8)()
m.fegetenv(after)
kept = after[7] & 0xE040
environment[7] &= ~0xE040
m.fesetenv(environment)
print(np.array_equal(ours, expected), hex(kept))
"""
    assert run(code) == "True 0xc040"


# ---- machine code on disk -------------------------------------------------------------------------------------------


def test_a_second_process_compiles_nothing(tmp_path):
    tmp_path.chmod(0o700)
    environment = {"MATHLIB_CACHE_DIR": str(tmp_path)}
    count = (
        "from mathlib._lib import on_llvm; made = []; make = on_llvm._machine_code; "
        "on_llvm._machine_code = lambda *a: made.append(1) or make(*a); "
    )
    assert run(count + CALL + "; print(len(made))", **environment).split() == [VALUE, "1"]
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("log_iv_")
    assert run(count + CALL + "; print(len(made))", **environment).split() == [VALUE, "0"]
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "text"])
def test_a_damaged_file_is_made_again(damage, tmp_path):
    tmp_path.chmod(0o700)
    environment = {"MATHLIB_CACHE_DIR": str(tmp_path)}
    assert run(CALL, **environment) == VALUE
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes(b ^ 255 for b in whole[middle : middle + 64]) + whole[middle + 64 :]
    file.write_bytes(
        {"empty": b"", "cut": whole[:middle], "changed": changed, "text": b"not machine code\n" * 100}[damage]
    )
    assert run(CALL, **environment) == VALUE
    assert file.read_bytes() == whole


def test_the_folder_is_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MATHLIB_CACHE_DIR", str(tmp_path / "new" / "folder"))
    assert disk_cache.folder() == tmp_path / "new" / "folder"
    assert disk_cache.folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_is_not_used(mode, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    assert run(CALL, MATHLIB_CACHE_DIR=str(folder)) == VALUE
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_a_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("MATHLIB_CACHE_DIR", str(tmp_path))
    assert disk_cache.folder() == tmp_path
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert disk_cache.folder() is None


@pytest.mark.parametrize("home", ["/dev/null", "/proc/self", "file"])
def test_a_home_that_cannot_be_written(home, tmp_path):
    if home == "file":
        (tmp_path / "file").write_text("")
        home = str(tmp_path / "file")
    code = "import os; os.environ.pop('MATHLIB_CACHE_DIR', None); os.environ.pop('XDG_CACHE_HOME', None); " + CALL
    assert run(code, HOME=home) == VALUE


def test_no_home_at_all(monkeypatch):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MATHLIB_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(disk_cache.Path, "home", unknown)
    assert disk_cache.folder() is None


def test_a_full_disk_costs_only_the_cache(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    tmp_path.chmod(0o700)
    monkeypatch.setenv("MATHLIB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(disk_cache.tempfile, "NamedTemporaryFile", full)
    assert disk_cache.kept("name", lambda: b"code") == b"code"
    assert list(tmp_path.iterdir()) == []


def test_files_not_used_for_a_month_are_removed(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("MATHLIB_CACHE_DIR", str(tmp_path))
    for name, days in (("old.o", 40), ("recent.o", 20), ("used.o", 40)):
        disk_cache.kept(name, lambda: b"code")
        then = time.time() - days * 86400
        os.utime(tmp_path / name, (then, then))
        if name == "used.o":
            assert disk_cache.kept(name, lambda: b"other") == b"code"
    disk_cache.kept("new.o", lambda: b"code")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["new.o", "recent.o", "used.o"]


def _file(monkeypatch, tmp_path, *kernels):
    """The name of the file that a routine of these kernels is kept under."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("MATHLIB_CACHE_DIR", str(tmp_path))
    before = set(tmp_path.iterdir())
    on_llvm.ufunc("probe", None, (kernels,), 1, 1)
    (new,) = set(tmp_path.iterdir()) - before
    return new.name


def test_an_edit_anywhere_changes_the_file(tmp_path, monkeypatch):
    """A coefficient, a constant behind a callee, the order of operations, the processor: each has a file of its own."""
    scope = {"Horner": Horner, "where": where, "C": Horner((1.0, 2.0)), "D": 3.0}
    text = "def inner(x):\n    return D * x\ndef outer(x):\n    return C(x) + inner(x)\n"

    def kernels(text=text, **changes):
        here = scope | changes
        exec(text, here)
        return here["outer"]

    names = {_file(monkeypatch, tmp_path, kernels())}
    names.add(_file(monkeypatch, tmp_path, kernels(C=Horner((1.0, np.nextafter(2.0, 3.0))))))
    names.add(_file(monkeypatch, tmp_path, kernels(D=np.nextafter(3.0, 4.0))))
    names.add(_file(monkeypatch, tmp_path, kernels(text.replace("C(x) + inner(x)", "inner(x) + C(x)"))))
    names.add(_file(monkeypatch, tmp_path, kernels(text.replace("inner(x)\n", "inner(-x)\n"))))
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+sse2")
    names.add(_file(monkeypatch, tmp_path, kernels()))
    assert len(names) == 6
    assert all(name.startswith("probe_") and name.endswith(".o") for name in names)


def test_a_table_is_part_of_the_text():
    """An edit of one entry of a table of the library shows in the text that names the file."""
    routine = elementwise.ROUTINES["log_iv"]
    width = 8
    text = ir_loop.module(routine.region, routine.regions, routine.n_in, routine.n_out, width, platform.machine())
    for table in (tables_elementary.LOG_INVERSE, tables_elementary.LOG_HIGH):
        assert len(table) >= 128
        assert all(f"double {double(v)}" in text for v in table)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names x86-64 processors")
def test_widths_of_other_processors_give_the_same_bits(tmp_path):
    """The loop for a processor without AVX: half the lanes, fused products by the C library, equal results."""
    tmp_path.chmod(0o700)
    code = """
import sys, hashlib
import numpy as np
from mathlib.special import log_ivkv, iv_ratio_c
v, x = np.random.default_rng(1).uniform(0.0, 40.0, (2, 3000))
print(hashlib.sha256(np.concatenate([*log_ivkv(v, x), iv_ratio_c(v, x)]).tobytes()).hexdigest())
"""
    usual = run(code)
    for name, features in (("x86-64", "+sse2"), ("haswell", "+avx2,+fma,+avx,+sse4.2,+sse4.1,+ssse3,+sse3,+bmi,+bmi2")):
        if features != "+sse2" and not llvm.get_host_cpu_features().get("avx2"):
            continue
        assert run(code, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features, MATHLIB_CACHE_DIR=str(tmp_path)) == usual
