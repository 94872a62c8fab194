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
from importlib import import_module
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from mathlib._lib import ir_loop
from mathlib._lib.bind import Kernel
from mathlib._lib.disk_cache import kept

_lock = threading.Lock()
_engine: Any = None
_alive: list[Any] = []  # what the ufuncs point to

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
        _engine = llvm.create_mcjit_compiler(
            llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine()
        )
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    _engine.finalize_object()
    return _engine


def ufunc(name: str, region: Kernel | None, regions: tuple[tuple[Kernel, ...], ...], n_in: int, n_out: int) -> np.ufunc:
    """Return a NumPy ufunc of the kernels, for float32 and float64, computing in float64."""
    with _lock:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        cpu, features = _processor()
        text = ir_loop.module(region, regions, n_in, n_out, _lanes(features), platform.machine())
        stamp = hashlib.sha256("\n".join((text, cpu, features, str(llvm.llvm_version_info))).encode()).hexdigest()[:24]
        for kind in ir_loop.SIZES:
            text = text.replace(f"@loop_{kind}(", f"@loop_{kind}_{stamp}(")
        engine = _load(kept(f"{name}_{stamp}.o", lambda: _machine_code(text, cpu, features)))
        addresses = [engine.get_function_address(f"loop_{kind}_{stamp}") for kind in ("float", "double")]
        return _as_ufunc(name, addresses, n_in, n_out)


def _as_ufunc(name: str, addresses: list[int], n_in: int, n_out: int) -> np.ufunc:
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
    data = (ctypes.c_void_p * 2)()
    count = n_in + n_out
    types = ctypes.create_string_buffer(bytes([_FLOAT] * count + [_DOUBLE] * count))
    title = ctypes.create_string_buffer(name.encode())
    _alive.extend((loops, data, types, title))
    no_identity = -1
    made: np.ufunc = make(
        ctypes.addressof(loops), ctypes.addressof(data), types, 2, n_in, n_out, no_identity, title, title, 0
    )
    return made
