"""Points at which forms are compared: all floats alike, ordinary numbers, special values, all of them in the domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ordinals import LARGEST, from_ordinal, ordinal

CENTRE = -30.0, 12.0  # exponents of ordinary numbers, where most forms change over and the floats are thin
SPECIAL = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 1e-8, -1e-8, 1e-160, 1e8, -1e8, 40.0, -40.0, 800.0, 1e160, -1e160)
MOST_BITS = 4096
ATTEMPTS = 6  # batches as large as the sample that is wanted


@dataclass(frozen=True)
class Domain:
    """
    Where an expression is to be evaluated.

    Attributes
    ----------
    limits : mapping of str to (float, float)
        Closed intervals of variables; the others take all floats.
    integers : frozenset of str
        Variables that are whole numbers.
    precondition : int or None
        A condition, in the graph of the expression, that the points satisfy.
    """

    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    precondition: int | None = None

    def interval(self, name: str) -> tuple[float, float]:
        """Return the finite interval of a variable."""
        low, high = self.limits.get(name, (-np.inf, np.inf))
        largest = float(np.finfo(np.float64).max)
        return max(low, -largest), min(high, largest)


@dataclass(frozen=True)
class Sample:
    """Points, the exact values of an expression there, rounded once, and the bits that it took to know them."""

    points: dict[str, np.ndarray]
    values: np.ndarray
    bits: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def joined(self, other: "Sample") -> "Sample":
        """Return the points of both."""
        points = {name: np.concatenate([x, other.points[name]]) for name, x in self.points.items()}
        return Sample(points, np.concatenate([self.values, other.values]), np.concatenate([self.bits, other.bits]))

    def taken(self, index: np.ndarray) -> "Sample":
        """Return some of the points."""
        return Sample({name: x[index] for name, x in self.points.items()}, self.values[index], self.bits[index])


def sample(
    graph: Graph,
    root: int,
    names: Sequence[str],
    domain: Domain,
    rng: np.random.Generator,
    everywhere: int,
    centred: int = 0,
    special: int = 0,
) -> Sample:
    """
    Return points of the domain where the expression is defined and within the range of float64.

    Parameters
    ----------
    graph, root : Graph, int
        The expression.
    names : sequence of str
        Its variables.
    domain : Domain
        Where to look.
    rng : numpy.random.Generator
        Source of randomness.
    everywhere, centred, special : int
        How many points at most: with uniform ordinals; of ordinary size or near the ends of the domain; made of special
        values. There are fewer where the expression is seldom defined.
    """
    domain = narrowed(graph, domain)
    kinds = (
        (everywhere, uniform),
        (centred, ordinary),
        (special, specials),
    )
    whole: Sample | None = None
    for wanted, draw in kinds:
        part: Sample | None = None
        for attempt in range(ATTEMPTS if wanted else 0):
            raw = {name: draw(domain.interval(name), rng, 24 * wanted) for name in names}
            for name in domain.integers.intersection(names):
                raw[name] = np.rint(raw[name])
            if draw is ordinary:
                _correlate(raw, rng)
            points = _admissible(graph, raw, domain, wanted)
            values, bits = truth.exact(graph, root, points, MOST_BITS) if names else truth.exact(graph, root, {})
            found = Sample(points, values, bits).taken(np.flatnonzero(np.isfinite(values)))
            part = found if part is None else part.joined(found)
            if len(part) >= wanted or (not len(part) and attempt):
                break
        if part is not None:
            part = part.taken(np.arange(min(wanted, len(part))))
            whole = part if whole is None else whole.joined(part)
    assert whole is not None
    return whole


def uniform(interval: tuple[float, float], rng: np.random.Generator, n: int) -> np.ndarray:
    """Return floats that are uniform in their order."""
    low, high = (int(np.clip(ordinal(end), -LARGEST, LARGEST)) for end in interval)
    return from_ordinal(rng.integers(low, high, n, endpoint=True))


def ordinary(interval: tuple[float, float], rng: np.random.Generator, n: int) -> np.ndarray:
    """Return numbers with uniform exponents in `CENTRE`, counted from zero or an end, or uniform in the interval."""
    low, high = interval
    step = 2.0 ** rng.uniform(*CENTRE, n)
    choices = [rng.choice([-1.0, 1.0], n) * step]
    if abs(low) < 1e15:
        choices.append(low + step)
    if abs(high) < 1e15:
        choices.append(high - step)
    if abs(low) < 1e15 and abs(high) < 1e15:
        choices.append(rng.uniform(low, high, n))
    x = np.choose(rng.integers(0, len(choices), n), choices)
    inside = (low <= x) & (x <= high)
    return np.where(inside, x, uniform(interval, rng, n) if len(choices) < 4 else choices[-1])


def specials(interval: tuple[float, float], rng: np.random.Generator, n: int) -> np.ndarray:
    """Return special values and the ends of the interval, each at least once, now and then an ordinary number."""
    low, high = interval
    values = np.array([x for x in (low, high, *SPECIAL) if low <= x <= high and abs(x) < 1e300] or [low])
    mixed = np.where(rng.random(n) < 0.8, rng.choice(values, n), ordinary(interval, rng, n))
    return np.concatenate([rng.permutation(values), mixed])[:n]


def narrowed(graph: Graph, domain: Domain) -> Domain:
    """Return the domain with the limits that its precondition implies, so that few points are drawn in vain."""
    if domain.precondition is None:
        return domain
    limits = dict(domain.limits)
    stack = [domain.precondition]
    while stack:
        i = stack.pop()
        op, operands = graph.nodes[i][0], graph.operands(i)
        if op == "and":
            stack += operands
        elif op in ("<", "<=", ">", ">="):
            a, b = operands if op in ("<", "<=") else operands[::-1]
            for variable, end, lower in ((a, b, False), (b, a, True)):
                name = graph.nodes[variable]
                value = graph.value(end)
                if name[0] == "var" and value is not None:
                    low, high = limits.get(str(name[1]), (-np.inf, np.inf))
                    limits[str(name[1])] = (max(low, float(value)), high) if lower else (low, min(high, float(value)))
    return Domain(limits, domain.integers, domain.precondition)


def _correlate(raw: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Bring a second variable close to the first at some points, where differences cancel."""
    names = list(raw)
    if len(names) > 1:
        n = len(raw[names[0]])
        near = raw[names[0]] * (1.0 + rng.choice([-1.0, 1.0], n) * 2.0 ** rng.uniform(-40.0, 0.0, n))
        chosen = rng.random(n) < 0.15
        raw[names[1]] = np.where(chosen, near, raw[names[1]])


def _admissible(graph: Graph, raw: dict[str, np.ndarray], domain: Domain, wanted: int) -> dict[str, np.ndarray]:
    n = len(next(iter(raw.values()))) if raw else 1
    good = np.ones(n, bool)
    for name, x in raw.items():
        low, high = domain.interval(name)
        good &= (low <= x) & (x <= high)
    if domain.precondition is not None:
        good &= np.broadcast_to(np.asarray(evaluate(graph, [domain.precondition], raw)[0], bool), n)
    index = np.flatnonzero(good)[: max(wanted, 1)]
    return {name: x[index] for name, x in raw.items()}
