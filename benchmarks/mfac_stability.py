"""Products with H^-1 for gradients that are unrelated, alike, or of very different lengths, against 60 digits."""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
from scipy.linalg import cho_factor, cho_solve

from benchmarks import mfac_peers
from mathlib.optimize import FisherWindow, empirical_fisher_inverse

M, D = 24, 300
DIGITS = 60
DAMPS = 1e-5, 1e-10
FLOOR = {"float32": 5e-7, "float64": 1e-14}  # of a result in this dtype: no error below it counts
BARS = {
    "solve": "float64, refined",
    "solve_rows": "float64, push-through",
    "append_solve": "float64, push-through",
}
NO_WORSE = 10.0  # times the textbook formula in float64: the error of both depends on how the last digits fall


def families() -> dict[str, np.ndarray]:
    """Return gradients in rows, the newest last."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((M, D))
    near = rng.standard_normal(D) + 1e-3 * rng.standard_normal((M, D))
    return {
        "unrelated": noise,
        "twice each": np.repeat(noise[: M // 2], 2, axis=0),
        "nearly parallel": near,
        "lengths 1..1e-6": noise * np.geomspace(1.0, 1e-6, M)[:, None],
    }


class Exact:
    """The product in 60 digits, by the small matrix S = G G^T + m damp I."""

    def __init__(self, grads: np.ndarray):
        self.rows = [[mpmath.mpf(float(g)) for g in row] for row in grads]
        with mpmath.workdps(DIGITS):
            self.gram = mpmath.matrix([[mpmath.fdot(a, b) for b in self.rows] for a in self.rows])

    def solve(self, x: np.ndarray, damp: float) -> list[Any]:
        """Return H^-1 x."""
        with mpmath.workdps(DIGITS):
            entries = [mpmath.mpf(float(value)) for value in x]
            lam = mpmath.mpf(damp)
            z = mpmath.lu_solve(self.gram + M * lam * mpmath.eye(M), [mpmath.fdot(row, entries) for row in self.rows])
            columns = zip(*self.rows, strict=True)
            return [(e - mpmath.fdot(column, z)) / lam for e, column in zip(entries, columns, strict=True)]


def error(result: Callable[[], Any], truth: list[Any]) -> float | None:
    """Return the relative error of a product in the 2-norm, None for a result that is not finite."""
    try:
        with np.errstate(all="ignore"):
            y = np.asarray(result(), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(y).all():
        return None
    with mpmath.workdps(DIGITS):
        difference = [mpmath.mpf(float(a)) - b for a, b in zip(y, truth, strict=True)]
        return float(mpmath.norm(difference) / mpmath.norm(truth))


def textbook(grads: np.ndarray, x: np.ndarray, damp: float, refinements: int = 0) -> np.ndarray:
    """Return (x - G^T S^-1 G x) / damp in the dtype of the gradients, and refined by the residual H y - x."""
    damp = grads.dtype.type(damp)
    factor = cho_factor(grads @ grads.T + M * damp * np.eye(M, dtype=str(grads.dtype)), lower=True)

    def apply(right: np.ndarray) -> np.ndarray:
        return (right - grads.T @ cho_solve(factor, grads @ right)) / damp

    y = apply(x)
    for _ in range(refinements):
        y = y + apply(x - (damp * y + grads.T @ (grads @ y) / M))
    return y


def pushed_through(grads: np.ndarray, damp: float) -> np.ndarray:
    """Return H^-1 g for the last gradient as m G^T S^-1 e, in the dtype of the gradients."""
    factor = cho_factor(grads @ grads.T + M * damp * np.eye(M), lower=True)
    return M * grads.T @ cho_solve(factor, np.eye(M)[-1])


def window_step(grads: np.ndarray, damp: float) -> np.ndarray:
    """Return H^-1 g for the last gradient, which takes the place of another one in a window."""
    window = FisherWindow(M, D, damp=damp, dtype=str(grads.dtype))
    for gradient in (grads[0] + grads[1], *grads[:-1]):
        window.append(gradient)
    return window.append_solve(grads[-1])


def peers(grads: np.ndarray, x: np.ndarray, damp: float, newest: bool) -> dict[str, Callable[[], Any]]:
    """Return the products by the authors' two classes, for a set of gradients and for a window of them."""
    if "the authors' code" in mfac_peers.absent():
        return {}

    def window() -> Any:
        if not newest:
            return mfac_peers.authors_window(grads, damp).mul(as_tensor(x))
        before = np.concatenate([grads[:1] + grads[1:2], grads[:-1]])
        return mfac_peers.authors_window(before, damp).update_mul(as_tensor(grads[-1]))

    as_tensor = mfac_peers.torch.from_numpy
    return {
        "static": lambda: mfac_peers.authors_static(grads.copy(), damp).mul(as_tensor(x)[None])[0],
        "window": window,
    }


def stability() -> Iterator[dict[str, Any]]:
    """Yield a row for each family, dtype, damping and right-hand side, with the errors of all ways to the product."""
    x64 = np.random.default_rng(2).standard_normal(D)
    for name, rows in families().items():
        for dtype in ("float32", "float64"):
            grads = rows.astype(dtype)
            exact, wide = Exact(grads), grads.astype(np.float64)
            for damp in DAMPS:
                for newest in (True, False):
                    x = grads[-1] if newest else x64.astype(dtype)
                    truth = exact.solve(x, damp)
                    found = peers(grads, x, damp, newest)
                    found["textbook"] = lambda g=grads, x=x, lam=damp: textbook(g, x, lam)
                    found["float64, refined"] = lambda g=wide, x=x, lam=damp: textbook(g, x, lam, 1)
                    fisher = empirical_fisher_inverse(grads, damp=damp)
                    found["solve"] = lambda f=fisher, x=x: f.solve(x)
                    if newest:
                        found["float64, push-through"] = lambda g=wide, lam=damp: pushed_through(g, lam)
                        found["solve_rows"] = lambda f=fisher: f.solve_rows(np.eye(M)[-1])
                        found["append_solve"] = lambda g=grads, lam=damp: window_step(g, lam)
                    errors = {way: error(run, truth) for way, run in found.items()}
                    x_is = "newest" if newest else "random"
                    case = {"gradients": name, "dtype": dtype, "damp": damp, "x": x_is}
                    yield case | errors | {"met": all(met(errors, dtype))}


def met(errors: dict[str, float | None], dtype: str) -> Iterator[bool]:
    """Yield whether each of our ways is finite, and no worse than its formula in float64 or the floor."""
    for way, model in BARS.items():
        if way in errors:
            bar, ours = errors[model], errors[way]
            assert bar is not None
            yield ours is not None and ours <= max(FLOOR[dtype], NO_WORSE * bar)
