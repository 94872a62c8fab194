"""The identities that `stabilize` may use, and the check that a new one must pass."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.ir import Graph, Node
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.s_expressions import Tree, read_one
from mathlib.symbolic.rewriting.rule_table import TABLE

CHECK_BITS = 512
CHECK_POINTS = 200
CHECK_VALUES = (-1.0, 1.0, -2.0, 2.0, 0.5, -0.5, 3.0, -3.0, 0.25, 0.0)


@dataclass(frozen=True, eq=False)
class Rule:
    """
    An identity in one direction.

    Attributes
    ----------
    text : str
        As it was written, ``"left => right"``.
    subject : str
        The group of the table that it belongs to.
    left, right : tuple
        Patterns: ``(operation, *patterns)``, ``("var", name)`` or ``("num", value)``.
    """

    text: str
    subject: str
    left: Node
    right: Node


def pattern(tree: Tree) -> Node:
    """Return a pattern: atoms that are neither numbers nor constants stand for any expression."""
    if isinstance(tree, str):
        if tree in OPS:
            return (tree,)
        try:
            return ("num", Fraction(tree))
        except ValueError:
            return ("var", tree)
    op = str(tree[0])
    if op not in OPS:
        raise ValueError(f"no operation {op!r} in a rule; known are {', '.join(OPS)}")
    if OPS[op].arity != len(tree) - 1:
        raise ValueError(f"{op} takes {OPS[op].arity} operands, not {len(tree) - 1}, in a rule")
    return (op, *(pattern(part) for part in tree[1:]))


def parsed(text: str, subject: str) -> list[Rule]:
    """Return the rules of one line: one, or both directions of ``<=>``."""
    for arrow in (" <=> ", " => "):
        left, found, right = text.partition(arrow)
        if found:
            sides = pattern(read_one(left)), pattern(read_one(right))
            rules = [Rule(f"{left} => {right}", subject, *sides)]
            if arrow == " <=> ":
                rules.append(Rule(f"{right} => {left}", subject, sides[1], sides[0]))
            for rule in rules:
                missing = variables(rule.right) - variables(rule.left)
                if missing:
                    raise ValueError(f"{', '.join(sorted(missing))} of the right side is not on the left: {rule.text}")
                if rule.left[0] in ("var", "num"):
                    raise ValueError(f"the left side must be an operation: {rule.text}")
            return rules
    raise ValueError(f"a rule is written 'left => right' or 'left <=> right', not {text!r}")


def variables(side: Node) -> set[str]:
    """Return the names that stand for any expression."""
    if side[0] == "var":
        return {str(side[1])}
    return set() if side[0] == "num" else set().union(*(variables(part) for part in side[1:]))  # type: ignore[arg-type]


def lines() -> Iterator[tuple[str, str, str]]:
    """Yield (subject, what it is good for, rule) for every line of the table; the documentation shows them."""
    for subject, (purpose, text) in TABLE.items():
        for line in re.sub(r"\n\s*=>", " =>", text).splitlines():  # a long rule goes on in the next line
            if line.strip():
                yield subject, purpose, line.strip()


@cache
def _table() -> tuple[Rule, ...]:
    return tuple(rule for subject, _, line in lines() for rule in parsed(line, subject))


_registered: dict[str, Rule] = {}


def all_rules() -> tuple[Rule, ...]:
    """Return the rules in the order of their application: registered ones first, then those of the table."""
    return (*_registered.values(), *_table())


def register(text: str) -> None:
    """
    Add a rule to those that `stabilize` and `simplify` use.

    Parameters
    ----------
    text : str
        ``"left => right"``, or ``"left <=> right"`` for both ways: S-expressions in the operations of FPCore and of
        this package, in which other names stand for any expression.

    Raises
    ------
    ValueError
        If it is not a rule, if both sides differ at some point where both are defined, or if no point was found where
        both are.

    Notes
    -----
    The sides are compared by balls of Arb at a few hundred points. That finds false rules, it does not prove true ones;
    `stabilize` compares again at its own points whenever the rule is applied. Rules last as long as the process.

    Examples
    --------
    >>> from mathlib.symbolic.rewriting.rules import register
    >>> register("(- (asinh a) (asinh b)) => (asinh (- (* a (hypot b 1)) (* b (hypot a 1))))")
    >>> register("(sqrt (* a a)) => a")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ValueError: rule (sqrt (* a a)) => a is false: at a = ...
    """
    rules = parsed(text, "registered")
    for rule in rules:
        check(rule)
    _registered.update((rule.text, rule) for rule in rules)


def check(rule: Rule) -> None:
    """Raise ValueError with a counterexample if a rule is false, or with the reason why nothing can be said."""
    names = sorted(variables(rule.left))
    graph = Graph()
    left, right = (graph.tree(read_one(side), {}) for side in rule.text.split(" => "))
    both = 0
    order = graph.live([left, right])
    with truth.precision(CHECK_BITS):
        for point in _points(names):
            values = truth.balls(graph, order, point)
            a, b = values[left], values[right]
            if a.is_finite() and b.is_finite():
                both += 1
                if not a.overlaps(b):
                    place = ", ".join(f"{name} = {x!r}" for name, x in point.items())
                    raise ValueError(
                        f"rule {rule.text} is false: at {place} the left side is {float(a.mid())}, "
                        f"the right side {float(b.mid())}"
                    )
    if not both:
        raise ValueError(f"rule {rule.text} cannot be checked: no point was found where both sides are defined")


def _points(names: Sequence[str]) -> Iterator[dict[str, float]]:
    """Special values first, for readable counterexamples, then random numbers."""
    rng = np.random.default_rng(1)
    for n in range(CHECK_POINTS):
        if n < CHECK_POINTS // 2:
            x = rng.choice(CHECK_VALUES, len(names))
        else:
            x = rng.choice([-1.0, 1.0], len(names)) * 2.0 ** rng.uniform(-6.0, 5.0, len(names))
        yield dict(zip(names, x.tolist(), strict=True))
