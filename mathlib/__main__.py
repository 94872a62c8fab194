"""The verified self-report: every room on every backend against an independent reference. ``python -m mathlib``."""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module, metadata, util

from tqdm import tqdm

import mathlib
from mathlib._lib.report import Check, Measured

COLUMNS = "{:<26}{:<6}{:<25}{:>5} {:>7} {:>7} {:>7} {:>7} {}"
HEADER = ("routine", "on", "case", "size", "error", "bound", "seconds", "peer", "")


def rooms() -> Iterator[str]:
    """Names of the rooms that have checks of their own: a subpackage with a file ``_report``."""
    for name in dir(mathlib):
        if util.find_spec(f"mathlib.{name}") is not None and util.find_spec(f"mathlib.{name}._report") is not None:
            yield name


def present(name: str) -> bool:
    """Whether a backend can run here; for 'cupy' a device is needed too."""
    if name == "cupy":
        from mathlib.gpu import is_available

        return is_available()
    return mathlib.backends()[name] is not None


def row(check: Check, backend: str, found: Measured) -> str:
    """One line of the table, and a second one for a note."""
    peer = f"{found.ratio:.2g}x" if found.ratio is not None else ""
    verdict = "ok" if found.ok else "FAIL"
    line = COLUMNS.format(
        check.routine,
        backend,
        check.case,
        found.size,
        f"{found.error:.1e}",
        f"{found.bound:.1e}",
        f"{found.seconds:.2g}",
        peer,
        verdict,
    )
    return f"{line}\n{'':<32}{found.note}" if found.note else line


def main(arguments: list[str] | None = None) -> int:
    """Run the report, or the command ``compile``, and return the exit status: 1 if a row fails."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["compile"]:
        from mathlib.symbolic.command import main as compile_command

        return compile_command(words[1:])
    parser = argparse.ArgumentParser(
        prog="python -m mathlib",
        description="Check every routine of this installation against independent references.",
        epilog='python -m mathlib compile "EXPRESSION": stabilise, compile, verify an expression (compile --help)',
    )
    parser.add_argument("--quick", action="store_true", help="fewer points, under 20 seconds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--only", metavar="ROOM", choices=list(rooms()), help="one room: %(choices)s")
    parser.add_argument("--backend", choices=list(mathlib.backends()), help="one backend")
    chosen = parser.parse_args(words)
    names = [chosen.backend] if chosen.backend else list(mathlib.backends())
    checks = [
        c for name in rooms() if chosen.only in (None, name) for c in import_module(f"mathlib.{name}._report").checks()
    ]
    runs = [(c, name) for c in checks for name in c.backends if name in names and present(name)]
    versions = {name: metadata.version(name) for name in ("numpy", "scipy", "numba", "sympy", "python-flint")}
    if not chosen.json:
        print(
            f"mathlib {mathlib.__version__} with Python {platform.python_version()},\n"
            + ", ".join(f"{n} {v}" for n, v in versions.items())
        )
        for name in names:
            if not present(name):
                print(
                    f"backend {name}: not present on this machine"
                    + (", no row below" if name != "cupy" else " (no CUDA device, or CuPy is not installed)")
                )
        print(
            "error: against exact values (Arb, LAPACK), in the measure of the docs; peer: its time over ours\n\n"
            + COLUMNS.format(*HEADER)
        )
    results = []
    with tqdm(runs, disable=chosen.json or not sys.stderr.isatty(), leave=False) as progress:
        for check, name in progress:
            progress.set_description(f"{check.routine} {check.case}")
            found = check.run(name, chosen.quick)
            results.append(
                {"routine": check.routine, "case": check.case, "backend": name, "ok": found.ok} | asdict(found)
            )
            if not chosen.json:
                progress.write(row(check, name, found))
    failed = sum(not r["ok"] for r in results)
    if chosen.json:
        print(json.dumps({"mathlib": mathlib.__version__, "versions": versions, "rows": results}, indent=1))
    else:
        print(f"\n{len(results)} rows, {'all ok' if not failed else f'{failed} FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
