"""FPCore text, the format of the FPBench suites, to problems in the graph.

What is read is the part of FPCore 1.x and 2.0 that stands for one real expression: functions, ``let``, ``if``,
comparisons and annotations. Operations are those of real numbers; precisions and roundings are kept as properties only.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import TypeAlias

from sympy import Expr

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import COMPARISONS, OPS
from mathlib.symbolic.expressions.s_expressions import Tree, read, read_one
from mathlib.symbolic.expressions.to_sympy import to_sympy

__all__ = ["Problem", "read_fpcore"]

MAX_DIGITS = 4_000  # of a number as written
MAX_EXPONENT = 20_000  # of a number in scientific notation: twice what any format of FPBench reaches
MAX_DISTINCT = 64  # operands of !=, which compares all pairs

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?", re.ASCII)
_RATIONAL = re.compile(r"[+-]?\d+/\d*[1-9]\d*", re.ASCII)
_HEXADECIMAL = re.compile(r"([+-]?)0[xX]([0-9a-fA-F]+)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?", re.ASCII)

_EXPANDED = {  # name -> operands, what it means in terms of other operations
    "fma": ("abc", "(+ (* a b) c)"),
    "fdim": ("ab", "(if (> a b) (- a b) 0)"),
    "trunc": ("a", "(if (>= a 0) (floor a) (ceil a))"),
    "fmod": ("ab", "(- a (* b (if (>= (/ a b) 0) (floor (/ a b)) (ceil (/ a b)))))"),
    "TRUE": ("", "(< 0 1)"),
    "FALSE": ("", "(> 0 1)"),
    "LN2": ("", "(log 2)"),
    "LN10": ("", "(log 10)"),
    "LOG2E": ("", "(/ 1 (log 2))"),
    "LOG10E": ("", "(/ 1 (log 10))"),
    "PI_2": ("", "(/ PI 2)"),
    "PI_4": ("", "(/ PI 4)"),
    "M_1_PI": ("", "(/ 1 PI)"),
    "M_2_PI": ("", "(/ 2 PI)"),
    "M_2_SQRTPI": ("", "(/ 2 (sqrt PI))"),
    "SQRT2": ("", "(sqrt 2)"),
    "SQRT1_2": ("", "(sqrt 1/2)"),
}
_CHAINED = COMPARISONS - {"!="}  # compare neighbours; != compares all pairs
_LOOPS = frozenset({"while", "while*", "for", "for*"})
_ARRAYS = frozenset({"tensor", "tensor*", "array", "dim", "size", "ref"})

Scope: TypeAlias = Mapping[str, int]
Steps: TypeAlias = Generator[tuple[Tree, Scope], int, int]  # asks for the number of a part, is sent it, returns its own


@dataclass(frozen=True)
class Problem:
    """
    One FPCore form.

    Attributes
    ----------
    name : str
        The property ``:name``, else the identifier of the form, else "".
    arguments : tuple of str
        The names of the arguments in their order.
    graph : Graph
        The graph that holds the expressions.
    body : int
        The expression.
    precondition : int or None
        The condition ``:pre`` on the arguments, None where there is none.
    properties : dict
        All properties as they are written: atoms and nested lists of atoms.
    """

    name: str
    arguments: tuple[str, ...]
    graph: Graph
    body: int
    precondition: int | None
    properties: dict[str, Tree]

    @property
    def expr(self) -> Expr:
        """The body as a SymPy expression of real symbols."""
        return to_sympy(self.graph, self.body)


def read_fpcore(text: str, /) -> list[Problem]:
    """
    Read the problems of an FPCore text.

    Parameters
    ----------
    text : str
        Any number of ``(FPCore ...)`` forms and comments.

    Returns
    -------
    list of Problem
        The problems in their order.

    Raises
    ------
    ValueError
        If the text is malformed, a name is not bound, or a construct is not the formula of one real number: loops,
        arrays, rounding, inspection of floats. The message names the problem, the construct and the way out.
    TypeError
        If `text` is not a string.

    Notes
    -----
    The text is data and may come from anybody: it is never executed, and the size of its numbers is limited. The format
    is that of Damouche et al., "Toward a Standard Benchmark Format and Suite for Floating-Point Analysis", NSV 2016.

    Examples
    --------
    >>> from mathlib.symbolic.reading.fpcore import read_fpcore
    >>> (problem,) = read_fpcore('(FPCore (x) :name "root" :pre (>= x 0) (- (sqrt (+ x 1)) (sqrt x)))')
    >>> problem.name, problem.arguments
    ('root', ('x',))
    >>> problem.graph.write(problem.body)
    '(- (sqrt (+ x 1)) (sqrt x))'
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: read the file first")
    return [_problem(form, k) for k, form in enumerate(read(text), 1)]


def _problem(form: Tree, k: int) -> Problem:
    if not isinstance(form, list) or not form or form[0] != "FPCore":
        raise ValueError(f"form {k} is {_shown(form)}, not (FPCore ...): remove it")
    rest = form[1:]
    identifier = str(rest.pop(0)) if rest and isinstance(rest[0], str) else ""
    if not rest or not isinstance(rest[0], list):
        raise ValueError(f"FPCore {k} {identifier} has no list of arguments: write (FPCore (x y) body)")
    arguments = rest.pop(0)
    properties, rest = _annotated(rest)
    given = properties.get(":name", identifier)
    name = given.strip('"') if isinstance(given, str) else identifier
    try:
        if len(rest) != 1:
            raise ValueError(f"there are {len(rest)} bodies: write one expression after the properties")
        names = tuple(_argument(argument) for argument in arguments)
        if len(set(names)) != len(names):
            raise ValueError(f"an argument is named twice in {_shown(arguments)}: rename it")
        graph = Graph()
        scope = {argument: graph.variable(argument) for argument in names}
        body = _number_of(graph, rest[0], scope)
        precondition = _number_of(graph, properties[":pre"], scope) if ":pre" in properties else None
    except ValueError as error:
        raise ValueError(f"FPCore {k} {name!r}: {error}") from None
    return Problem(name, names, graph, body, precondition, properties)


def _annotated(items: list[Tree]) -> tuple[dict[str, Tree], list[Tree]]:
    """Split ``:key value`` pairs from what follows them."""
    properties: dict[str, Tree] = {}
    k = 0
    while k + 1 < len(items) and (key := items[k]) and isinstance(key, str) and key.startswith(":"):
        properties[key] = items[k + 1]
        k += 2
    return properties, items[k:]


def _argument(tree: Tree) -> str:
    if isinstance(tree, list) and tree and tree[0] == "!":
        (tree,) = _annotated(tree[1:])[1] or [[]]
    if not isinstance(tree, str):
        raise ValueError(f"the argument {_shown(tree)} is an array: write an argument for every element")
    return _bindable(tree)


def _bindable(name: Tree) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[^\d\s:\"()\[\]#;][^\s:\"()\[\];]*", name) or _literal(name):
        raise ValueError(f"{_shown(name)} is not a name: begin it with a letter")
    return name


def _number_of(graph: Graph, tree: Tree, scope: Scope) -> int:
    """Run the steps of a tree and its parts on a stack of our own: nesting may be deep."""
    running = [_steps(graph, tree, scope)]
    result: int | None = None
    while running:
        try:
            part, inner = running[-1].send(result)  # type: ignore[arg-type]
        except StopIteration as done:
            running.pop()
            result = done.value
        else:
            running.append(_steps(graph, part, inner))
            result = None
    assert result is not None
    return result


def _steps(graph: Graph, tree: Tree, scope: Scope) -> Steps:
    if isinstance(tree, str):
        return _atom(graph, tree, scope)
    if not tree or not isinstance(tree[0], str):
        raise ValueError(f"{_shown(tree)} has no operation: write (operation operands)")
    op, operands = tree[0], tree[1:]
    if op == "!":
        rest = _annotated(operands)[1]
        if len(rest) != 1:
            raise ValueError(f"{_shown(tree)} annotates {len(rest)} expressions: write (! :key value expression)")
        return (yield rest[0], scope)
    if op == "cast" and len(operands) == 1:
        return (yield operands[0], scope)
    if op in ("let", "let*"):
        inner = dict(scope)
        for name, value in _bindings(tree):
            inner[name] = yield value, inner if op == "let*" else scope
        return (yield operands[1], inner)
    if op == "digits":
        return graph.number(_digits(operands))
    _check_operation(op)
    parts = []
    for operand in operands:
        parts.append((yield operand, scope))
    return _combined(graph, op, parts, tree)


def _bindings(tree: list[Tree]) -> list[tuple[str, Tree]]:
    if len(tree) != 3 or not isinstance(tree[1], list):
        raise ValueError(f"{_shown(tree)} is malformed: write ({tree[0]} ([name value] ...) body)")
    found = []
    for binding in tree[1]:
        if not isinstance(binding, list) or len(binding) != 2:
            raise ValueError(f"the binding {_shown(binding)} is malformed: write [name value]")
        found.append((_bindable(binding[0]), binding[1]))
    if tree[0] == "let" and len({name for name, _ in found}) != len(found):
        raise ValueError(f"{_shown(tree)} binds a name twice: write let*")
    return found


def _check_operation(op: str) -> None:
    if op in _LOOPS:
        raise ValueError(f"the loop {op!r} has no fixed length: unroll it")
    if op in _ARRAYS:
        raise ValueError(f"the array construct {op!r} is not read: write an expression for every element")
    if (op not in OPS and op not in _EXPANDED) or (op in OPS and not OPS[op].arity):
        raise ValueError(f"{op[:40]!r} is not an operation that is known here: write it in real functions")


def _combined(graph: Graph, op: str, parts: list[int], tree: Tree) -> int:
    """Return the number of an operation on its operands, however many there are."""
    count = len(parts)
    if op in _EXPANDED:
        letters, meaning = _EXPANDED[op]
        if count == len(letters):
            return graph.tree(read_one(meaning), dict(zip(letters, parts, strict=True)))
    elif op == "-" and count == 1:
        return graph.add("neg", parts[0])
    elif op in ("+", "-", "*", "and", "or") and count >= 1:
        return _folded(graph, op, parts)
    elif op in _CHAINED and count >= 2:
        return _folded(graph, "and", [graph.add(op, a, b) for a, b in pairwise(parts)])
    elif op == "!=" and 2 <= count <= MAX_DISTINCT:
        return _folded(graph, "and", [graph.add(op, a, b) for a, b in combinations(parts, 2)])
    elif count == OPS[op].arity:
        return graph.add(op, *parts)
    raise ValueError(f"{_shown(tree)} gives {op} {count} operand(s): it takes another number of them")


def _folded(graph: Graph, op: str, parts: list[int]) -> int:
    result = parts[0]
    for part in parts[1:]:
        result = graph.add(op, result, part)
    return result


def _atom(graph: Graph, atom: str, scope: Scope) -> int:
    if atom in scope:
        return scope[atom]
    value = _literal(atom)
    if value is not None:
        return graph.number(value)
    if atom in OPS and not OPS[atom].arity:
        return graph.add(atom)
    if atom in _EXPANDED and not _EXPANDED[atom][0]:
        return graph.read(_EXPANDED[atom][1])
    raise ValueError(f"{atom[:40]!r} is neither an argument nor a constant: add it to the arguments")


def _literal(atom: str) -> Fraction | None:
    """Return the exact value of a number, None for any other atom."""
    if not re.match(r"[+-]?\.?\d", atom, re.ASCII):
        return None
    if len(atom) > MAX_DIGITS:
        raise ValueError(f"a number has {len(atom)} characters, at most {MAX_DIGITS} are read: write it as a power")
    if found := _DECIMAL.fullmatch(atom):
        _bounded(int(found[1] or 0), atom)
        return Fraction(atom)
    if _RATIONAL.fullmatch(atom):
        return Fraction(atom)
    if found := _HEXADECIMAL.fullmatch(atom):
        sign, whole, part, exponent = found.groups()
        scale = Fraction(2) ** (_bounded(int(exponent or 0), atom) - 4 * len(part))
        return (-1 if sign == "-" else 1) * int(whole + part, 16) * scale
    raise ValueError(f"{atom[:40]!r} is not a number: write 12, 1.5e-3, 1/3 or 0x1.8p-3")


def _digits(operands: list[Tree]) -> Fraction:
    """Return m*b**e of ``(digits m e b)``."""
    if len(operands) != 3 or not all(
        isinstance(part, str) and re.fullmatch(r"[+-]?\d{1,999}", part) for part in operands
    ):
        raise ValueError(f"{_shown(['digits', *operands])} is malformed: write (digits mantissa exponent base)")
    mantissa, exponent, base = (int(part) for part in operands)  # type: ignore[arg-type]
    if not 2 <= base <= 16:
        raise ValueError(f"the base of {_shown(['digits', *operands])} must be from 2 to 16: convert the number")
    return mantissa * Fraction(base) ** _bounded(exponent, str(operands[1]))


def _bounded(exponent: int, atom: str) -> int:
    if abs(exponent) > MAX_EXPONENT:
        raise ValueError(f"the exponent of {atom[:40]} is beyond {MAX_EXPONENT}: no float reaches that far")
    return exponent


def _shown(tree: Tree) -> str:
    """Return the beginning of a tree as text."""
    text, stack = "", [tree]
    while stack and len(text) < 60:
        item = stack.pop()
        if isinstance(item, str):
            text += item if item == ")" or not text or text[-1] == "(" else " " + item
        else:
            text += "(" if not text or text[-1] == "(" else " ("
            stack += [")", *reversed(item)]
    return text[:60]
