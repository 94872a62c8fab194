"""Kernel texts as C++: bits equal to plain Python, refusals with file and line, code for a device."""

import inspect
import itertools
import re
import shutil
import struct
import subprocess
import types
from dataclasses import dataclass
from math import exp as math_exp
from typing import Any

import numpy as np
import pytest

import mathlib.gpu
from mathlib._lib import words_python
from mathlib._lib.words_python import Horner, Horner2, exp2i, floor, madd, split, sqrt, two_prod, where
from mathlib._lib.words_python import floor as down
from mathlib.gpu.translate import Unsupported, source
from tests.cpp import bits, compiled

CUBIC = Horner((1.0, -0.5, 1 / 3, -0.25))
PLANE = Horner2(((1.0, -2.0, 0.5), (0.125, 1e-3), (-7.0,)))
CELLS = tuple((-1.0) ** i * (1.0 + i / 128) for i in range(128))
SMALLEST, LARGEST, NEGATIVE, MINUS_ZERO = 5e-324, 1.7976931348623157e308, -2.5, -0.0
INFINITY, NAN, STEPS = float("inf"), float("nan"), 4


@dataclass(frozen=True)
class Routine:
    region: Any
    regions: Any
    n_in: int
    n_out: int
    name: str = "tried"


# ---- kernels ---------------------------------------------------------------------------------------------


def magnitude(x):
    """A sibling, called by others."""
    return where(x < 0.0, -x, x)


def pair(a, b):
    return two_prod(a, b)


def every_word(x, y):
    """All words, a table, polynomials in one and two variables, an alias."""
    a = magnitude(x)
    tame = where(a > 1e-300, where(a < 1e300, a, 1.0), 1.0)
    k, i, m = split(tame)
    p, e = pair(m, CELLS[i])
    p = p - 1.0
    r = sqrt(tame) / madd(p, e, 3.0)
    s = exp2i(where(k > 1000.0, 1000.0, where(k < -1000.0, -1000.0, floor(k))))
    return CUBIC(p) + PLANE(e, m), r * s, down(y + 0.5) - floor(0.5 - y), CELLS[127 - i]


def loops(x, y):
    """Loop counters as floats and as indices, a nested loop, a bound that the caller gives."""
    s = 0.0
    for i in range(STEPS):
        s = madd(s, x, i + 1.0) + CELLS[i + 2] / (i + 1)
        for j in range(3):
            t = y * j
            s = where(j < i, s - t, s + t)
    return s, powers(x, 5) + powers(y, STEPS - 1)


def powers(x, n):
    p = 1.0
    q = 0.0
    for i in range(n):
        p, q = q * x + 1.0, p + i / 2
    return p + q


def constants(x):
    """Numbers that need care: negative, smallest, largest, infinite, NaN, minus zero, integers."""
    a = where(x > 1.0, INFINITY, where(x < -1.0, -INFINITY, NEGATIVE))
    b = where(x > 2.0, NAN, x - NEGATIVE)
    c = where(x == 0.0, MINUS_ZERO, SMALLEST * x)
    return a, b, c, where(x != x, LARGEST, 3 * x - (-x) + 1 / 3 + 7), -0.0 * magnitude(x)


def which(x, y):
    return where(x < 0.0, 0, where(y < x, 1, 2))


def first(x, y):
    k, i, m = split(magnitude(x) + 1.0)
    return m, i, k, x - y


def second(m, i, k, d):
    low = (d - m) * CELLS[i]
    return low + k, low - k


def swapped(x, y):
    x, y = y, x
    return x - 2.0 * y - (y - -x), -(x - y) * -(-x)  # noqa: B002


def one(x, y):
    return (x / (magnitude(y) + 1.0),)


def bare(x, y):
    return x * y - x


THREE = Routine(which, ((first, second), (swapped,), (pair,)), 2, 2)
WORDS = Routine(None, ((every_word,),), 2, 4)


def in_python(routine, *arrays):
    """The definition of a routine: its kernels run as they stand, element by element."""
    columns = []
    for values in zip(*(a.tolist() for a in arrays), strict=True):
        for stage in routine.regions[routine.region(*values) if routine.region else 0]:
            values = stage(*values)
            values = values if isinstance(values, tuple) else (values,)
        columns.append(values)
    return np.array(columns).T


def arguments(n_in):
    """Random numbers of ordinary and of any size, and all tuples of a few special ones."""
    generator = np.random.default_rng(11)
    ordinary = generator.uniform(-4.0, 4.0, (n_in, 2000))
    any_size = 10.0 ** generator.uniform(-150.0, 150.0, (n_in, 2000)) * generator.choice([-1.0, 1.0], (n_in, 2000))
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 3.0, 0.6875, 1.375, 5e-324, -2.2250738585072014e-308, 1e100]
    return [*np.concatenate([ordinary, any_size, np.array(list(itertools.product(special, repeat=n_in))).T], axis=1)]


# ---- bits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "routine",
    [
        WORDS,
        THREE,
        Routine(None, ((loops,),), 2, 2),
        Routine(None, ((constants,),), 1, 5),
        Routine(None, ((one,),), 2, 1),
        Routine(None, ((bare,),), 2, 1),
        Routine(which, ((bare,), (one,), (bare, magnitude)), 2, 1),
    ],
    ids=["words", "regions and stages", "loops", "constants", "tuple of one", "bare value", "either"],
)
def test_bits_are_those_of_python(routine):
    arrays = arguments(routine.n_in)
    expected = in_python(routine, *arrays)
    for ours, truth in zip(compiled(routine)(*arrays), expected, strict=True):
        different = np.flatnonzero(bits(ours) != bits(truth))
        assert different.size == 0, [(a[different[0]], ours[different[0]], truth[different[0]]) for a in arrays]


def test_not_finite_arguments():
    infinite = np.array([np.inf, -np.inf, np.nan])
    (got,) = compiled(Routine(None, ((magnitude,),), 1, 1))(infinite)
    assert np.array_equal(got, [np.inf, np.inf, np.nan], equal_nan=True)
    got = compiled(Routine(None, ((constants,),), 1, 5))(infinite)
    assert np.array_equal(got[0], [np.inf, -np.inf, -2.5])
    assert np.array_equal(got[3], [np.inf, -np.inf, LARGEST])


def scaled(x):
    return NEGATIVE * x


def test_same_name_in_two_modules_means_two_things():
    other = types.FunctionType(scaled.__code__, {"NEGATIVE": 3.0}, "scaled")
    (got,) = compiled(Routine(None, ((scaled, other),), 1, 1))(np.array([1.0, 2.0]))
    assert got.tolist() == [-7.5, -15.0]


# ---- refusals --------------------------------------------------------------------------------------------


def closing_over(number):
    def kernel(x):
        return x * number  # here

    return kernel


def with_while(x):
    while x > 1.0:  # here
        x = x / 2.0
    return x


def with_if(x):
    if x > 1.0:  # here
        x = x / 2.0
    return x


def with_power(x):
    y = x + 1.0
    return y**2.0  # here


def with_keyword(x):
    return magnitude(x=x)  # here


def with_attribute(x):
    return np.sqrt(x)  # here


def with_unknown_name(x):
    return x + unheard_of  # noqa: F821  # here


def with_builtin(x):
    return abs(x)  # here


def with_libm(x):
    return math_exp(x)  # here


def with_boolean(x):
    return where(x > 0.0 and x < 1.0, x, 0.0)  # here


def with_chain(x):
    return where(0.0 < x < 1.0, x, 0.0)  # here


def with_true(x):
    return where(True, x, 0.0)  # here


def in_place(x):
    x += 1.0  # here
    return x


def chained(x):
    y = z = x  # here
    return y + z


def from_the_end(x):
    return x * CELLS[-1]  # here


def early(x):
    for i in range(2):
        return x + i  # here
    return x


def after_the_loop(x):
    for i in range(2):
        y = x + i
    return y  # here


def counter_changed(x):
    for i in range(2):
        i = i + 1  # here
        x = x + i
    return x


def counter_is_a_variable(x):
    for x in range(2):  # here
        x = x + 1
    return x


def two_into_three(x):
    a, b, c = two_prod(x, x)  # here
    return a + b + c


def pair_in_a_variable(x):
    p = two_prod(x, x)  # here
    return p  # noqa: RET504


def with_cpp_keyword(x):
    double = 2.0 * x  # here
    return double  # noqa: RET504


def recursive(x):
    return recursive(x - 1.0)  # here


alias = scaled


def hidden_by_a_variable(x):
    y = scaled(x)
    return hidden(y)


def hidden(x):
    scaled = x + 1.0
    return alias(scaled)


def with_default(x, y=1.0):  # here
    return x + y


def without_return(x):  # here
    y = x  # noqa: F841


REFUSED = [
    closing_over(2.0), with_while, with_if, with_power, with_keyword, with_attribute, with_unknown_name, with_builtin,
    with_libm, with_boolean, with_chain, with_true, in_place, chained, from_the_end, early, after_the_loop,
    counter_changed, counter_is_a_variable, two_into_three, pair_in_a_variable, with_cpp_keyword, recursive,
    with_default, without_return,
]  # fmt: skip


@pytest.mark.parametrize("kernel", REFUSED, ids=lambda kernel: kernel.__name__)
def test_refused_with_file_and_line(kernel):
    lines, start = inspect.getsourcelines(kernel)
    (line,) = (start + i for i, text in enumerate(lines) if "# here" in text)
    with pytest.raises(Unsupported, match=re.escape(f"{__file__}:{line}: ")) as caught:
        source(None, ((kernel,),), kernel.__code__.co_argcount, 1, "refused")
    assert isinstance(caught.value, TypeError)


def test_refused_variable_that_hides_a_kernel():
    """The text calls a kernel by one name; ``hidden`` calls it ``alias`` and has a variable of that one name."""
    line = inspect.getsourcelines(hidden)[1] + 2
    with pytest.raises(Unsupported, match=re.escape(f"{__file__}:{line}: ")):
        source(None, ((hidden_by_a_variable,),), 1, 1, "refused")
    assert source(None, ((hidden,),), 1, 1, "accepted")


def test_refused_without_source():
    scope: dict[str, Any] = {}
    exec("def made(x):\n    return x", scope)
    for kernel, name in ((scope["made"], "made"), (lambda x: x, "lambda")):
        with pytest.raises(Unsupported, match=name):
            source(None, ((kernel,),), 1, 1, "refused")


@pytest.mark.parametrize("name", ["floor", "double", "P2", "fma", "Größe"])
def test_refused_names(name):
    kernel = types.FunctionType(scaled.__code__, globals(), name)
    with pytest.raises(Unsupported, match=name):
        source(None, ((kernel,),), 1, 1, "refused")


NESTED = ((1.0, 2.0), (3.0, 4.0))


def from_a_table_of_tuples(x):
    return NESTED[0] * x


def test_refused_tables_and_routines():
    with pytest.raises(Unsupported, match="'NESTED' is neither a polynomial nor a table of numbers"):
        source(None, ((from_a_table_of_tuples,),), 1, 1, "refused")
    with pytest.raises(Unsupported, match="'sqrt' cannot be the name of a routine"):
        source(None, ((scaled,),), 1, 1, "sqrt")


def test_refused_stages_that_do_not_fit():
    with pytest.raises(Unsupported, match="'second' takes 4 values and is given 2"):
        source(None, ((pair, second),), 2, 2, "refused")
    with pytest.raises(Unsupported, match="region 1 of 'refused' returns 2 values, not 1"):
        source(None, ((bare,), (pair,)), 2, 1, "refused")


def test_every_word_has_a_body():
    text = source(None, ((scaled,),), 1, 1, "tried")
    for word in set(words_python.WORDS.values()) - {"floor", "sqrt"}:  # these two the compiler has
        assert re.search(rf"\b{word}\(", text), word


# ---- CUDA ------------------------------------------------------------------------------------------------

KERNELS = """
template <class T> __device__ void each(const T *x, const T *y, T *out, long long n) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= n) return;
  auto r = mathlib::tried(mathlib::load(x[i]), mathlib::load(y[i]));
  mathlib::store(out[i], r._0);
}
extern "C" __global__ void in_double(const double *x, const double *y, double *out, long long n) { each(x, y, out, n); }
extern "C" __global__ void in_float(const float *x, const float *y, float *out, long long n) { each(x, y, out, n); }
"""


def nvcc(folder, text, *options):
    """Compile as CuPy does: its -ftz=true comes after our options."""
    if shutil.which("nvcc") is None:
        pytest.skip("nvcc is not on the PATH")
    (folder / "text.cu").write_text(text)
    flags = ("-std=c++20", "-fmad=false", "-ftz=true", "-arch=sm_90", "-Werror=all-warnings", *options)
    command = ["nvcc", *flags, folder / "text.cu", "-o", folder / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "out").read_bytes(), done.stderr


def text_of(routine):
    return source(routine.region, routine.regions, routine.n_in, routine.n_out, routine.name)


def test_device_code_without_spills(tmp_path):
    _, report = nvcc(tmp_path, text_of(WORDS) + KERNELS, "-cubin", "-Xptxas", "-v")
    assert re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores", report) == [("0", "0")] * 2
    assert max(map(int, re.findall(r"Used (\d+) registers", report))) <= 64


def test_several_texts_in_one_file(tmp_path):
    other = Routine(which, ((bare,), (one,), (bare,)), 2, 1, "other")
    text = text_of(THREE) + text_of(other) + KERNELS.replace("mathlib::tried(", "mathlib::other(")
    assert nvcc(tmp_path, text, "-cubin")[0]


def test_floats_keep_their_subnormals(tmp_path):
    ptx = nvcc(tmp_path, text_of(THREE) + KERNELS, "-ptx")[0].decode()
    assert set(re.findall(r"cvt\S*f32\S*", ptx)) == {"cvt.f64.f32", "cvt.rn.f32.f64"}  # neither says ftz


COEFFICIENTS = (*struct.unpack("<30d", np.random.default_rng(3).bytes(240)), SMALLEST, -LARGEST, 0.1)
POLYNOMIAL = Horner(COEFFICIENTS)


def polynomial(x, y):
    return POLYNOMIAL(x) + y


def test_device_reads_literals_exactly(tmp_path):
    assert np.isfinite(COEFFICIENTS).all()
    ptx = nvcc(tmp_path, text_of(Routine(None, ((polynomial,),), 2, 1)) + KERNELS, "-ptx")[0].decode()
    found = set(re.findall(r"0d([0-9A-F]{16})", ptx))
    assert {struct.pack(">d", c).hex().upper() for c in COEFFICIENTS} <= found


# ---- public ----------------------------------------------------------------------------------------------


def test_public_source_by_name(tmp_path):
    text = mathlib.gpu.source("log_iv")
    assert "log_iv(double a0, double a1)" in text
    _, report = nvcc(tmp_path, text + KERNELS.replace("tried", "log_iv"), "-cubin", "-Xptxas", "-v")
    assert report.count("0 bytes stack frame, 0 bytes spill stores") == 2


def test_public_source_of_an_unknown_name():
    with pytest.raises(ValueError, match="log_iv"):
        mathlib.gpu.source("no_such_routine")


def test_available_never_raises():
    assert mathlib.gpu.is_available() in (True, False)
