"""CUDA: the text of every elementwise routine, and its launch on CuPy arrays."""

__all__ = ["is_available", "source"]


def source(name: str) -> str:
    """
    Return the CUDA C++ text of an elementwise routine.

    Parameters
    ----------
    name : str
        Name of a public elementwise function, such as ``"log_iv"``.

    Returns
    -------
    str
        C++20 text that defines ``mathlib::<name>``, a device function of doubles that returns a struct with one member
        ``_0, _1, ...`` per result. Texts of several routines may stand in one file.

    Raises
    ------
    ValueError
        When there is no such routine; the message lists all names.

    Notes
    -----
    No device, driver or CuPy is needed. Compile with ``nvcc -std=c++20 -fmad=false``: contraction of a product and a
    sum would take away the error terms on which the accuracy rests. Any C++20 compiler takes the text
    (``g++ -std=c++20 -ffp-contract=off``) and gives the same bits.

    Examples
    --------
    >>> import mathlib.gpu
    >>> "log_iv(double a0, double a1)" in mathlib.gpu.source("log_iv")
    True
    """
    import mathlib.special
    import mathlib.stats  # noqa: F401  the rooms register their routines when they are imported
    from mathlib._lib.elementwise import ROUTINES
    from mathlib.gpu import translate

    if name not in ROUTINES:
        raise ValueError(f"name is {name!r}: no such routine, choose one of {', '.join(sorted(ROUTINES))}")
    routine = ROUTINES[name]
    return translate.source(routine.region, routine.regions, routine.n_in, routine.n_out, routine.name)


def is_available() -> bool:
    """
    Return whether CuPy can be imported and finds a device.

    Returns
    -------
    bool
        False when CuPy, the driver or a device is missing; nothing is raised.

    Examples
    --------
    >>> import mathlib.gpu
    >>> mathlib.gpu.is_available() in (True, False)
    True
    """
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.is_available())
