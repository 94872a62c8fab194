"""Strict JSON: round trips, and texts that must be refused."""

import base64
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mathlib._lib.result import Result
from mathlib._lib.serialize import DTYPES, MAX_DEPTH, MAX_SIZE, dumps, loads

integers = st.integers(-(10**18) + 1, 10**18 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
keys = st.text().filter(lambda key: key != "__array__")
arrays = hnp.arrays(
    st.sampled_from([np.dtype(dtype) for dtype in sorted(DTYPES)]),
    hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4),
)
trees = st.recursive(
    st.none() | st.booleans() | integers | floats | st.text() | arrays,
    lambda children: st.lists(children) | st.dictionaries(keys, children),
    max_leaves=20,
)


def array_text(dtype="<f8", shape=(1,), data=None):
    data = base64.b64encode(bytes(8)).decode() if data is None else data
    return json.dumps({"__array__": {"dtype": dtype, "shape": shape, "data": data}})


def same(a, b):
    """Whether two trees are equal down to types and bits."""
    if type(a) is not type(b):
        return False
    match a:
        case dict():
            return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
        case list():
            return len(a) == len(b) and all(map(same, a, b))
        case np.ndarray():
            return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
        case float():
            return a.hex() == b.hex()
    return a == b


@given(trees)
def test_round_trip(tree):
    text = dumps(tree)
    assert text.isascii()
    assert same(loads(text), tree)
    json.loads(text, parse_constant=pytest.fail)


def test_the_format_is_what_it_says():
    text = '{"a": [1, -2.5, null, true], "b": {"__array__": {"dtype": "<f8", "shape": [1], "data": "AAAAAAAA8D8="}}}'
    tree = {"a": [1, -2.5, None, True], "b": np.array([1.0])}
    assert dumps(tree) == text
    assert same(loads(text), tree)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).astype(">f8"),
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12)[::-2],
        np.array(5.0),
        np.zeros((0, 3)),
        np.array([math.nan, -math.inf, -0.0, 5e-324]),
        np.array([2**63], np.uint64),
    ],
)
def test_arrays_of_any_layout(array):
    array.flags.writeable = False
    result = loads(dumps(array))
    assert result.dtype == array.dtype.newbyteorder("=")
    assert result.shape == array.shape
    assert result.flags.writeable
    assert result.tobytes() == array.astype(result.dtype).tobytes()


def test_results_and_numpy_scalars_become_plain():
    class Inner(Result):
        weights: np.ndarray

    class Fit(Result):
        success: bool
        nit: int
        inner: Inner

    tree = loads(dumps([Fit(np.True_, np.int8(3), Inner(np.ones(2))), np.float32(0.5), (1, 2)]))
    assert same(tree, [{"success": True, "nit": 3, "inner": {"weights": np.ones(2)}}, 0.5, [1, 2]])


def nested(levels, leaf=None):
    for _ in range(levels):
        leaf = [leaf]
    return leaf


def cyclic():
    loop = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("obj", "error", "text"),
    [
        ({"a": [0.0, math.nan]}, ValueError, r"obj\['a'\]\[1\] is nan, which JSON does not have"),
        (np.float32("inf"), ValueError, "obj is inf"),
        (10**18, ValueError, "obj has more than 18 digits: write it as a string or an array"),
        (-(10**18), ValueError, "obj has more than 18 digits"),
        ({"a": {1: 2}}, TypeError, r"obj\['a'\] has the key 1: keys must be strings"),
        ({"__array__": 1}, ValueError, "obj has the key '__array__', which is reserved for arrays: rename it"),
        (nested(MAX_DEPTH + 1), ValueError, "is nested more than 64 levels deep"),
        (nested(MAX_DEPTH - 2, np.zeros(1)), ValueError, "is nested more than 64 levels deep"),
        (cyclic(), ValueError, "is nested more than 64 levels deep"),
        ([np.array([None])], TypeError, r"obj\[0\] is a numpy.ndarray of dtype object, which has no JSON form"),
        (np.array(["a"]), TypeError, "dtype <U1"),
        (np.zeros(1, np.longdouble), TypeError, "dtype " + str(np.dtype(np.longdouble))),
        (np.zeros(1, [("a", "f8")]), TypeError, "has no JSON form"),
        (np.array(0, "M8[s]"), TypeError, "has no JSON form"),
        (np.ma.masked_array([1.0], [True]), TypeError, "numpy.ma.MaskedArray of dtype float64, which has no JSON form"),
        (1j, TypeError, "obj is a builtins.complex, which has no JSON form"),
        (np.longdouble(1), TypeError, "obj is a numpy.longdouble"),
        ({1}, TypeError, "obj is a builtins.set"),
        (b"a", TypeError, "obj is a builtins.bytes"),
        (Result, TypeError, "has no JSON form"),
    ],
)
def test_dumps_refuses(obj, error, text):
    with pytest.raises(error, match=text):
        dumps(obj)


@pytest.mark.parametrize("tree", [nested(MAX_DEPTH), nested(MAX_DEPTH - 3, np.zeros(1))])
def test_the_deepest_that_is_written_is_read(tree):
    assert same(loads(dumps(tree)), tree)


def test_brackets_in_strings_are_not_levels():
    for text in "[" * 1000, '"' + "{" * 1000, "\\" + "[" * 1000, '\\"' * 100 + "[" * 1000:
        assert loads(dumps({text: text})) == {text: text}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "the constant NaN, which is not JSON"),
        ("[Infinity]", "the constant Infinity"),
        ('{"a": -Infinity}', "the constant -Infinity"),
        ("1e999", "the number 1e999, which is beyond the range of float64"),
        ("-1e309", "beyond the range"),
        ("1" + "0" * 400 + ".0", "beyond the range"),
        ("1000000000000000000", "more than 18 digits: quote it"),
        ("-1000000000000000000", "more than 18 digits"),
        ("9" * 10**6, "more than 18 digits"),
        ('{"a": 1, "a": 2}', "the key 'a' twice in one object"),
        ('[{"b": {"a": 1, "\\u0061": 1}}]', "the key 'a' twice"),
        ("{" + ", ".join(f'"{i}": 0' for i in range(10**5)) + ', "77": 0}', "the key '77' twice"),
        ("[" * 65 + "]" * 65, "nested more than 64 levels deep at character 64"),
        ("[" * 10**6, "nested more than 64 levels"),
        ('{"a":' * 10**5, "nested more than 64 levels"),
        ("", "Expecting value"),
        ("nul", "Expecting value"),
        ("{'a': 1}", "Expecting property name"),
        ("[1, ]", "Expecting value|Illegal trailing comma"),
        ("[1] [2]", "Extra data"),
        ("\ufeff[1]", "BOM"),
        ('"a\nb"', "Invalid control character"),
        ('"\\x41"', "Invalid \\\\escape"),
        ('"' + "\\" * 999_999, "Unterminated string|Invalid"),
        ('"' + '\\"' * 500_000, "Unterminated string"),
        ("01", "Extra data"),
        ("0x10", "Extra data"),
        ("+1", "Expecting value"),
        ("__import__('os')", "Expecting value"),
        # arrays
        ('{"__array__": 1}', "not an array of dtype, shape and data"),
        ('{"__array__": {}}', "not an array of dtype, shape and data"),
        ('{"__array__": {"dtype": "<f8", "shape": [0]}}', "not an array of dtype, shape and data"),
        ('{"__array__": {"dtype": "<f8", "shape": [0], "data": "", "order": "F"}}', "not an array of dtype, shape"),
        ('{"__array__": {"dtype": "<f8", "shape": [0], "data": ""}, "a": 1}', "not an array of dtype, shape and data"),
        (array_text(dtype=["<f8"]), "not an array of dtype, shape and data"),
        (array_text(dtype=None), "not an array of dtype, shape and data"),
        (array_text(shape=1), "not an array of dtype, shape and data"),
        (array_text(shape=None), "not an array of dtype, shape and data"),
        (array_text(data=[]), "not an array of dtype, shape and data"),
        (array_text(dtype="|O"), r"unknown dtype '\|O'; known are <c16, "),
        (array_text(dtype="O"), "unknown dtype 'O'"),
        (array_text(dtype="float64"), "unknown dtype 'float64'"),
        (array_text(dtype=">f8"), "unknown dtype '>f8'"),
        (array_text(dtype="<f8,<f8"), "unknown dtype"),
        (array_text(dtype="|S8"), "unknown dtype"),
        (array_text(dtype="<U2"), "unknown dtype"),
        (array_text(dtype="<M8[s]"), "unknown dtype"),
        (array_text(dtype="<f16"), "unknown dtype"),
        (array_text(shape=[-1]), "not a list of at most 32 sizes"),
        (array_text(shape=[-1, -1]), "not a list of at most 32 sizes"),
        (array_text(shape=[True]), "not a list of at most 32 sizes"),
        (array_text(shape=[1.0]), "not a list of at most 32 sizes"),
        (array_text(shape=["1"]), "not a list of at most 32 sizes"),
        (array_text(shape=[None]), "not a list of at most 32 sizes"),
        (array_text(shape=[1] * 33), "not a list of at most 32 sizes"),
        (array_text(shape=[1] * 10**5), "not a list of at most 32 sizes"),
        (array_text(shape=[2]), r"array of <f8 with 8 bytes of data, unlike its shape \[2\]"),
        (array_text(shape=[]).replace("<f8", "<f4"), "with 8 bytes of data, unlike its shape"),
        (array_text(shape=[0]), "with 8 bytes of data, unlike its shape"),
        (array_text(shape=[10**17]), "with 8 bytes of data, unlike its shape"),
        (array_text(shape=[2**32, 2**32]), "with 8 bytes of data, unlike its shape"),
        (array_text(shape=[2**58] * 30), "with 8 bytes of data, unlike its shape"),
        (array_text(shape=[2**58, 2**58, 0], data=""), "array"),  # NumPy cannot hold it, and says so
        (array_text(shape=[1], data="AAAAAAAAAA"), "with 6 bytes of data"),
        (array_text(shape=[1], data="AAAAAAAA*AA="), "Only base64 data is allowed"),
        (array_text(shape=[1], data="AAAAAAAAAA==AAA="), "with 11 bytes of data"),
        (array_text(shape=[1], data="AAAAAAAAAAA=\n"), "Only base64|Excess data"),
        (array_text(shape=[1], data="AAAAAAAAAA\u00e9="), "ASCII"),
        (array_text(shape=[0], data="="), "with -1 bytes of data"),
        (array_text(dtype="|b1", shape=[8], data=base64.b64encode(b"\0\1\0\1\0\1\0\2").decode()), "other than 0 and 1"),
    ],
    ids=lambda value: value[:60],
)
def test_loads_refuses(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        loads(text)
    assert len(str(caught.value)) < 300


def test_loads_takes_only_str():
    with pytest.raises(TypeError, match="text must be a str, got bytes: decode it from UTF-8 first"):
        loads(b"[1]")


def test_size_cap():
    assert loads("[1]", max_size=3) == [1]
    with pytest.raises(ValueError, match="text has 3 characters, more than max_size=2: raise max_size"):
        loads("[1]", max_size=2)
    with pytest.raises(ValueError, match="more than max_size"):
        loads(" " * (MAX_SIZE + 1))


def test_a_huge_declared_shape_takes_no_memory():
    pytest.importorskip("resource", reason="limits of memory need a POSIX system")
    script = f"""
import resource
from mathlib._lib.serialize import loads
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
for dim in 2**28, 2**34, 2**57:
    try:
        loads({array_text(shape=[7])!r}.replace("7", str(dim)))
    except ValueError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["refused"] * 3


@given(st.text(alphabet='[]{}",:\\ \n0123456789.eE+-truefalsnNaIity_') | st.text())
def test_any_text_is_a_tree_or_a_value_error(text):
    try:
        tree = loads(text)
    except ValueError:
        return
    assert same(loads(dumps(tree)), tree)


@given(trees.map(dumps), st.data())
def test_a_damaged_text_is_a_tree_or_a_value_error(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:start] + data.draw(st.text(max_size=2)) + text[start + data.draw(st.integers(0, 3)) :]
    try:
        loads(damaged)
    except ValueError:
        return
