"""How the certified solvers end, and the warning of those that end above their tolerance."""

import warnings

__all__ = ["CONVERGED", "ITERATION_LIMIT", "PRECISION_FLOOR", "PRECISION_LIMIT", "ConvergenceWarning", "outcome"]

CONVERGED, ITERATION_LIMIT, PRECISION_LIMIT = 0, 1, 2  # the field `status`
PRECISION_FLOOR = 100 * 2.0**-52  # a relative gap that rounding alone explains: a success whatever the tolerance


class ConvergenceWarning(UserWarning):
    """
    The result of a solver is above the tolerance that was asked for; the text gives both.

    Examples
    --------
    >>> import warnings
    >>> from mathlib.optimize import ConvergenceWarning
    >>> warnings.simplefilter("error", ConvergenceWarning)  # to stop instead
    """


def outcome(name: str, gap: float, tol: float, status: int, quantity: str = "relative duality gap") -> tuple[bool, str]:
    """Return `success` and `message` of a result, and warn the caller's caller where the gap is above the tolerance."""
    if gap <= tol:
        return True, f"converged: {quantity} {gap:.1e} <= tol {tol:.1e}"
    if gap <= PRECISION_FLOOR:
        return True, f"precision limit: {quantity} {gap:.1e} is rounding, tol {tol:.1e} is beyond double precision"
    why = {
        ITERATION_LIMIT: "iteration limit; raise max_iter",
        PRECISION_LIMIT: "precision limit: no further decrease in double precision",
    }[status]
    message = f"{quantity} {gap:.1e} > tol {tol:.1e} ({why})"
    warnings.warn(f"{name} did not converge: {message}", ConvergenceWarning, stacklevel=3)
    return False, message
