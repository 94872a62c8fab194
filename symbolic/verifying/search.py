"""Where to look for the largest error: points over a domain, special points, transitions, and a climb from the worst.

Neighbouring float64 numbers differ by one in their ordinals: that is the scale on which points are spread and moved.
"""

from collections.abc import Callable, Mapping
from itertools import permutations, product
from typing import Any

import numpy as np

from mathlib.symbolic.expressions.domains import Interval
from mathlib.symbolic.expressions.ordinals import from_ordinal, ordinal

Points = dict[str, np.ndarray]

MODERATE = 2.0**-30, 2.0**12  # magnitudes that get a share of the points of their own
REACH = 64  # ulps looked at on both sides of a transition
LINES, ALONG = 32, 4096  # lines through the domain and points in all for finding transitions
CROSSINGS = 96  # transitions followed up for each variable


def moved(x: np.ndarray, steps: np.ndarray | int, interval: Interval) -> np.ndarray:
    """Return the numbers some ordinals further, kept inside an interval."""
    low, high = (int(v) for v in ordinal(np.array(interval)))
    k = ordinal(x)
    ahead = k.astype(np.float64) + steps  # tells where the sum of integers would overflow
    inside = np.clip(k + np.asarray(steps, np.int64), low, high)
    return from_ordinal(np.where(ahead > high + 2048.0, high, np.where(ahead < low - 2048.0, low, inside)))


def spread(interval: Interval, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n sorted numbers, one in each of n equal strata of the ordinals: no gap is wider than two strata."""
    low, high = (int(v) for v in ordinal(np.array(interval)))
    size = high - low + 1
    if size <= n or not n:
        return from_ordinal(low + np.arange(n, dtype=np.int64) * size // max(n, 1))
    step = size // n
    offset = np.arange(n, dtype=np.uint64) * np.uint64(step) + rng.integers(0, step, n, dtype=np.uint64)
    offset += np.arange(n, dtype=np.uint64) * np.uint64(size % n) // np.uint64(n)
    return from_ordinal((offset + np.array(low, np.int64).view(np.uint64)).view(np.int64))


def moderate(interval: Interval, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n numbers of moderate magnitude, evenly on a logarithmic scale; over all ordinals where there are none."""
    small, large = MODERATE
    parts = [(max(interval[0], small), min(interval[1], large)), (max(interval[0], -large), min(interval[1], -small))]
    parts = [part for part in parts if part[0] < part[1]] or [interval]
    return np.concatenate([spread(part, n // len(parts) + (i < n % len(parts)), rng) for i, part in enumerate(parts)])


def uniform(interval: Interval, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n numbers evenly on the real line, of the moderate part of an interval if it has one."""
    low, high = max(interval[0], -MODERATE[1]), min(interval[1], MODERATE[1])
    if low >= high:
        low, high = interval
    part = (np.arange(n) + rng.random(n)) / n
    return np.clip(low * (1 - part) + high * part, *interval)


def sample(domain: Mapping[str, Interval], n: int, rng: np.random.Generator) -> Points:
    """
    Return n points: half over the ordinals, a quarter each on a logarithmic and on the real scale.

    With several variables each is stratified by itself (a Latin hypercube), and of every eighth point one coordinate is
    close to another one, since differences of close values are what loses digits.
    """
    shares = ((spread, n - 2 * (n // 4)), (moderate, n // 4), (uniform, n // 4))
    points = {}
    for name, interval in domain.items():
        parts = [way(interval, size, rng) for way, size in shares]
        points[name] = np.concatenate(parts if len(domain) == 1 else [rng.permutation(part) for part in parts])
    names = list(domain)
    if len(names) > 1:
        near = np.arange(0, n, 8)
        pairs = list(permutations(names, 2))
        which = rng.integers(0, len(pairs), len(near))
        factor = 1 + rng.choice([-1.0, 0.0, 1.0], len(near)) * 2.0 ** -rng.uniform(1, 54, len(near))
        for k, (name, other) in enumerate(pairs):
            rows = near[which == k]
            with np.errstate(over="ignore"):
                close = points[other][rows] * factor[which == k]
            points[name][rows] = np.clip(close, *domain[name])
    return points


def marks(interval: Interval) -> np.ndarray:
    """Return the special numbers of an interval: zeros, ones, ends, powers of two, each with its neighbours."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    centres = np.concatenate([[0.0, 3.0, 10.0, 0.1, np.pi, np.e], interval, powers, [2.2250738585072014e-308]])
    centres = np.concatenate([centres, -centres])
    around = np.concatenate([moved(centres, step, (-np.inf, np.inf)) for step in (-1, 0, 1)])
    around = np.unique(around[(around >= interval[0]) & (around <= interval[1])])
    return np.append(around, -0.0) if interval[0] <= 0 <= interval[1] else around


def special_points(domain: Mapping[str, Interval], rng: np.random.Generator) -> tuple[Points, Points]:
    """Return the points to judge in any case (corners, zeros, ones), and many more combinations of special numbers."""
    few, many = [], []
    for interval in domain.values():
        numbers, chosen = marks(interval), np.array([0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, *interval])
        chosen = chosen[(chosen >= interval[0]) & (chosen <= interval[1])]
        few.append(chosen if len(domain) <= 2 else rng.choice(chosen, 128))
        many.append(numbers if len(domain) == 1 else rng.choice(numbers, 1 << 14))
    corners = np.array(list(product(*few)) if len(domain) <= 2 else list(zip(*few, strict=True)))
    return dict(zip(domain, corners.T, strict=True)), dict(zip(domain, many, strict=True))


def kind(values: Any) -> np.ndarray:
    """Return small integers that tell NaN, infinities, normal and tiny numbers of either sign, and zero apart."""
    v = np.asarray(values)
    if v.dtype == bool:
        return v.astype(np.int8)
    size = np.abs(v)
    rank = (size > 0).astype(np.int8) + (size >= 2.0**-1022) + np.isinf(v)
    return np.where(np.isnan(v), 9, np.sign(v) * rank).astype(np.int8)


def transition_points(
    domain: Mapping[str, Interval], kinds: Callable[[Points], np.ndarray], rng: np.random.Generator
) -> Points:
    """
    Return the points around which something changes: zeros and poles, overflow and underflow, cuts of conditions.

    Parameters
    ----------
    domain : mapping of str to (float, float)
        The intervals.
    kinds : callable
        ``kinds(points)`` returns an integer array (quantities, points); where one changes along a line parallel to an
        axis the place is found by bisection of the ordinals.
    rng : Generator
        Where the lines lie.

    Returns
    -------
    dict of str to array
        Every transition with `REACH` neighbours on both sides.
    """
    found: list[Points] = []
    for name, interval in domain.items():
        lines = 1 if len(domain) == 1 else LINES
        count = ALONG // lines
        half = count // 2
        along = np.sort(np.concatenate([spread(interval, count - half, rng), moderate(interval, half, rng)]))
        base = {other: np.repeat(rng.permutation(moderate(domain[other], lines, rng)), count) for other in domain}
        base[name] = np.tile(along, lines)
        seen = kinds(base).reshape(-1, lines, count)
        which, line, place = np.nonzero(seen[:, :, 1:] != seen[:, :, :-1])
        chosen = _varied(np.stack([which, seen[which, line, place], seen[which, line, place + 1]]), rng)
        which, line, place = which[chosen], line[chosen], place[chosen]
        low, high = along[place], along[place + 1]
        point = {other: base[other][line * count] for other in domain}
        before = seen[which, line, place]
        for _ in range(64):
            # the sum of two halves: the ordinals of both ends together may exceed 64 bits
            a, b = ordinal(low), ordinal(high)
            middle = from_ordinal(a // 2 + b // 2 + (a % 2 + b % 2) // 2)
            now = kinds(point | {name: middle})[which, np.arange(len(which))]
            low, high = np.where(now == before, middle, low), np.where(now == before, high, middle)
        steps = np.arange(-REACH, REACH + 1)
        around = {other: np.repeat(values, len(steps)) for other, values in point.items()}
        around[name] = moved(np.repeat(low, len(steps)), np.tile(steps, len(low)), interval)
        found.append(around)
    return {name: np.concatenate([points[name] for points in found]) for name in domain}


def _varied(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return at most `CROSSINGS` columns, in turn from each group of equal ones."""
    if not labels.shape[1]:
        return np.zeros(0, int)
    shuffled = rng.permutation(labels.shape[1])
    _, group = np.unique(labels[:, shuffled], axis=1, return_inverse=True)
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    turn = np.arange(len(order)) - first
    return shuffled[order[np.argsort(turn, kind="stable")]][:CROSSINGS]


def climb(
    start: Points,
    score: Callable[[Points], np.ndarray],
    domain: Mapping[str, Interval],
    rng: np.random.Generator,
    *,
    rounds: int,
    children: int,
) -> Points:
    """
    Return better points than those given, by random steps of all sizes along one or two coordinates at a time.

    Parameters
    ----------
    start : dict of str to array of shape (k,)
        Where to begin.
    score : callable
        ``score(points)`` says how bad points are.
    domain : mapping of str to (float, float)
        The intervals.
    rng : Generator
        The steps.
    rounds, children : int
        How often each point is replaced by the best of so many points near it, if one is better.

    Returns
    -------
    dict of str to array of shape (k,)
        The worst point reached from each.
    """
    k = len(next(iter(start.values())))
    best, best_score = dict(start), score(start)
    for turn in range(rounds):
        reach = 44.0 * (1 - turn / rounds)  # bits of a step, on average less and less
        child = {name: np.repeat(x, children) for name, x in best.items()}
        first, second = rng.integers(0, len(domain), (2, k * children))
        for number, name in enumerate(domain):
            size = 2.0 ** rng.uniform(0, reach + 1, k * children) * rng.choice([-1, 1], k * children)
            active = (first == number) | ((second == number) & (turn % 2 == 1))
            child[name] = moved(child[name], np.where(active, size, 0).astype(np.int64), domain[name])
        scores = score(child).reshape(k, children)
        winner = np.argmax(scores, axis=1)
        top = scores[np.arange(k), winner]
        better = top > best_score
        rows = np.arange(k) * children + winner
        best = {name: np.where(better, child[name][rows], x) for name, x in best.items()}
        best_score = np.where(better, top, best_score)
    return best
