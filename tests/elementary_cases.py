"""Where the elementary functions are tested: points that reach every exponent and switch, and Arb's values there."""

import math

import numpy as np
from flint import arb, ctx

RANDOM = np.random.default_rng(20)
COUNT = 500
SMALLEST, TINY, LARGEST = 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308
LN2 = math.log(2.0)


def uniform(low, high, count=COUNT):
    return RANDOM.uniform(low, high, count)


def exponents(low, high, count=COUNT):
    """Random doubles in [2^low, 2^high), every exponent equally likely; -1074 is the smallest."""
    return np.ldexp(RANDOM.uniform(1.0, 2.0, count), RANDOM.integers(low, high, count))


def subnormal(count=COUNT // 5):
    return np.ldexp(RANDOM.uniform(0.0, 1.0, count), -1022)


def signed(x):
    return x * RANDOM.choice([-1.0, 1.0], x.size)


def around(values, steps=1000, count=20):
    """Doubles at most so many steps from the values, and the values themselves."""
    values = np.atleast_1d(np.asarray(values, dtype=float))
    offsets = np.unique(np.r_[-steps, -1, 0, 1, steps, RANDOM.integers(-steps, steps, count)])
    return (values.view(np.int64)[:, None] + offsets).ravel().view(np.float64)


EVERYWHERE = np.r_[signed(exponents(-1074, 1024)), signed(subnormal()), SMALLEST, TINY, LARGEST, -LARGEST]
EXPONENTIAL = np.r_[
    uniform(-745.2, 709.8),
    signed(exponents(-1074, 10)),
    uniform(-1.0, 1.0),
    around(np.arange(-1070.5, 1023.5, 61) * LN2, 20, 4),
    around([708.0, -708.0, -708.3964, 709.0, 709.78, -745.1]),
]
LOGARITHMIC = np.r_[exponents(-1074, 1024), uniform(0.5, 2.0), subnormal(), around([1.0, 0.6875, 1.375, 2.0, TINY])]
ANGULAR = np.r_[
    uniform(-10.0, 10.0),
    EVERYWHERE,
    signed(uniform(0.0, 51472.0)),
    around(np.arange(1, 200, 3) * (math.pi / 4), 10, 2),
    around(np.rint(2.0 ** np.arange(1, 60)) * (math.pi / 2), 10, 2),
    around([51471.0, -51471.0]),
    around(np.ldexp(1.375, np.arange(16, 1024, 18)), 2, 2),  # where `split` changes its exponent
    6381956970095103 * 2.0**797,  # of all doubles the nearest to a multiple of pi/2 (Muller et al.)
]
TURNS = np.r_[
    uniform(-5.0, 5.0),
    signed(exponents(-1074, 53)),
    around(np.arange(1.0, 40.0) / 4.0, 50, 4),
    signed(subnormal()),
    signed(uniform(0.0, 2.0**20)),
]
UNIT = np.r_[
    uniform(-1.0, 1.0, 2 * COUNT),
    signed(exponents(-1074, 0)),
    signed(1.0 - exponents(-53, -1)),
    around([0.5, -0.5, 0.7071]),
    0.0,
]
HYPERBOLIC = np.r_[
    uniform(-710.4, 710.4),
    uniform(-25.0, 25.0),
    uniform(-2.0, 2.0),
    signed(exponents(-1074, 9)),
    signed(subnormal()),
    around([0.5 * LN2, 1.5 * LN2, 27.5 * LN2, 708.0, 710.0]),
]
ERROR = np.r_[uniform(-6.5, 6.5), uniform(-1.0, 3.0), signed(exponents(-1074, 5)), around([0.5, -0.5, 2.5, 5.9])]
PLANE = (
    np.r_[signed(exponents(-1074, 1023, 2 * COUNT)), signed(uniform(0.0, 5.0)), signed(subnormal())],
    np.r_[signed(exponents(-60, 60, 2 * COUNT)), signed(uniform(0.0, 5.0)), signed(subnormal())],
)
with np.errstate(over="ignore"):
    nearby = PLANE[0] * np.where(np.arange(PLANE[0].size) < 2 * COUNT, PLANE[1], 1.0)
PLANE = (PLANE[0], np.where(np.arange(PLANE[0].size) < 2 * COUNT, np.clip(nearby, -LARGEST, LARGEST), PLANE[1]))


def powers():
    """x of every size and y such that the results have every size."""
    x = np.r_[exponents(-1074, 1024, 2 * COUNT), uniform(0.5, 2.0), subnormal(), around([0.6875, 1.375, 0.99, 1.01])]
    y = uniform(-745.0, 709.7, x.size) / np.log(x)
    return np.r_[x, uniform(0.1, 10.0)], np.r_[y, uniform(-20.0, 20.0)]


# name -> (columns of arguments, the function on Arb's numbers)
CASES = {
    "acos": ((UNIT,), arb.acos),
    "acosh": ((np.r_[exponents(0, 1024), 1.0 + exponents(-52, 0), uniform(1.0, 4.0), around([2.0, 1e10])],), arb.acosh),
    "asin": ((UNIT,), arb.asin),
    "asinh": ((np.r_[EVERYWHERE, uniform(-5.0, 5.0), around([1.0, 1e10])],), arb.asinh),
    "atan": ((np.r_[EVERYWHERE, uniform(-5.0, 5.0), around([0.41421356237309503, 2.414213562373095, 1.0])],), arb.atan),
    "atan2": (PLANE, arb.atan2),
    "atanh": ((UNIT,), arb.atanh),
    "cbrt": ((np.r_[EVERYWHERE, uniform(-10.0, 10.0), around([0.6875, 1.375, 2.75, 5.5])],), None),
    "cos": ((ANGULAR,), arb.cos),
    "cosh": ((HYPERBOLIC,), arb.cosh),
    "cospi": ((TURNS,), arb.cos_pi),
    "erf": ((np.r_[ERROR, EVERYWHERE],), arb.erf),
    "erfc": ((np.r_[ERROR, uniform(0.5, 27.3), around([26.0, 26.54])],), arb.erfc),
    "erfcx": ((np.r_[ERROR, uniform(-26.6, 30.0), exponents(-1074, 1024), around([-26.0, 1e100])],), None),
    "exp": ((EXPONENTIAL,), arb.exp),
    "exp2": ((np.r_[uniform(-1075.0, 1024.0), EXPONENTIAL, around(np.arange(-30.5, 30.0), 100, 4)],), None),
    "expm1": ((EXPONENTIAL[EXPONENTIAL > -60.0],), arb.expm1),
    "hypot": (PLANE, None),
    "log": ((LOGARITHMIC,), arb.log),
    "log10": ((LOGARITHMIC,), None),
    "log1p": (
        (np.r_[LOGARITHMIC, uniform(-1.0, 3.0), exponents(-53, 0) - 1.0, signed(exponents(-60, -1))],),
        arb.log1p,
    ),
    "log2": ((LOGARITHMIC,), None),
    "pow": (powers(), arb.__pow__),
    "sin": ((ANGULAR,), arb.sin),
    "sinh": ((HYPERBOLIC,), arb.sinh),
    "sinpi": ((TURNS,), arb.sin_pi),
    "tan": ((ANGULAR,), arb.tan),
    "tanh": ((HYPERBOLIC,), arb.tanh),
}
OTHERS = {
    "cbrt": lambda x: x.root(3) if x > 0 else -((-x).root(3)),
    "erfcx": lambda x: (x * x).exp() * x.erfc(),
    "exp2": lambda x: arb(2) ** x,
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "log10": lambda x: x.log() / arb(10).log(),
    "log2": lambda x: x.log() / arb(2).log(),
}


def exact(name, arguments):
    """The value as a ball of at least 100 bits."""
    function = CASES[name][1] or OTHERS[name]
    for bits in (200, 1500, 3000):
        with ctx.workprec(bits):
            value = function(*(arb(float(a)) for a in arguments))
            if value == 0 or value.rel_accuracy_bits() > 100:
                return value
    raise AssertionError(f"no enclosure of {name} at {arguments!r}")


def ulps(name, results, columns):
    """Errors in units in the last place of the true values; 0 where result and value are beyond the largest double."""

    def error(y, arguments):
        value = exact(name, arguments)
        nearest = float(value.mid())
        if math.isinf(nearest):
            return 0.0 if y == nearest or abs(y) == LARGEST else math.inf
        if math.isinf(y):
            return 0.0 if abs(nearest) == LARGEST else math.inf
        with ctx.workprec(200):
            return float(abs(arb(float(y)) - value) / arb(math.ulp(nearest)))

    return np.array([error(y, arguments) for y, arguments in zip(results, zip(*columns, strict=True), strict=True)])
