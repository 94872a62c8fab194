"""Text to SymPy expressions: a whitelist over Python's syntax, in which nothing is ever executed.

A first pass over the characters lets through nothing but numbers, names, brackets and operators, within limits of
length and depth. Only then does Python's parser see the text, and of its tree only what is named here is translated.
"""

import ast
from collections.abc import Callable
from difflib import get_close_matches
from itertools import pairwise

import sympy
from sympy import Add, Basic, Expr, Float, Integer, Piecewise, Rational, S, Symbol, ordered
from sympy.logic.boolalg import And, Boolean, Or

from mathlib.symbolic.reading.spellings import CONSTANTS, FUNCTIONS, INSTEAD, NOT_REAL, power, product
from mathlib.symbolic.reading.text_check import MAX_DEPTH, check_text, fault

__all__ = ["parse"]

MAX_BITS = 4_096  # of numerators and denominators that exact arithmetic makes
MAX_EXPONENT = 10**4  # SymPy works out (2*x)**n as 2**n*x**n when it gets the chance

_COMPARISONS: dict[type[ast.cmpop], Callable[..., Boolean]] = {
    ast.Lt: sympy.StrictLessThan,
    ast.LtE: sympy.LessThan,
    ast.Gt: sympy.StrictGreaterThan,
    ast.GtE: sympy.GreaterThan,
    ast.Eq: sympy.Equality,
    ast.NotEq: sympy.Unequality,
}

_CHOICE = "a choice is written a if x > 0 else b"
_REFUSED_NODES: dict[type[ast.AST], tuple[str, str]] = {  # made of tokens that are allowed
    ast.FloorDiv: ("'//'", "write floor(x/y)"),
    ast.LShift: ("'<<'", "write x*2**n"),
    ast.RShift: ("'>>'", "write x/2**n"),
    ast.Compare: ("a comparison", f"it has its place in a condition: {_CHOICE}"),
    ast.BoolOp: ("'and' or 'or'", "they have their place in a condition: a if x > 0 and y > 0 else b"),
    ast.Tuple: ("a comma", "write one expression; a decimal is written 0.5"),
    ast.Starred: ("unpacking", "write the arguments one by one"),
    ast.keyword: ("unpacking", "write the arguments one by one"),
}


def parse(text: str, /) -> Expr:
    """
    Read an expression of real variables from text, and keep it as it is written.

    Parameters
    ----------
    text : str
        A formula in Python's notation of at most 20,000 characters: numbers, variables, ``+ - * / **``, functions, and
        choices such as ``x if 0 < x < 1 else 0``. Functions have the names of SymPy, NumPy, C's ``math.h``,
        `mathlib.special` or `mathlib.symbolic`. Names are ASCII; ``pi``, ``E``, ``EulerGamma`` and ``Catalan`` are
        constants.

    Returns
    -------
    sympy.Expr
        The expression, not simplified. Its variables are plain symbols, equal to ``sympy.Symbol(name)``.

    Raises
    ------
    ValueError
        If the text is anything else, or its numbers grow too large. The message names the construct, the column (from
        1) and what to write instead.
    TypeError
        If `text` is not a string.

    Notes
    -----
    The text is data: it is read by a whitelist and never executed, so it may come from anybody. Time and memory are
    bounded by limits on the length, the depth (100) and the size of numbers.

    Integers and quotients of integers are exact, and sums, products and powers of them are worked out; a decimal such
    as ``0.1`` is the double nearest to it. Nothing else is evaluated: ``log(exp(x))`` and ``x - x`` stay, because
    what rounding does to an expression depends on how it is written. Chains ``a + b - c`` and ``a*b/c`` become one sum
    and one product with their terms in order.

    Examples
    --------
    >>> from mathlib.symbolic import parse
    >>> parse("(1 - cos(x))/x**2")
    (1 - cos(x))/x**2
    >>> parse("log(exp(x)) if x > 0 else x/2")
    Piecewise((log(exp(x)), x > 0), (x/2, True))
    >>> parse("2x + 1")
    Traceback (most recent call last):
        ...
    ValueError: text, column 2: an operator is missing between '2' and 'x': write 2*x
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: expressions need no parsing")
    check_text(text)
    try:
        return _expression(_tree(text), 0)
    except SyntaxError as error:
        column = min(max(error.offset or 1, 1), len(text) + 1)
        raise fault(
            column, "something is missing or out of place", "an expression is made as in a*x + sin(y)"
        ) from None
    except (RecursionError, MemoryError):  # Python's parser, before any depth of ours is known
        raise ValueError("text has too many operations within one another: name parts of it, or use SymPy") from None


def _tree(text: str) -> ast.expr:
    blanks = text.replace("\t", " ").replace("\r", " ").replace("\n", " ")
    return ast.parse(f"({blanks})", mode="eval").body  # in a bracket blanks may come first, and columns count from 1


def _expression(node: ast.expr, depth: int) -> Expr:
    if depth > MAX_DEPTH:
        raise fault(
            node.col_offset, f"more than {MAX_DEPTH} operations within one another", "name parts of the expression"
        )
    match node:
        case ast.Constant(value=int() as value):
            return Integer(value)
        case ast.Constant(value=float() as value):
            return Float(value)
        case ast.Name():
            return _name(node)
        case ast.UnaryOp(op=ast.UAdd()):
            return _expression(node.operand, depth + 1)
        case ast.UnaryOp(op=ast.USub()):
            return _negative(_expression(node.operand, depth + 1))
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return _sum(node, depth + 1)
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            return _product(node, depth + 1)
        case ast.BinOp(op=ast.Pow()):
            base, exponent = _expression(node.left, depth + 1), _expression(node.right, depth + 1)
            return _power(base, exponent, node.right.col_offset)
        case ast.Call():
            return _call(node, depth + 1)
        case ast.IfExp():
            return _choice(node, depth + 1)
        case _:
            raise _unknown(node)


def _unknown(node: ast.expr) -> ValueError:
    kind = type(node.op) if isinstance(node, ast.BinOp) else type(node)
    what, instead = _REFUSED_NODES.get(
        kind, (f"the construct {kind.__name__}", "write plain names and functions, such as exp(x)")
    )
    return fault(node.col_offset, f"{what} is not allowed here", instead)


def _name(node: ast.Name) -> Expr:
    if node.id in FUNCTIONS:
        raise fault(
            node.col_offset, f"the function {node.id!r} has no argument", f"write {node.id}(x), or rename a variable"
        )
    if node.id in NOT_REAL:
        raise fault(node.col_offset, f"{node.id!r} is no real number", "rename it if it is a variable")
    return CONSTANTS.get(node.id) or Symbol(node.id)


def _chain(node: ast.expr, operators: tuple[type[ast.operator], ...]) -> list[tuple[ast.operator, ast.expr]]:
    """Return the terms of a chain such as a + b - c, each with the operator before it."""
    terms = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        terms.append((node.op, node.right))
        node = node.left
    return [(operators[0](), node), *terms[::-1]]


def _sum(node: ast.BinOp, depth: int) -> Expr:
    terms: list[Expr] = []
    for operator, operand in _chain(node, (ast.Add, ast.Sub)):
        term = _expression(operand, depth)
        if isinstance(operator, ast.Sub):
            term = _negative(term)
        if len(terms) == 1 and isinstance(terms[0], Rational) and isinstance(term, Rational):
            terms = [_bounded(terms[0] + term, operand.col_offset)]
        else:
            terms.append(term)
    return Add(*terms, evaluate=False) if len(terms) > 1 else terms[0]


def _product(node: ast.BinOp, depth: int) -> Expr:
    factors: list[Expr] = []
    for operator, operand in _chain(node, (ast.Mult, ast.Div)):
        factor = _expression(operand, depth)
        if isinstance(operator, ast.Div):
            factor = _power(factor, S.NegativeOne, operand.col_offset)
        if len(factors) == 1 and isinstance(factors[0], Rational) and isinstance(factor, Rational):
            factors = [_bounded(factors[0] * factor, operand.col_offset)]
        elif len(factors) == 1 and isinstance(factor, Rational):
            factors.insert(0, factor)  # where SymPy has it
        else:
            factors.append(factor)
    return product(*factors)


def _negative(term: Expr) -> Expr:
    return -term if isinstance(term, Rational | Float) else product(S.NegativeOne, term)


def _power(base: Expr, exponent: Expr, column: int) -> Expr:
    if isinstance(exponent, Rational):
        if exponent < 0 and isinstance(base, Rational | Float) and base.is_zero:
            raise fault(column, "a division by zero", "leave it out")
        if max(abs(exponent.p), exponent.q) > MAX_EXPONENT:
            raise fault(column, f"an exact exponent beyond {MAX_EXPONENT}", "write it as a decimal, such as 1e10")
        if isinstance(base, Rational) and isinstance(exponent, Integer):
            if _bits(base) * abs(int(exponent)) > 2 * MAX_BITS:  # the true length is known after multiplying
                raise _too_large(column)
            return _bounded(base**exponent, column)
        if exponent is S.NegativeOne and base.is_Pow and base.exp.is_Rational:
            return power(base.base, -base.exp)
    return power(base, exponent)


def _bits(number: Rational) -> int:
    # of 1 and -1, whose powers do not grow, it is 0
    return max((abs(int(number.p)) - 1).bit_length(), (int(number.q) - 1).bit_length())


def _bounded(number: Rational, column: int) -> Rational:
    if _bits(number) > MAX_BITS:
        raise _too_large(column)
    return number


def _too_large(column: int) -> ValueError:
    return fault(
        column, f"an exact number of more than {MAX_BITS} bits", "write a decimal, such as 1e300, or use logarithms"
    )


def _call(node: ast.Call, depth: int) -> Expr:
    if not isinstance(node.func, ast.Name):
        raise fault(
            node.col_offset, "a call of something that is not a name", "write plain names and functions, such as exp(x)"
        )
    name = node.func.id
    if name not in FUNCTIONS:
        close = get_close_matches(name, FUNCTIONS, n=3)
        instead = f"did you mean {', '.join(close)}? " if close else ""
        instead = f"write {INSTEAD[name]}" if name in INSTEAD else f"{instead}for a product write {name}*(...)"
        raise fault(node.col_offset, f"{name!r} is not a function that is known here", instead)
    counts, build = FUNCTIONS[name]
    for item in node.keywords:  # only **: names of arguments need an =
        raise fault(item.col_offset, "unpacking is not allowed", "write the arguments one by one")
    if len(node.args) not in counts:
        most = "" if len(counts) == 1 else f" to {counts[-1]}"
        raise fault(
            node.col_offset, f"{name} takes {counts[0]}{most} argument(s), got {len(node.args)}", "separate them by ,"
        )
    arguments = [_expression(argument, depth) for argument in node.args]
    if build is power:
        base, exponent = arguments
        return _power(base, exponent, node.args[1].col_offset)
    return build(*arguments)


def _choice(node: ast.IfExp, depth: int) -> Expr:
    branches = []
    rest: ast.expr = node
    while isinstance(rest, ast.IfExp):
        if any(isinstance(part, ast.IfExp) for part in ast.walk(rest.test)):  # SymPy would multiply out the cases
            raise fault(rest.test.col_offset, "a choice within a condition", "write the cases one after the other")
        branches.append((_expression(rest.body, depth), _condition(rest.test, depth)))
        rest = rest.orelse
    return Piecewise(*branches, (_expression(rest, depth), S.true), evaluate=False)


def _condition(node: ast.expr, depth: int) -> Boolean:
    if isinstance(node, ast.BoolOp):
        if depth > MAX_DEPTH:
            raise fault(node.col_offset, f"more than {MAX_DEPTH} conditions within one another", "name parts of them")
        parts = [_condition(value, depth + 1) for value in node.values]
        return _joined(And if isinstance(node.op, ast.And) else Or, parts)
    if not isinstance(node, ast.Compare):
        raise fault(node.col_offset, "a condition without a comparison", "write x != 0, for example")
    sides = [_expression(side, depth) for side in (node.left, *node.comparators)]
    for left, right in pairwise(sides):
        if not left.free_symbols and not right.free_symbols:  # SymPy fails on these as long as they are not evaluated
            raise fault(node.col_offset, "a comparison of constants", "write the branch that it chooses")
    comparisons = [
        _COMPARISONS[type(operator)](left, right, evaluate=False)
        for operator, (left, right) in zip(node.ops, pairwise(sides), strict=True)
    ]
    return _joined(And, comparisons)


def _joined(kind: type[Boolean], conditions: list[Boolean]) -> Boolean:
    # SymPy's constructors compare the conditions, which evaluates them, and have no way to be told not to
    different = list(ordered(set(conditions)))
    if len(different) == 1:
        return different[0]
    joined = Basic.__new__(kind, *different)
    joined._argset = frozenset(different)
    return joined
