"""How the functions of this package are printed: calls in generated code, formulas in LaTeX."""

from typing import ClassVar

from sympy import Expr
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.latex import LatexPrinter
from sympy.printing.pycode import SymPyPrinter


class Printable:
    """
    Printing methods of a SymPy function of an order and an argument.

    The code printers behind ``sympy.lambdify`` look for these methods on the expression. In code for NumPy, SciPy,
    CuPy and plain Python the function is a call of `mathlib.special`, in code for mpmath one of
    `mathlib.symbolic.multiprecision`.
    """

    _special: ClassVar[str]  # the function's name in mathlib.special
    _multiprecision: ClassVar[str]  # and in mathlib.symbolic.multiprecision
    _formula: ClassVar[str]  # LaTeX with the fields nu, x and next (the order plus one)

    def _numpycode(self, printer: CodePrinter) -> str:
        return _call(self, printer, f"mathlib.special.{self._special}")

    _cupycode = _numpycode
    _lambdacode = _numpycode

    def _pythoncode(self, printer: CodePrinter) -> str:
        if isinstance(printer, SymPyPrinter):  # lambdify(..., modules="sympy"), where the class itself is called
            return str(printer._print_Function(self))
        return self._numpycode(printer)

    def _mpmathcode(self, printer: CodePrinter) -> str:
        return _call(self, printer, f"mathlib.symbolic.multiprecision.{self._multiprecision}")

    def _latex(self, printer: LatexPrinter, exp: str | None = None) -> str:
        nu, x = self.args  # type: ignore[attr-defined]
        fields = {"nu": nu, "x": x, "next": nu + 1}
        formula = self._formula.format(**{name: printer._print(field) for name, field in fields.items()})
        return formula if exp is None else rf"\left({formula}\right)^{{{exp}}}"


def _call(expr: Expr, printer: CodePrinter, function: str) -> str:
    """Print a call of a function given by its dotted name, and have the printer import it."""
    if type(expr).__name__ in printer.known_functions:  # lambdify(..., modules=[{"LogBesselI": ...}, ...])
        return str(printer._print_Function(expr))
    arguments = ", ".join(printer._print(argument) for argument in expr.args)
    return f"{printer._module_format(function)}({arguments})"
