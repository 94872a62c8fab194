"""Settings of all tests, and the fixture ``target``: an array library and its backend."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Compile in a folder of this session: what an earlier version left behind must not help or harm."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        folder.chmod(0o700)
        patch.setenv("MATHLIB_CACHE_DIR", str(folder))
        yield


class Target:
    """An array library and the backend that serves it."""

    def __init__(self, name: str, array: Callable[[np.ndarray], Any], numpy: Callable[[Any], Any], backend: str | None):
        self.name, self._array, self._numpy, self.backend = name, array, numpy, backend

    def __repr__(self) -> str:
        return self.name

    @property
    def compiled(self) -> bool:
        """Whether products are fused, as in the definition of the words."""
        return self.name in ("numba", "read_only", "cupy")

    def array(self, a: Any) -> Any:
        """Return an array of this library."""
        return self._array(np.array(a))

    def numpy(self, a: Any) -> Any:
        """Return a result as a NumPy array; of a tuple, each."""
        return tuple(map(self._numpy, a)) if isinstance(a, tuple) else self._numpy(a)

    def __call__(self, function: Callable[..., Any], *arrays: Any) -> Any:
        """Return, as NumPy arrays, what the function gives for arrays of this library."""
        return self.numpy(function(*map(self.array, arrays), backend=self.backend))


def _read_only(a: np.ndarray) -> np.ndarray:
    a.flags.writeable = False
    return a


def _same(a: Any) -> Any:
    return a


def _target(name: str) -> Target:
    if name == "numpy":
        return Target(name, _same, _same, "numpy")
    if name in ("numba", "read_only"):
        pytest.importorskip("numba", reason="the compiled backend needs numba")
        return Target(name, _read_only if name == "read_only" else _same, _same, "numba" if name == "numba" else None)
    if name == "strict":
        strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
        return Target(name, strict.asarray, np.asarray, None)
    if name == "torch":
        torch = pytest.importorskip("torch", reason="torch is not installed")
        return Target(name, torch.asarray, np.asarray, None)
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if not cupy.is_available():
        pytest.skip("no CUDA device")
    return Target(name, cupy.asarray, cupy.asnumpy, None)


@pytest.fixture(params=["numpy", "numba", "read_only", "strict", "torch", "cupy"])
def target(request: pytest.FixtureRequest) -> Target:
    """Every target in turn."""
    return _target(request.param)
