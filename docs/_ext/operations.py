"""The directives ``operation-table`` and ``rule-table``: what `mathlib.symbolic` computes with, and its identities."""

from collections.abc import Iterator
from itertools import groupby
from math import isinf

from sphinx.util.docutils import SphinxDirective

from mathlib.symbolic.compiling.expression_routine import ExpressionRoutine
from mathlib.symbolic.expressions import ops
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, OPS, Op, UnsupportedFunctionError
from mathlib.symbolic.expressions.s_expressions import read_one
from mathlib.symbolic.rewriting import rule_table, rules
from mathlib.symbolic.rewriting.rules import pattern

CONSTANTS = {
    "PI": r"\pi",
    "E": "e",
    "EULER_GAMMA": r"\gamma",
    "CATALAN": "G",
    "INFINITY": r"\infty",
    "NAN": r"\text{NaN}",
}
NAMES = {
    "tgamma": r"\Gamma",
    "lgamma": r"\log\Gamma",
    "digamma": r"\psi",
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
} | {name: rf"\{name}" for name in ("log", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
MEANINGS = {
    "fmax": r"\max(a, b)",
    "fmin": r"\min(a, b)",
    "hypot": r"\sqrt{a^2 + b^2}",
    "exp2": "2^a",
    "expm1": "e^a - 1",
    "log2": r"\log_2 a",
    "log10": r"\log_{10} a",
    "log1p": r"\log(1 + a)",
    "sinpi": r"\sin \pi a",
    "cospi": r"\cos \pi a",
    "atan2": r"\text{angle of the point } (b, a)",
    "erfcx": r"e^{a^2} \operatorname{erfc} a",
    "log_erfc": r"\log \operatorname{erfc} a",
    "log_poch": r"\log(\Gamma(a + b) / \Gamma(a))",
    "log1mexp": r"\log(1 - e^{-a})",
    "logaddexp": r"\log(e^a + e^b)",
    "softplus": r"\log(1 + e^a)",
    "log_cosh": r"\log \cosh a",
    "exprel": "(e^a - 1) / a",
    "cosm1": r"\cos a - 1",
    "langevin": r"\coth a - 1/a",
    "signed_sqrt": r"\operatorname{sign}(a) \sqrt{\lvert a \rvert}",
    "sqdf": r"\sqrt{a^2 - b \lvert b \rvert}",
    "over_expm1": "a / (e^{a b} - 1)",
    "log_iv": r"\log I_a(b)",
    "log_kv": r"\log K_a(b)",
    "iv_ratio": "I_{a+1}(b) / I_a(b)",
    "kv_ratio": "K_{a+1}(b) / K_a(b)",
    "log_iv_dv": r"\partial_a \log I_a(b)",
    "log_kv_dv": r"\partial_a \log K_a(b)",
}
SUM, PRODUCT, ATOM = 1, 2, 3  # how strongly a formula holds together

Formula = tuple[str, int]


def formula(node: tuple) -> Formula:
    """Return LaTeX of a pattern, and how strongly it holds together."""
    op, *rest = node
    if op == "var":
        return str(rest[0]), ATOM
    if op == "num":
        number = rest[0]
        text = f"{number}" if number.denominator == 1 else rf"\tfrac{{{number.numerator}}}{{{number.denominator}}}"
        return text, ATOM if number >= 0 else PRODUCT
    if op in CONSTANTS:
        return CONSTANTS[op], ATOM
    parts = [formula(part) for part in rest]
    (a, strength), (b, other) = parts[0], parts[-1]
    match op:
        case "+" | "-":
            return f"{a} {op} {_held((b, other), PRODUCT)}", SUM
        case "neg":
            return f"-{_held((a, strength), PRODUCT)}", SUM
        case "*" if rest[0] == rest[1]:
            return f"{_held((a, strength), ATOM)}^2", PRODUCT
        case "*":
            return rf"{_held((a, strength), PRODUCT)}\,{_held((b, other), PRODUCT)}", PRODUCT
        case "/":
            return rf"\frac{{{a}}}{{{b}}}", PRODUCT
        case "pow":
            return f"{_held((a, strength), ATOM)}^{{{b}}}", PRODUCT
        case "sqrt":
            return rf"\sqrt{{{a}}}", ATOM
        case "cbrt":
            return rf"\sqrt[3]{{{a}}}", ATOM
        case "exp":
            return f"e^{{{a}}}", PRODUCT
        case "fabs":
            return rf"\lvert {a} \rvert", ATOM
        case "floor" | "ceil":
            return rf"\l{op} {a} \r{op}", ATOM
        case "besseli" | "besselk":
            return rf"{op[-1].upper()}_{{{a}}}({b})", PRODUCT
    name = NAMES.get(op) or rf"\operatorname{{{op.replace('_', chr(92) + '_')}}}"
    return f"{name}({', '.join(text for text, _ in parts)})", PRODUCT


def _held(part: Formula, strength: int) -> str:
    text, own = part
    return text if own >= strength else rf"\left({text}\right)"


def backends(op: Op) -> str:
    """Return on which backends an operation can be computed."""
    graph, names = Graph(), [f"x{k}" for k in range(op.arity)]
    root = graph.add(op.name, *(graph.variable(name) for name in names))
    try:
        ExpressionRoutine(graph, [root], names).check("numba")
    except UnsupportedFunctionError:
        return "numpy"
    return "all"


def sympy_name(op: Op) -> str:
    """Return how an operation is written in SymPy."""
    path, _, name = op.sympy.rpartition(".")
    if path == "mathlib.symbolic":
        return f":class:`~{op.sympy}`"
    return f"``{name if path == 'sympy' else op.sympy.removeprefix('sympy.codegen.')}``" if name else "operator"


def operation_rows() -> Iterator[tuple[str, ...]]:
    """Yield the cells of each operation; conditions are left out."""
    for op in OPS.values():
        if op.name not in CONDITIONS | {"if"}:
            text = MEANINGS.get(op.name) or formula((op.name, *(("var", letter) for letter in "ab"[: op.arity])))[0]
            error = "" if isinf(op.ulp) else f"{op.ulp:g}"
            yield f"``{op.name}``", f":math:`{text}`", sympy_name(op), error, f"{op.cycles:g}", backends(op)


def rule_cells(line: str) -> tuple[str, str]:
    """Return the text of a rule and its formula."""
    for text, arrow in ((" <=> ", r"\leftrightarrow"), (" => ", r"\to")):
        left, found, right = line.partition(text)
        if found:
            sides = [formula(pattern(read_one(side)))[0] for side in (left, right)]
            return f"``{line}``", f":math:`{sides[0]} {arrow} {sides[1]}`"
    raise ValueError(f"no rule: {line!r}")


def table(header: tuple[str, ...], widths: str, kind: str, rows: Iterator[tuple[str, ...]]) -> str:
    """Return reStructuredText of a table."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", f"   :class: {kind}", ""]
    for row in (header, *rows):
        lines += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(row)]
    return "\n".join([*lines, ""])


class OperationTable(SphinxDirective):
    """``.. operation-table::``: a row for each operation."""

    def run(self):
        """Return the table's nodes."""
        self.env.note_dependency(ops.__file__)
        header = ("operation", "meaning", "in SymPy", "ulp", "cycles", "backends")
        return self.parse_text_to_nodes(table(header, "20 24 24 8 10 14", "operations", operation_rows()))


class RuleTable(SphinxDirective):
    """``.. rule-table::``: the rules by subject, each in a box that opens."""

    def run(self):
        """Return the nodes of all tables."""
        self.env.note_dependency(rule_table.__file__)
        text = ""
        for (subject, purpose), found in groupby(rules.lines(), key=lambda line: line[:2]):
            rows = [rule_cells(line) for _, _, line in found]
            inner = table(("rule", "formula"), "50 50", "rules", iter(rows))
            text += f".. dropdown:: {subject[0].upper()}{subject[1:]} ({len(rows)}) – {purpose}\n\n"
            text += "\n".join(f"   {line}".rstrip() for line in inner.splitlines()) + "\n\n"
        return self.parse_text_to_nodes(text)


def setup(app):
    """Register the directives."""
    app.add_directive("operation-table", OperationTable)
    app.add_directive("rule-table", RuleTable)
    return {"parallel_read_safe": True}
