"""Derive tables_stable.py with Arb: ``python -m mathlib.special.kernels.make_tables_stable [--check]``."""

from flint import arb

from mathlib._lib.make_tables_elementary import interpolate, write


def langevin(w: arb) -> arb:
    """(coth x - 1/x) / x with w = x**2."""
    x = w.sqrt()
    return (x.coth() - 1 / x) / x


def log_erfc(x: arb) -> arb:
    return x.erfc().log() / x


def erfcx(t: arb) -> arb:
    """(1 + 2 x) exp(x**2) erfc(x) with t = (x - 3) / (x + 3)."""
    x = 3 * (1 + t) / (1 - t)
    return (1 + 2 * x) * (x * x).exp() * x.erfc()


def stirling(w: arb) -> arb:
    """z (log Gamma(z) - (z - 1/2) log z + z - log(2 pi) / 2) with w = 1 / z**2."""
    z = 1 / w.sqrt()
    return z * (z.lgamma() - (z - 0.5) * z.log() + z - (2 * arb.pi()).log() / 2)


def main() -> None:
    write(
        __file__,
        {
            "LANGEVIN": interpolate(langevin, 0.0, 4.0, 16),
            "LOG_ERFC": interpolate(log_erfc, -0.5, 0.5, 16),
            "ERFCX": interpolate(erfcx, -5 / 7, 1.0, 22),
            "STIRLING": interpolate(stirling, 0.0, 1 / 16, 9),
        },
    )


if __name__ == "__main__":
    main()
