"""The command ``python -m benchmarks [area ...]``."""

import argparse
import os
from importlib import import_module

AREAS = {
    "special": "Bessel functions against SciPy",
    "stats": "von Mises-Fisher against SciPy and NumPy",
    "symbolic": "compiled, stabilised and verified expressions against every peer that is installed",
    "mfac": "inverse Fisher matrices against the authors' code and SparseML",
    "bcd": "sparse regression, block descent and message passing against celer, skglm, scikit-learn and SciPy",
    "startup": "import, first call, cost of a small call",
    "accuracy": "errors on many random points; minutes, so only when named",
}


def main() -> None:
    """Run the areas that the command line names."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure, print tables and write benchmarks/results/AREA.json.",
        epilog="; ".join(f"{name}: {what}" for name, what in AREAS.items()),
    )
    parser.add_argument("area", nargs="*", help=f"{', '.join(AREAS)}; by default all but accuracy")
    parser.add_argument("--rounds", type=int, default=15, help="how often ours and the peer take turns (default 15)")
    parser.add_argument("--avx2", action="store_true", help="special: as on a processor with AVX2 but not AVX-512")
    parser.add_argument("--large", action="store_true", help="bcd: also matrices with 4e7 non-zeros, some minutes")
    parser.add_argument("--points", type=int, default=1_000_000, help="accuracy: random points (default 1000000)")
    parser.add_argument("--check", type=int, default=20_000, help="accuracy: of these checked by Arb (default 20000)")
    options = parser.parse_args()
    unknown = set(options.area) - set(AREAS)
    if unknown:
        parser.error(f"no area {', '.join(sorted(unknown))}: choose from {', '.join(AREAS)}")
    for library in ("OMP", "OPENBLAS", "MKL"):  # one thread each, before NumPy is loaded
        os.environ[f"{library}_NUM_THREADS"] = "1"
    for area in options.area or [name for name in AREAS if name != "accuracy"]:
        import_module(f"benchmarks.{area}").main(options)


if __name__ == "__main__":
    main()
