"""Reference values of the special functions, from ball arithmetic (Arb): ``python tests/make_reference.py``.

Writes tests/data/special.json: function -> rows of hexadecimal floats. ``value`` is the double next to the exact result
at the arguments of the row, ``low`` the double next to what remains. Nothing of our own code is imported.

Below r = hypot(v, x) = 60 I_v and K_v are Arb's. Above, where Arb has no expansion that is uniform in v, they are
integrals along the path of steepest descent (t = t0 + i y for I, t = t0 + u for K, sinh t0 = v / x), also by Arb:
I_v = exp(r - v t0) / pi int_0^pi exp(r (cos y - 1)) cos(v (y - sin y)) dy, and a remainder of relative size exp(-2 r).
"""

import json
import math
import time
from functools import cache
from pathlib import Path

import flint
import numpy as np

arb, acb = flint.arb, flint.acb
TARGET = Path(__file__).with_name("data") / "special.json"
GOOD = 95  # bits of a reference value
SECONDS = 5.0  # a point that takes longer is left out
FAR = 60.0
INTEGRAL = 300  # bits of an integral: they cancel little, whatever the working precision must be
NEGLIGIBLE = 0.7 * INTEGRAL + 60.0  # an integrand below exp(-NEGLIGIBLE) of its largest value is cut off


def integral(f, end):
    tolerance = arb(2) ** -INTEGRAL
    return acb.integral(lambda z, _: f(z), 0, end, rel_tol=tolerance, abs_tol=tolerance).real


def remainder(z, sign):
    """sinh z - z (sign 1) or z - sin z (sign -1); by the series near 0, where the difference would widen a ball."""
    bound = float(abs(z).upper())
    if not bound < 1.0:
        return z.sinh() - z if sign > 0 else z - z.sin()
    n, size = 1, 0.0
    while size > -flint.ctx.prec:
        size += 2.0 * math.log2(max(bound, 1e-150)) - math.log2((2 * n + 2) * (2 * n + 3))
        n += 1
    rest = arb(0, arb(2) ** -flint.ctx.prec)
    w, s = sign * z * z, acb(1) + acb(rest, rest)
    for k in range(n, 0, -1):
        s = 1 + s * w / ((2 * k + 2) * (2 * k + 3))
    return z * z * z / 6 * s


def far_i(v, x, r, t0):
    """The functions of I_v for r > 60: averages over the weight exp(r (cos y - 1)) cos psi."""
    scale = 1 / r.sqrt()
    end = min(math.pi * math.sqrt(0.5 * NEGLIGIBLE), 3.14159 * float(r) ** 0.5)
    weight = lambda y: (-2 * r * (y / 2).sin() ** 2).exp()  # noqa: E731
    psi = lambda y: v * remainder(y, -1)  # noqa: E731

    def mean(f, size):
        return integral(lambda s: weight(s * scale) * f(s * scale) / size, end) * size * scale

    mass = mean(lambda y: psi(y).cos(), 1)
    ends = arb(0, (-2 * r).exp() * 100)  # the two ends of the path, from +-i pi to infinity, and their slope in v
    mass += ends
    down = (-t0).exp()
    log = r - v * t0 + (mass / arb.pi()).log()
    if x < v:
        rho = down * (mean(lambda y: (psi(y) + y).cos(), 1) + ends) / mass
        c = 1 - rho
    else:
        c = mean(lambda y: psi(y).cos() - down * (psi(y) + y).cos(), 1 / r) / mass + ends
        rho = 1 - c
    slope = -t0 - (mean(lambda y: y * psi(y).sin(), t0) / mass if v > 0 else 0) + ends
    return log, rho, c, slope


def far_k(v, x, r, t0):
    """The functions of K_v for r > 60."""
    scale = 1 / r.sqrt()
    size = float(r)
    end = 1.0
    while size * (math.expm1(-end / size**0.5) + end / size**0.5) < NEGLIGIBLE and end < 100.0 * size:
        end *= 1.1
        if end / size**0.5 < 1e-6 and end * end > 3.0 * NEGLIGIBLE:
            break
    weight = lambda u: (-2 * r * (u / 2).sinh() ** 2).exp()  # noqa: E731
    psi = lambda u: v * remainder(u, 1)  # noqa: E731

    def mean(f, size):
        return integral(lambda s: weight(s * scale) * f(s * scale) / size, end) * size * scale

    mass = mean(lambda u: psi(u).cosh(), 1)
    ratio = t0.exp() * mean(lambda u: (psi(u) - u).cosh(), 1) / mass
    slope = t0 - (mean(lambda u: u * psi(u).sinh(), t0) / mass if v > 0 else 0)
    return v * t0 - r + mass.log(), ratio, slope


def far(v, x):
    r = (v * v + x * x).sqrt()
    t0 = (v / x).asinh()
    log_i, rho, c, i_slope = far_i(v, x, r, t0)
    log_k, ratio, k_slope = far_k(v, x, r, t0)
    return log_i, rho, c, i_slope, log_k, ratio, k_slope


def order_slope_of_i(v, x):
    """d/dv log I_v from the power series, differentiated term by term."""
    y = x * x / 4
    term, psi, total, moment, k = arb(1), (v + 1).digamma(), arb(0), arb(0), 0
    while k < 64 or term > arb(2) ** -flint.ctx.prec:
        total += term
        moment += term * psi
        psi += 1 / (v + k + 1)
        term *= y / ((k + 1) * (v + k + 1))
        k += 1
    total += arb(0, 2 * term)
    moment += arb(0, 2 * term * abs(psi))
    return (x / 2).log() - moment / total


def order_slope_of_k(v, x):
    """d/dv log K_v from K_v = int_0^inf exp(-x cosh t) cosh(v t) dt."""
    a, b, end = float(x), float(v), 1.0
    while end < 2.0 or math.exp(min(end + math.log(a / 2), 700.0)) - a - b * end < NEGLIGIBLE:
        end *= 1.05
    weight = lambda t: (-2 * x * (t / 2).sinh() ** 2).exp()  # noqa: E731
    mass = integral(lambda t: weight(t) * (v * t).cosh(), end)
    return v * integral(lambda t: weight(t) * t * (v * t).sinh() / v, end) / mass if v > 0 else arb(0)


def ratio_of_i(v, x):
    """I_(v+1)/I_v alone."""
    if v * v + x * x > FAR**2:
        return far_i(v, x, (v * v + x * x).sqrt(), (v / x).asinh())[1]
    return x.bessel_i(v + 1) / x.bessel_i(v)


def near(v, x):
    i, k = x.bessel_i(v), x.bessel_k(v)
    rho, ratio = x.bessel_i(v + 1) / i, x.bessel_k(v + 1) / k
    return i.log(), rho, 1 - rho, order_slope_of_i(v, x), k.log(), ratio, order_slope_of_k(v, x)


def parts(v, x):
    """(log I, I ratio, 1 - I ratio, d log I/dv, log K, K ratio, d log K/dv) as balls."""
    v, x = arb(v), arb(x)
    return far(v, x) if v * v + x * x > FAR**2 else near(v, x)


BESSEL = {
    "log_iv": lambda v, x, i, p, c, di, k, q, dk: i,
    "log_kv": lambda v, x, i, p, c, di, k, q, dk: k,
    "log_ive": lambda v, x, i, p, c, di, k, q, dk: i - x,
    "log_kve": lambda v, x, i, p, c, di, k, q, dk: k + x,
    "iv_ratio": lambda v, x, i, p, c, di, k, q, dk: p,
    "iv_ratio_c": lambda v, x, i, p, c, di, k, q, dk: c,
    "kv_ratio": lambda v, x, i, p, c, di, k, q, dk: q,
    "log_iv_dx": lambda v, x, i, p, c, di, k, q, dk: p + v / x,
    "log_kv_dx": lambda v, x, i, p, c, di, k, q, dk: v / x - q,
    "log_iv_dv": lambda v, x, i, p, c, di, k, q, dk: di,
    "log_kv_dv": lambda v, x, i, p, c, di, k, q, dk: dk,
}


STABLE = {
    "log1mexp": lambda x: (-(-x).expm1()).log(),
    "log_cosh": lambda x: x.cosh().log(),
    "softplus": lambda x: x.exp().log1p(),
    "cosm1": lambda x: -2 * (x / 2).sin() ** 2,
    "langevin": lambda x: x.coth() - 1 / x,
    "log_erfc": lambda x: x.erfc().log(),
    "log_poch": lambda x, a: (x + a).lgamma() - x.lgamma(),
}


def precisions(start):
    """Working precisions to try, until the time for a point is over."""
    end = time.monotonic() + SECONDS
    while start < 9000 and time.monotonic() < end:
        yield start
        start = start * 3 // 2


def row(arguments, f, start):
    """The row of the value of ``f(bits)``; None if it is no normal double (or zero), or takes too long."""
    for bits in precisions(start):
        with flint.ctx.workprec(bits):
            ball = f(bits)
            if not ball.is_finite() or not (ball == 0 or ball.rel_accuracy_bits() >= GOOD):
                continue
            value = float(ball.mid())
            if not math.isfinite(value) or 0.0 < abs(value) < 1e-290:
                return None
            low = float((ball - value).mid())
            return {**{key: float(a).hex() for key, a in arguments.items()}, "value": value.hex(), "low": low.hex()}
    return None


def bits_for(v, x):
    """Working precision to begin with: what arguments of these magnitudes cancel, and a reserve."""
    return 220 + 2 * int(max(0.0, math.log2(max(v, x, 1.0)), -math.log2(x)))


def root(x, v, which):
    """The x at which log I_v (which = 0) or log K_v (4) is 0, to full double precision, by Newton's method."""
    for _ in range(12):
        with flint.ctx.workprec(300):
            balls = parts(v, x)
            slope = arb(v) / x + (balls[1] if which == 0 else -balls[5])
            x = float((x - balls[which] / slope).mid())
    return x


def neighbours(a):
    return [math.nextafter(a, 0.0), a, math.nextafter(a, math.inf)]


def points(rng):
    """Pairs (v, x): boxes, seams between formulas, zeros of the logarithms, extremes."""
    power = lambda low, high, n: 10.0 ** rng.uniform(low, high, n)  # noqa: E731
    yield from zip(power(-3, 6, 45), power(-3, 6, 45), strict=True)
    yield from rng.uniform(0, 30, (45, 2))
    yield from zip(power(-20, 15, 25), power(-300, 300, 25), strict=True)
    yield from zip(power(2, 15, 12), power(2, 15, 12), strict=True)
    for radius in (25.0, 64.0):
        for angle, width in zip(rng.uniform(0, math.pi / 2, 12), power(-16, -2.5, 12), strict=True):
            side = radius * (1.0 + width * rng.choice([-1.0, 1.0]))
            yield side * math.sin(angle), side * math.cos(angle)
    for border in (1.0, 4.0):
        yield from ((v, x) for v in rng.uniform(0, 24, 3) for x in neighbours(border))
    for n in (0, 1, 2, 7, 19, 24):
        yield n + 0.5 + rng.uniform(-1e-12, 1e-12), rng.uniform(0, 15)
        yield math.nextafter(n + 0.5, 0.0), 10.0 ** rng.uniform(-2, 1)
        yield rng.choice(neighbours(float(n + 1))), rng.uniform(0, 15)
        yield float(n), 10.0 ** rng.uniform(-2, 1)
    for v in (1.0, 3.7, 12.0, 18.5, 19.3, 40.0, *power(2, 8, 8)):
        yield from ((v, x) for x in neighbours(root(0.66 * v + 0.7, v, 0))[::2])
    for v in (0.0, 1.0, 5.5, 18.0, 22.0, *power(2, 8, 3)):
        yield v, root(0.66 * v + 0.4, v, 4)
    yield from ((0.0, x) for x in (1e-300, 1e-8, 0.3, 1.7, 11.0, 24.99, 26.0, 1e4, 1e300))
    yield from zip(power(-20, -0.31, 25), power(-12, 0, 25), strict=True)
    yield from ((v, x) for v in (1e-100, 0.4999, 1.0, 300.0, 1e15) for x in (1e-300, 0.99, 1e150, 1e300))
    yield from ((v, x) for v in (5e-324, 1e-300) for x in (1e-300, 1e150))
    yield from ((v, x) for v in (15.0, 511.0, 16383.0) for x in (1.0, 500.0))


def bessel_rows(pairs):
    rows = {name: [] for name in BESSEL}
    for v, x in pairs:
        known = cache(lambda bits, v=v, x=x: parts(v, x))
        for name, f in BESSEL.items():
            value = lambda bits, f=f, v=v, x=x, known=known: f(arb(v), arb(x), *known(bits))  # noqa: E731
            if found := row({"v": v, "x": x}, value, bits_for(v, x)):
                rows[name].append(found)
    return rows


def inverse(v, r, x):
    """The x at which I_(v+1)/I_v is r, by Newton's method from a neighbour of it."""
    v, r, x = arb(v), arb(r), arb(x)
    for _ in range(5):
        rho = ratio_of_i(v, x)
        step = (rho - r) / (1 - rho * rho - (2 * v + 1) * rho / x)
        x = (x - step).mid()
    return x + arb(0, abs(step))


def inverse_rows(ratio_rows):
    rows = []
    for line in ratio_rows:
        v, x, r = (float.fromhex(line[key]) for key in ("v", "x", "value"))
        if r <= 1.0 - 1e-9 and v < 1e12 and x > 1e-100:
            value = lambda bits, v=v, r=r, x=x: inverse(v, r, x)  # noqa: E731
            if found := row({"v": v, "r": r}, value, bits_for(v, x) + 100):
                rows.append(found)
    return rows


def stable_points(rng):
    """Name of each stable function -> the arguments of its rows."""
    power = lambda low, high, n: 10.0 ** rng.uniform(low, high, n)  # noqa: E731
    both = lambda x: np.concatenate([x, -x])  # noqa: E731
    around = lambda *a: np.array([b for c in a for b in neighbours(c)])  # noqa: E731
    everywhere = both(power(-250, 3.5, 75))
    yield "log1mexp", [np.r_[power(-290, 2.8, 100), rng.uniform(0, 45, 80), around(math.log(2), 40.0)]]
    yield "log_cosh", [np.r_[both(power(-140, 3.5, 75)), rng.uniform(-45, 45, 60), around(40.0)]]
    yield "softplus", [np.r_[everywhere[:75], -power(-250, 2.7, 75), rng.uniform(-40, 40, 60)]]
    turns = 2 * math.pi * np.rint(power(0, 15, 40))
    yield "cosm1", [np.r_[both(power(-140, 2, 40)), rng.uniform(-100, 100, 60), around(*turns), power(5, 290, 40)]]
    yield "langevin", [np.r_[everywhere, rng.uniform(-5, 5, 60), around(2.0)]]
    yield "log_erfc", [np.r_[both(power(-250, 1.4, 75)), rng.uniform(-6, 25, 80), around(0.5)]]
    x, a = rng.uniform(0, 9, (2, 60))
    x, a = (
        np.r_[x, power(-60, 60, 80), power(-60, 0, 30), power(-3, 12, 40)],
        np.r_[a - x, power(-60, 60, 110), power(-12, 3, 40)],
    )
    yield "log_poch", [x, a]


def stable_rows(rng):
    rows = {}
    for name, columns in stable_points(rng):
        keys = ("x", "a")[: len(columns)]
        found = (
            row(
                dict(zip(keys, map(float, a), strict=True)),
                lambda _, f=STABLE[name], a=a: f(*map(arb, map(float, a))),
                300,
            )
            for a in zip(*columns, strict=True)
        )
        rows[name] = [line for line in found if line]
    return rows


def main():
    rows = bessel_rows([(float(v), float(x)) for v, x in points(np.random.default_rng(1))])
    rows["iv_ratio_inv"] = inverse_rows(rows["iv_ratio"])
    rows |= stable_rows(np.random.default_rng(2))
    TARGET.parent.mkdir(exist_ok=True)
    lists = (f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, lines)) + "\n]" for name, lines in rows.items())
    TARGET.write_text("{\n" + ",\n".join(lists) + "\n}\n", encoding="utf-8")
    for name, lines in rows.items():
        print(f"{name}: {len(lines)} rows")


if __name__ == "__main__":
    main()
