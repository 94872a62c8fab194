"""How the functions of this package are printed: calls in generated code, formulas in LaTeX."""

from typing import ClassVar

from sympy import Expr
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.latex import LatexPrinter
from sympy.printing.pycode import SymPyPrinter


class Printable:
    """
    Printing methods of a SymPy function.

    The code printers behind ``sympy.lambdify`` look for these methods on the expression. In code for NumPy, SciPy,
    CuPy and plain Python the function is a call of a routine over arrays, in code for mpmath one of
    `mathlib.symbolic.functions.multiprecision`.
    """

    _routine: ClassVar[str]  # dotted name of the function over arrays
    _multiprecision: ClassVar[str]  # name in mathlib.symbolic.functions.multiprecision
    _formula: ClassVar[str]  # LaTeX with a field for each of _formula_fields

    def _numpycode(self, printer: CodePrinter) -> str:
        return _call(self, printer, self._routine)

    _lambdacode = _numpycode

    def _cupycode(self, printer: CodePrinter) -> str:
        # NumPy's own functions have namesakes in CuPy; those of mathlib take arrays of both.
        return _call(self, printer, self._routine.replace("numpy.", "cupy."))

    def _pythoncode(self, printer: CodePrinter) -> str:
        if isinstance(printer, SymPyPrinter):  # lambdify(..., modules="sympy"), where the class itself is called
            return str(printer._print_Function(self))
        return self._numpycode(printer)

    def _mpmathcode(self, printer: CodePrinter) -> str:
        return _call(self, printer, f"mathlib.symbolic.functions.multiprecision.{self._multiprecision}")

    def _latex(self, printer: LatexPrinter, exp: str | None = None) -> str:
        formula = self._formula.format(*map(printer._print, self._formula_fields()))
        return formula if exp is None else rf"\left({formula}\right)^{{{exp}}}"

    def _formula_fields(self) -> tuple[Expr, ...]:
        return self.args  # type: ignore[attr-defined, no-any-return]


def _call(expr: Expr, printer: CodePrinter, function: str) -> str:
    """Print a call of a function given by its dotted name, and have the printer import it."""
    if type(expr).__name__ in printer._settings["user_functions"]:  # lambdify(..., modules=[{"LogBesselI": ...}, ...])
        return str(printer._print_Function(expr))
    arguments = ", ".join(printer._print(argument) for argument in expr.args)
    if printer._settings["fully_qualified_modules"]:
        return f"{printer._module_format(function)}({arguments})"
    # Within lambdify a short name could be taken, cosm1 by SciPy or cbrt by mpmath: theirs would be called.
    module, _, name = function.rpartition(".")
    alias = function.replace(".", "_")
    printer.module_imports[module].add(f"{name} as {alias}")
    return f"{alias}({arguments})"
