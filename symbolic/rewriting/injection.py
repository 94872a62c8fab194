"""Forms that rules reach too late or never: cancelled, factored, Horner's and conjugate forms of rational functions.

A sub-expression made of + - * / is a quotient of polynomials in what it is made of ("atoms": variables, values of other
functions). FLINT brings it to lowest terms and factors it; a root of which the numerator is a linear function gives the
conjugate form: (P + Q sqrt u) / D = (P^2 - Q^2 u) / (D (P - Q sqrt u)), which is what cures a difference with a root.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from mathlib.symbolic.expressions.ir import Graph

ARITHMETIC = frozenset(("+", "-", "*", "/", "neg", "num"))
MOST_ATOMS = 8
MOST_MONOMIALS = 60
MOST_DEGREE = 24
MOST_PLACES = 8  # sub-expressions that are tried
Polynomial = Any  # flint.fmpq_mpoly


class TooLarge(Exception):
    """A polynomial with more monomials or a higher degree than is useful."""


def forms(graph: Graph, root: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of a sub-expression and an equal form, both in the graph."""
    for place in _places(graph, root):
        try:
            quotient = Quotient(graph, place)
            for form in quotient.forms():
                if form != place:
                    yield place, form
        except (TooLarge, ZeroDivisionError):
            continue


def _places(graph: Graph, root: int) -> list[int]:
    """The root, and the arithmetic operands of functions, each as large as possible."""
    live = graph.live([root])
    found = {root: None}
    for i in reversed(live):
        if graph.nodes[i][0] not in ARITHMETIC:
            found.update(dict.fromkeys(graph.operands(i)))
    worth = [i for i in found if graph.nodes[i][0] in ("+", "-", "*", "/", "neg")]
    return [i for i in worth if sum(graph.nodes[j][0] in ARITHMETIC for j in graph.live([i])) > 2][:MOST_PLACES]


class Quotient:
    """A sub-expression as numerator and denominator, polynomials in its atoms."""

    def __init__(self, graph: Graph, root: int):
        from flint import Ordering, fmpq_mpoly_ctx

        self.graph = graph
        order = self._region(root)
        self.atoms = [i for i in order if self._is_atom(i)]
        if len(self.atoms) > MOST_ATOMS:
            raise TooLarge
        names = tuple(f"x{n}" for n in range(len(self.atoms))) or ("x0",)
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.generators = dict(zip(self.atoms, self.context.gens(), strict=False))
        self.one = self.context.constant(1)
        values: dict[int, tuple[Polynomial, Polynomial]] = {}
        for i in order:
            values[i] = self._value(i, values)
        self.squares = {}
        for i in self.atoms:
            if graph.nodes[i][0] == "sqrt" and graph.operands(i)[0] in values:
                self.squares[i] = values[graph.operands(i)[0]]
        self.top, self.low = self._lowest(*self._reduced(*values[root]))

    def _region(self, root: int) -> list[int]:
        """The nodes that arithmetic and square roots reach from the root, operands first."""
        done: dict[int, None] = {}
        stack = [root]
        while stack:
            i = stack[-1]
            missing = [j for j in self._inner(i) if j not in done]
            if missing and i not in done:
                stack += missing
            else:
                done[stack.pop()] = None
        return list(done)

    def _inner(self, i: int) -> tuple[int, ...]:
        base = self._exponential_base(i)
        if base is not None:
            return (base[0],) if base[0] != i else ()
        op = self.graph.nodes[i][0]
        return self.graph.operands(i) if op in ARITHMETIC or op == "sqrt" else ()

    def _exponential_base(self, i: int) -> tuple[int, int] | None:
        """e^(k b) as the power k of e^b."""
        graph = self.graph
        if graph.nodes[i][0] != "exp":
            return None
        power, inner = 1, graph.operands(i)[0]
        while True:
            op = graph.nodes[inner][0]
            if op == "neg":
                power, inner = -power, graph.operands(inner)[0]
                continue
            if op == "*":
                a, b = graph.operands(inner)
                if graph.value(b) is not None:
                    a, b = b, a
                value = graph.value(a)
                if value is not None and value.denominator == 1 and 0 < abs(value) <= 4:
                    power, inner = power * int(value), b
                    continue
            return graph.add("exp", inner), power

    def _is_atom(self, i: int) -> bool:
        base = self._exponential_base(i)
        return base[0] == i if base is not None else self.graph.nodes[i][0] not in ARITHMETIC

    def _value(self, i: int, values: dict[int, tuple[Polynomial, Polynomial]]) -> tuple[Polynomial, Polynomial]:
        from flint import fmpq

        if i in self.generators:
            return self.generators[i], self.one
        base = self._exponential_base(i)
        if base is not None:
            power = self.generators[base[0]] ** abs(base[1])
            return (power, self.one) if base[1] > 0 else (self.one, power)
        number = self.graph.value(i)
        if number is not None:
            return self.context.constant(fmpq(number.numerator, number.denominator)), self.one
        (a, b), *rest = (values[j] for j in self.graph.operands(i))
        c, d = rest[0] if rest else (self.one, self.one)
        match self.graph.nodes[i][0]:
            case "+":
                result = a * d + c * b, b * d
            case "-":
                result = a * d - c * b, b * d
            case "*":
                result = a * c, b * d
            case "/":
                result = a * d, b * c
            case _:
                result = -a, b
        return self._bounded(*result)

    def _bounded(self, top: Polynomial, low: Polynomial) -> tuple[Polynomial, Polynomial]:
        if low.is_zero():
            raise ZeroDivisionError
        for p in (top, low):
            if len(p) > MOST_MONOMIALS or max(p.degrees(), default=0) > MOST_DEGREE:
                raise TooLarge
        return top, low

    def _reduced(self, top: Polynomial, low: Polynomial) -> tuple[Polynomial, Polynomial]:
        """Replace squares of roots by their radicands."""
        for atom, (u, v) in self.squares.items():
            if v.is_one():
                top, low = self._without_square(top, atom, u), self._without_square(low, atom, u)
        return self._bounded(top, low)

    def _without_square(self, p: Polynomial, atom: int, u: Polynomial) -> Polynomial:
        constant, linear = self._split(p, atom, u)
        return constant + linear * self.generators[atom]

    def _split(self, p: Polynomial, atom: int, u: Polynomial) -> tuple[Polynomial, Polynomial]:
        """P, Q with p = P + Q s where s^2 = u."""
        place = self.atoms.index(atom)
        parts = [self.context.constant(0), self.context.constant(0)]
        for exponents, c in p.to_dict().items():
            n = int(exponents[place])
            rest = self.context.term(coeff=c, exp_vec=(*exponents[:place], 0, *exponents[place + 1 :]))
            parts[n % 2] += rest * u ** (n // 2)
        return parts[0], parts[1]

    def _lowest(self, top: Polynomial, low: Polynomial) -> tuple[Polynomial, Polynomial]:
        common = top.gcd(low)
        if not common.is_zero():
            top, low = top // common, low // common
        scale = low.leading_coefficient()
        content = low / scale if scale else low
        # whole numbers in the denominator
        denominators = [Fraction(int(c.p), int(c.q)).denominator for c in content.coeffs()]
        factor = 1
        for d in denominators:
            factor = factor * d // _gcd(factor, d)
        return top / scale * factor, content * factor

    def forms(self) -> Iterator[int]:
        """Yield the forms."""
        yield from self._written(self.top, self.low)
        for atom, (u, v) in self.squares.items():
            if not v.is_one():
                continue
            for p, q, upside in ((self.top, self.low, True), (self.low, self.top, False)):
                constant, linear = self._split(p, atom, u)
                if linear.is_zero() or constant.is_zero():
                    continue
                conjugate = constant - linear * self.generators[atom]
                square, other = self._bounded(*self._reduced(constant * constant - linear * linear * u, q))
                if square.is_zero():
                    continue
                square, other = self._lowest(square, other)
                pair = (square, self._bounded(other * conjugate, self.one)[0])
                top, low = pair if upside else (pair[1], pair[0])
                if upside:
                    yield self._over(self._sum(square), other, conjugate)
                yield from self._written(*self._lowest(*self._reduced(top, low)))

    def _over(self, top: int, other: Polynomial, conjugate: Polynomial) -> int:
        if other.is_constant() and other.is_one():
            return self.graph.add("/", top, self._sum(conjugate))
        return self.graph.add("/", self.graph.add("/", top, self._sum(other)), self._sum(conjugate))

    def _written(self, top: Polynomial, low: Polynomial) -> Iterator[int]:
        for write in (self._sum, self._factored, self._horner):
            numerator = write(top)
            yield numerator if low.is_one() else self.graph.add("/", numerator, write(low))

    def _number(self, c: Any) -> int:
        return self.graph.number(Fraction(int(c.p), int(c.q)))

    def _monomial(self, exponents: tuple[int, ...], c: Any) -> int:
        """c times powers; a negative number only where nothing else is left."""
        graph = self.graph
        c = abs(Fraction(int(c.p), int(c.q)))
        product = None
        for atom, n in zip(self.atoms, exponents, strict=False):
            if int(n):
                power = self._power(atom, int(n))
                product = power if product is None else graph.add("*", product, power)
        if product is None:
            return graph.number(c)
        return product if c == 1 else graph.add("*", graph.number(c), product)

    def _power(self, base: int, n: int) -> int:
        if n == 1:
            return base
        half = self._power(base, n // 2)
        square = self.graph.add("*", half, half)
        return square if n % 2 == 0 else self.graph.add("*", square, base)

    def _sum(self, p: Polynomial) -> int:
        """Monomials added, those with a minus sign subtracted last."""
        graph = self.graph
        total = None
        items = sorted(p.to_dict().items(), key=lambda item: (item[1] < 0, tuple(-int(n) for n in item[0])))
        for exponents, c in items:
            term = self._monomial(exponents, c)
            if total is None:
                total = self._number(c) if not any(exponents) else graph.add("neg", term) if c < 0 else term
            else:
                total = graph.add("-" if c < 0 else "+", total, term)
        return graph.number(0) if total is None else total

    def _factored(self, p: Polynomial) -> int:
        if p.is_zero() or p.is_constant():
            return self._sum(p)
        constant, factors = p.factor()
        product = None
        for q, n in factors:
            power = self._power(self._sum(q), int(n))
            product = power if product is None else self.graph.add("*", product, power)
        assert product is not None
        value = Fraction(int(constant.p), int(constant.q))
        if value == -1:
            return self.graph.add("neg", product)
        return product if value == 1 else self.graph.add("*", self.graph.number(value), product)

    def _horner(self, p: Polynomial) -> int:
        """Nested in the atom of highest degree."""
        graph = self.graph
        degrees = [int(n) for n in p.degrees()]
        if not degrees or max(degrees) < 2 or len(p) < 2:
            return self._sum(p)
        place = degrees.index(max(degrees))
        rows: dict[int, Polynomial] = {}
        for exponents, c in p.to_dict().items():
            rest = self.context.term(coeff=c, exp_vec=(*exponents[:place], 0, *exponents[place + 1 :]))
            n = int(exponents[place])
            rows[n] = rows.get(n, self.context.constant(0)) + rest
        x = self.atoms[place]
        total = self._horner(rows[max(rows)])
        for n in range(max(rows) - 1, -1, -1):
            total = x if graph.value(total) == 1 else graph.add("*", x, total)
            if n in rows:
                total = graph.add("+", self._horner(rows[n]), total)
        return total


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a
