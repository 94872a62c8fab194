"""``python -m mathlib compile "EXPRESSION"``: the stable form, the source and the measured error of an expression."""

import argparse
import sys

import mathlib
from mathlib.symbolic import compile, parse, stabilize, verify


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return the exit status: 1 if the errors exceed what the arguments' last digits explain."""
    parser = argparse.ArgumentParser(
        prog="python -m mathlib compile",
        description="Stabilise an expression, compile it, and compare the result with the exact values.",
    )
    parser.add_argument("expression", help='for example "log(besseli(nu, x))"')
    parser.add_argument("--backend", choices=list(mathlib.backends()), help="what the source is for (default: numba)")
    parser.add_argument(
        "--domain",
        nargs=3,
        action="append",
        metavar=("NAME", "LOW", "HIGH"),
        default=[],
        help="interval of a variable; else all floats. May be given for each variable",
    )
    parser.add_argument("--points", type=int, default=100_000, help="points of the verification (default 100000)")
    parser.add_argument("--max-ulp", type=float, default=8.0, help="largest error that passes (default 8)")
    parser.add_argument("--as-written", action="store_true", help="compile the expression as it is")
    given = parser.parse_args(arguments)
    try:
        expr = parse(given.expression)
        domain = {name: (float(low), float(high)) for name, low, high in given.domain}
        result = stabilize(expr, domain=domain)
        function = compile(expr if given.as_written else result, result.args, backend=given.backend)
        print(f"{result.report()}\n\n{function.source}")
        if function.backend == "cupy" and not mathlib.gpu.is_available():
            print("not verified: no CUDA device, or CuPy is not installed")
            return 0
        verdict = verify(function, expr, result.args, domain, max_ulp=given.max_ulp, n=given.points, rng=0)
    except (ValueError, TypeError, ImportError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(verdict)
    if not verdict.passed and verdict.excess <= given.max_ulp:
        print("the errors beyond --max-ulp are where the value depends on the last digits of the arguments: see excess")
    return 0 if verdict.passed or verdict.excess <= given.max_ulp else 1
