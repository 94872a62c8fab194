"""Who runs a call: the array decides where, the name decides how, and nothing moves by itself."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import util
from typing import Any, Literal, get_args

Backend = Literal["numpy", "numba", "cupy"]
BACKENDS: tuple[str, ...] = get_args(Backend)


def _known(name: str) -> str:
    if name not in BACKENDS:
        raise ValueError(
            f"backend is {name!r}: choose 'numpy', 'numba' or 'cupy', or None for the backend of the arrays"
        )
    return name


_environment = os.environ.get("MATHLIB_BACKEND")
chosen: ContextVar[str | None] = ContextVar("backend", default=_known(_environment) if _environment else None)


def current_backend() -> str | None:
    """
    Return the backend that calls without ``backend=`` use.

    Returns
    -------
    str or None
        The name given to `backend`, else that of the environment variable ``MATHLIB_BACKEND``, else None: the arrays
        decide (NumPy arrays run compiled where numba is installed, CuPy arrays run on their device).

    Examples
    --------
    >>> import mathlib
    >>> with mathlib.backend("numpy"):
    ...     mathlib.current_backend()
    'numpy'
    """
    return chosen.get()


@contextmanager
def backend(name: Backend) -> Iterator[None]:
    """
    Choose the backend of all calls inside a ``with`` block.

    The choice belongs to the current thread and asynchronous task. A ``backend=`` argument of a call wins over it.

    Parameters
    ----------
    name : {'numpy', 'numba', 'cupy'}
        The backend.

    Yields
    ------
    None
        Nothing: the choice ends with the block.

    Raises
    ------
    ValueError
        If the name is none of the three.

    Examples
    --------
    >>> import mathlib
    >>> from mathlib.special import log_iv
    >>> with mathlib.backend("numpy"):
    ...     print(round(log_iv(100.0, 1.0), 10))
    -433.0516183941
    """
    token = chosen.set(_known(name))
    try:
        yield
    finally:
        chosen.reset(token)


def backends() -> dict[str, str | None]:
    """
    Return the three backends with their versions, None for those that are not installed.

    Returns
    -------
    dict
        Version of the package behind ``'numpy'`` (array bodies), ``'numba'`` (compiled loops) and ``'cupy'``.

    Examples
    --------
    >>> import mathlib
    >>> sorted(mathlib.backends())
    ['cupy', 'numba', 'numpy']
    """
    found: dict[str, str | None] = {}
    for name in BACKENDS:
        if util.find_spec(name) is None:
            found[name] = None
        elif name == "cupy":
            import cupy

            found[name] = cupy.__version__
        else:
            from importlib import metadata  # slow to import

            found[name] = metadata.version(name)
    return found


@cache
def compiled_available() -> bool:
    """Whether the compiled CPU backend can run: numba and llvmlite are installed."""
    return util.find_spec("numba") is not None and util.find_spec("llvmlite") is not None


@cache
def family(kind: type) -> str:
    """'scalar' (fits any array), 'numpy', 'cupy' or the name of another array library."""
    root = kind.__module__.partition(".")[0]
    if kind in (float, int, bool) or (root == "numpy" and not hasattr(kind, "__array_finalize__")):
        return "scalar"
    if root in ("cupy", "torch", "dask", "jaxlib", "jax") or hasattr(kind, "__array_namespace__"):
        return "numpy" if root == "numpy" else root
    return "numpy"


def choose(arrays: Sequence[Any], name: str | None) -> str:
    """Return 'numpy', 'numba', 'cupy' or 'array' (an array body on the arrays' own namespace) for these arguments.

    Raises
    ------
    TypeError
        If array libraries are mixed, or the backend cannot take these arrays.
    ValueError
        If the backend's name is unknown.
    ImportError
        If 'numba' is asked for by name and is not installed.
    """
    name = _known(name) if name is not None else current_backend()
    families = {family(a.__class__) for a in arrays} - {"scalar"}
    if len(families) > 1:
        raise TypeError(
            f"arrays of {' and '.join(sorted(families))} are mixed: convert them to one library first, "
            "nothing is moved silently"
        )
    home = families.pop() if families else "numpy"
    if home == "numpy":
        if name == "cupy":
            raise TypeError("backend 'cupy' takes CuPy arrays and these are NumPy's: move them with cupy.asarray(...)")
        if name == "numba" and not compiled_available():
            raise ImportError(
                "backend 'numba' is asked for and numba is not installed: pip install numba, or use backend='numpy'"
            )
        return name or ("numba" if compiled_available() else "numpy")
    if home == "cupy":
        if name == "numpy":
            raise TypeError("backend 'numpy' takes NumPy arrays and these are CuPy's: move them with cupy.asnumpy(...)")
        if name == "numba":
            raise TypeError(
                "backend 'numba' runs on the processor and these are CuPy arrays: move them with cupy.asnumpy(...)"
            )
        return "cupy"
    if name in ("numba", "cupy"):
        raise TypeError(f"backend {name!r} cannot take arrays of {home}: use backend=None, or convert them first")
    return "array"
