"""Strict JSON of arrays and results. Nothing in a text is ever executed, and everything malformed is a ValueError."""

import binascii
import dataclasses
import json
import math
import re
from collections import Counter
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tree", "dumps", "loads"]

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | NDArray[np.generic] | None"

ARRAY = "__array__"  # {"__array__": {"dtype": "<f8", "shape": [2, 3], "data": "base64 of little-endian entries"}}
DTYPES = frozenset({"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"})
MAX_SIZE = 2**26  # characters that loads takes unless told otherwise
MAX_DEPTH = 64  # of brackets; an array takes three levels
MAX_DIGITS = 18  # of an integer outside arrays: those fit into 64 bits everywhere
MAX_AXES = 32

# Strings, whole, so that brackets within do not count; the closing quote may be missing, so nothing is scanned twice.
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)


def dumps(obj: object) -> str:
    """Return `obj` as strict JSON text.

    Parameters
    ----------
    obj : object
        None, bool, int of at most 18 digits, finite float, str, NumPy scalars of these kinds, `numpy.ndarray` of
        booleans, integers, floats or complex numbers (these may hold NaN), dataclass instances, and lists, tuples
        and dicts with string keys of them, up to 64 levels deep, of which an array takes three.

    Returns
    -------
    str
        ASCII. Tuples are written as lists, dataclasses as dicts of their fields.

    Raises
    ------
    TypeError
        If a part has another type.
    ValueError
        If a number is not finite or has too many digits, the nesting is too deep, or a key is reserved. The message
        says where.

    Notes
    -----
    Floats are written with the digits that give back the same bits, arrays as base64 of their little-endian entries.

    Examples
    --------
    >>> dumps({"rank": 2, "core": np.zeros(1)})
    '{"rank": 2, "core": {"__array__": {"dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="}}}'
    """
    return json.dumps(_plain(obj, "obj", 0), allow_nan=False)


def _plain(obj: object, where: str, depth: int) -> object:
    """Return `obj` in the terms of JSON; `where` is how the caller reaches it."""
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        obj = {field.name: getattr(obj, field.name) for field in dataclasses.fields(obj)}
    if isinstance(obj, np.bool | np.integer | np.floating):
        obj = obj.item()
    match obj:
        case None | bool() | str():
            return obj
        case int():
            if abs(obj) >= 10**MAX_DIGITS:
                raise ValueError(f"{where} has more than {MAX_DIGITS} digits: write it as a string or an array")
            return obj
        case float():
            if not math.isfinite(obj):
                raise ValueError(f"{where} is {obj}, which JSON does not have: write None or an array")
            return obj
        case dict() | list() | tuple() | np.ndarray() if depth == MAX_DEPTH:
            raise ValueError(f"{where} is nested more than {MAX_DEPTH} levels deep")
        case dict():
            for key in obj:
                if not isinstance(key, str):
                    raise TypeError(f"{where} has the key {key!r}: keys must be strings")
            if ARRAY in obj:
                raise ValueError(f"{where} has the key {ARRAY!r}, which is reserved for arrays: rename it")
            return {key: _plain(value, f"{where}[{key!r}]", depth + 1) for key, value in obj.items()}
        case list() | tuple():
            return [_plain(value, f"{where}[{i}]", depth + 1) for i, value in enumerate(obj)]
        case np.ndarray() if type(obj) is np.ndarray and (dtype := obj.dtype.newbyteorder("<")).str in DTYPES:
            data = binascii.b2a_base64(obj.astype(dtype, copy=False).tobytes(), newline=False).decode("ascii")
            parts = {"dtype": dtype.str, "shape": obj.shape, "data": data}
            return {ARRAY: _plain(parts, where, depth + 1)}
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
    what = f"{kind} of dtype {obj.dtype}" if isinstance(obj, np.ndarray) else kind
    raise TypeError(f"{where} is a {what}, which has no JSON form: convert it to a numpy.ndarray of numbers, or a list")


def loads(text: str, *, max_size: int = MAX_SIZE) -> Tree:
    """Return the tree that `dumps` wrote as `text`.

    Parameters
    ----------
    text : str
        Strict JSON from anywhere.
    max_size : int
        Largest number of characters accepted.

    Returns
    -------
    dict, list, str, int, float, bool, None or numpy.ndarray
        Arrays are writable and in native byte order.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If the text is longer than `max_size` or deeper than 64 levels; is not JSON; holds NaN, Infinity, a float
        beyond the range of float64, an integer of more than 18 digits or a key twice; or if the dtype, shape and
        data of an array are not of the known kinds or disagree.

    Examples
    --------
    >>> loads('{"rank": 2, "core": {"__array__": {"dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="}}}')
    {'rank': 2, 'core': array([0.])}
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: decode it from UTF-8 first")
    if len(text) > max_size:
        raise ValueError(f"text has {len(text)} characters, more than max_size={max_size}: raise max_size to trust it")
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise ValueError(f"text is nested more than {MAX_DEPTH} levels deep at character {token.start()}")
    tree: Tree = json.loads(
        text, object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
    )
    return tree


def _object(pairs: list[tuple[str, Tree]]) -> Tree:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"text has the key {twice!r:.60} twice in one object")
    if ARRAY not in found:
        return found
    match found:
        case {"__array__": {"dtype": str(dtype), "shape": list(shape), "data": str(data), **rest}, **others}:
            if not rest and not others:
                return _array(dtype, shape, data)
    raise ValueError(f"text has an object with the key {ARRAY!r} that is not an array of dtype, shape and data")


def _array(dtype: str, shape: list[Tree], data: str) -> NDArray[np.generic]:
    if dtype not in DTYPES:
        raise ValueError(f"text has an array of the unknown dtype {dtype!r:.60}; known are {', '.join(sorted(DTYPES))}")
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if len(sizes) < len(shape) or len(shape) > MAX_AXES:
        raise ValueError(f"text has an array whose shape {shape!r:.60} is not a list of at most {MAX_AXES} sizes")
    # Compared as Python integers, before any memory is taken: a shape cannot ask for more than the text brings along.
    declared = math.prod(sizes) * np.dtype(dtype).itemsize
    present = len(data) // 4 * 3 - data[-2:].count("=")
    if declared != present:
        raise ValueError(f"text has an array of {dtype} with {present} bytes of data, unlike its shape {shape!r:.60}")
    raw = binascii.a2b_base64(data, strict_mode=True)
    if dtype == "|b1" and raw.strip(b"\0\1"):
        raise ValueError("text has a boolean array with entries other than 0 and 1")
    array = np.frombuffer(raw, dtype).reshape(sizes)
    return array.astype(array.dtype.newbyteorder("="))


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"text has the number {digits:.40}, which is beyond the range of float64")
    return value


def _int(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"text has the integer {digits:.40}, which has more than {MAX_DIGITS} digits: quote it")
    return int(digits)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"text has the constant {name}, which is not JSON")
