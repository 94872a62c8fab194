"""Compiled CPU loops: region kernels -> LLVM text -> machine code, kept on disk -> a NumPy ufunc.

The ufunc gives broadcasting, strides, ``out=``, overlap rules and the release of the GIL; our text gives one loop for
float32 and one for float64. The object file is kept under a hash of the whole LLVM text, the processor and the version
of LLVM, so an edit anywhere in a kernel, a table or a word can never meet a stale file.
"""

import ctypes
import hashlib
import os
import platform
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from mathlib._lib import ir_fused, ir_loop
from mathlib._lib.bind import Kernel
from mathlib._lib.disk_cache import kept
from mathlib._lib.ir_loop import Regions

_lock = threading.Lock()
_engine: Any = None
_addresses: dict[str, list[int]] = {}  # of the functions that are loaded, by the hash of their module
_alive: list[Any] = []  # what the ufuncs point to

LOOPS = ("loop_float", "loop_double")
LONG = 700  # lines of a module beyond which one register an operation must do: two take twice the time to compile
VERY_LONG = 8000  # bytes of Python code of a kernel beyond which its functions are called, not written out
MOST_OPERANDS = 32  # of a ufunc: NumPy allows 64 since version 2, 32 before

_FLOAT, _DOUBLE = 11, 12  # NPY_FLOAT, NPY_DOUBLE
_FROM_FUNC_AND_DATA = (
    1  # place of PyUFunc_FromFuncAndData in NumPy's table of C functions, part of its binary interface
)


def _processor() -> tuple[str, str]:
    """Name and features of the processor to write for; numba's variables change both, to look at other machines."""
    name = os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES") or llvm.get_host_cpu_features().flatten()
    return name, features + (",-prefer-256-bit" if "+avx512f" in features else "")


def _lanes(features: str) -> int:
    present = features.split(",")
    return next((n for name, n in ir_loop.LANES.items() if f"+{name}" in present), ir_loop.OTHER_LANES)


def _machine_code(text: str, name: str, features: str) -> bytes:
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=name, features=features, opt=2, jit=True, codemodel="jitdefault")
    return machine.emit_object(llvm.parse_assembly(text))  # type: ignore[no-any-return]


def _load(code: bytes) -> Any:
    """Give the object file to the process; return the engine that knows its addresses."""
    global _engine
    if _engine is None:
        for function in ("PyMem_RawMalloc", "PyMem_RawFree"):
            llvm.add_symbol(function, ctypes.cast(getattr(ctypes.pythonapi, function), ctypes.c_void_p).value)
        _engine = llvm.create_mcjit_compiler(
            llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine()
        )
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    _engine.finalize_object()
    return _engine


def ufunc(name: str, region: Kernel | None, regions: Regions, n_in: int, n_out: int) -> np.ufunc:
    """Return a NumPy ufunc of the kernels, for float32 and float64, computing in float64."""
    return _as_ufunc(name, _routine(name, region, regions, n_in, n_out)[:2], 0, n_in, n_out)


def _routine(name: str, region: Kernel | None, regions: Regions, n_in: int, n_out: int) -> list[int]:
    cpu, features = _processor()
    text = ir_loop.module(region, regions, n_in, n_out, _lanes(features), platform.machine())
    return _functions(name, text, (*LOOPS, "block"), cpu, features)


class FusedLoop:
    """
    The compiled loop of `ir_fused`, as a ufunc.

    Parameters
    ----------
    loop : ir_fused.Loop
        The kernels.
    routines : sequence of Elementwise
        The routines that the loop calls, of one result each.
    complete : bool
        Whether to compile the full kernel beside a fast one. If not, `marked` tells whether any element so far needed
        it; the results of such a call must be thrown away.

    Attributes
    ----------
    ufunc : numpy.ufunc or None
        None if there are more operands than NumPy allows.
    call : callable
        What takes the arrays: the ufunc, or what its owner puts here if there is none.
    """

    def __init__(self, loop: ir_fused.Loop, routines: Sequence[Any], complete: bool):
        cpu, features = _processor()
        lanes = _lanes(features)
        if not complete and loop.fast is not None:
            loop = replace(loop, full=None)
        size = len((loop.fast or loop.full).__code__.co_code)  # type: ignore[union-attr]
        text = ir_fused.module(loop, lanes // 2, lanes // 2, platform.machine(), calls=size > VERY_LONG)
        if text.count("\n") < LONG:
            text = ir_fused.module(loop, lanes, lanes // 2, platform.machine())
        blocks = [_routine(r.name, r.region, r.regions, r.n_in, r.n_out)[2] for r in routines]
        self._words = (ctypes.c_int64 * (1 + len(blocks)))(0, *blocks)
        data = ctypes.addressof(self._words)
        addresses = _functions("expression", text, LOOPS, cpu, features)
        self._loop_double, self._data = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(addresses[1]), data
        self.ufunc: np.ufunc | None = None
        if loop.n_in + loop.n_out <= MOST_OPERANDS:
            self.ufunc = _as_ufunc("expression", addresses, data, loop.n_in, loop.n_out)
            _alive.append(self._words)
        self.call: Callable[..., Any] | None = self.ufunc

    def inner(self, pointers: np.ndarray, size: np.ndarray, steps: np.ndarray) -> None:
        """Run the inner loop on float64 arrays given by their addresses and steps in bytes, without NumPy."""
        self._loop_double(pointers.ctypes.data, size.ctypes.data, steps.ctypes.data, self._data)

    @property
    def marked(self) -> bool:
        """Whether an element was met that the fast kernel cannot do."""
        return bool(self._words[0])


def scalar(kernel: Kernel, count: int) -> Any:
    """Return a kernel of ``count`` arguments and one result as a C function of doubles, to be called through ctypes."""
    cpu, features = _processor()
    function = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
    return function(_functions("scalar", ir_fused.scalar(kernel, count), ("scalar",), cpu, features)[0])


def _functions(name: str, text: str, exported: Sequence[str], cpu: str, features: str) -> list[int]:
    """Return the addresses of the exported functions of a module."""
    stamp = hashlib.sha256("\n".join((text, cpu, features, str(llvm.llvm_version_info))).encode()).hexdigest()[:24]
    with _lock:
        if stamp not in _addresses:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            for function in exported:
                text = text.replace(f"@{function}(", f"@{function}_{stamp}(")
            engine = _load(kept(f"{name}_{stamp}.o", lambda: _machine_code(text, cpu, features)))
            _addresses[stamp] = [engine.get_function_address(f"{function}_{stamp}") for function in exported]
        return _addresses[stamp]


def _as_ufunc(name: str, addresses: list[int], data: int, n_in: int, n_out: int) -> np.ufunc:
    umath = import_module("numpy._core._multiarray_umath")  # the C table is in a capsule of this module

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = ctypes.cast(pointer(umath._UFUNC_API, None), ctypes.POINTER(ctypes.c_void_p))
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_char_p,
        *[ctypes.c_int] * 4,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_int,
    )(table[_FROM_FUNC_AND_DATA])
    loops = (ctypes.c_void_p * 2)(*addresses)
    both = (ctypes.c_void_p * 2)(data, data)
    count = n_in + n_out
    types = ctypes.create_string_buffer(bytes([_FLOAT] * count + [_DOUBLE] * count))
    title = ctypes.create_string_buffer(name.encode())
    _alive.extend((loops, both, types, title))
    no_identity = -1
    made: np.ufunc = make(
        ctypes.addressof(loops), ctypes.addressof(both), types, 2, n_in, n_out, no_identity, title, title, 0
    )
    return made
