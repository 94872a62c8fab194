"""The lasso against celer, skglm and scikit-learn; its certified gaps on real data, its memory, its first call."""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import sklearn.datasets
from scipy import sparse

from benchmarks.harness import Case, peer
from mathlib.optimize import alpha_max, lasso, lasso_path


def dense_design(n: int = 72, p: int = 7129, factors: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised columns that share a few factors, as gene expressions do, and a response of signs."""
    rng = np.random.default_rng(0)
    common = rng.standard_normal((n, factors))
    X = common @ rng.standard_normal((factors, p)) + 1.5 * rng.standard_normal((n, p))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = np.sign(X[:, :5].sum(axis=1) + common[:, 0])
    return np.asfortranarray(X), y - y.mean()


@cache
def sparse_design(n: int, p: int, density: float = 0.01, features: int = 200) -> tuple[sparse.csc_array, np.ndarray]:
    """Return a sparse matrix of log-normal entries and a noisy response of a few of its columns."""
    rng = np.random.default_rng(0)
    starts = np.zeros(p + 1, np.int32)
    starts[1:] = np.cumsum(rng.poisson(n * density, p).clip(1))
    rows = rng.integers(0, n, starts[-1]).astype(np.int32)
    X = sparse.csc_array((np.exp(0.5 * rng.standard_normal(starts[-1])), rows, starts), shape=(n, p))
    X.sum_duplicates()
    x = np.zeros(p)
    x[rng.choice(p, features, replace=False)] = rng.standard_normal(features)
    y = X @ x
    y += rng.standard_normal(n) * y.std() / 3.0
    return X, y - y.mean()


def relative_gap(X: Any, y: np.ndarray, alpha: float, x: np.ndarray, l1_ratio: float = 1.0) -> float:
    """Return the duality gap over the objective at zero, for any solver's answer."""
    n = len(y)
    r, level, ridge = y - X @ x, alpha * l1_ratio * n, alpha * (1.0 - l1_ratio) * n
    c = X.T @ r - ridge * x
    scale = level / max(level, np.abs(c).max())
    primal = 0.5 * (r @ r + ridge * (x @ x)) + level * np.abs(x).sum()
    dual = scale * (r @ y) - 0.5 * scale**2 * (r @ r + ridge * (x @ x))
    return float((primal - dual) / (0.5 * y @ y))


def quiet(run: Callable[[], Any]) -> Callable[[], Any]:
    """Return the same call without the warnings of the peers."""

    def silent() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run()

    return silent


def solvers(X: Any, y: np.ndarray, alpha: float, tol: float, l1_ratio: float = 1.0) -> dict[str, Callable[[], Any]]:
    """Return the peers that are installed, each as a call that gives the coefficients."""
    X = sparse.csc_matrix(X) if sparse.issparse(X) else X  # celer and skglm want the older type
    found: dict[str, Callable[[], Any]] = {}
    plain: dict[str, Any] = {"alpha": alpha, "fit_intercept": False}
    if l1_ratio < 1.0:
        plain["l1_ratio"] = l1_ratio
    name = "Lasso" if l1_ratio == 1.0 else "ElasticNet"
    for package, options in (
        ("celer", {"tol": tol, "max_iter": 200}),
        ("skglm", {"tol": tol * alpha, "max_iter": 200}),
        ("sklearn.linear_model", {"tol": tol, "max_iter": 100_000}),
    ):
        model = peer(package, name)
        if model is not None:
            found[package.partition(".")[0]] = quiet(lambda m=model, o=options: m(**plain, **o).fit(X, y).coef_)
    return found


def against(
    title: str,
    problem: tuple[Any, np.ndarray],
    divisor: float,
    tol: float,
    goals: dict[str, float],
    l1_ratio: float = 1.0,
    rounds: int = 5,
) -> Iterator[Case]:
    """Yield ours against each of the peers in `goals`; the gaps of both are in the title."""
    X, y = problem
    alpha = alpha_max(X, y, l1_ratio=l1_ratio) / divisor
    ours = partial(lasso, X, y, alpha, tol=tol, l1_ratio=l1_ratio)
    theirs = solvers(X, y, alpha, tol, l1_ratio)
    for name, goal in goals.items():
        reached = relative_gap(X, y, alpha, theirs[name](), l1_ratio) if name in theirs else np.nan
        case = f"{title}, max/{divisor:g}, tol {tol:g} (gaps {ours().dual_gap:.0e}, {reached:.0e})"
        yield Case(case, "mathlib", name, ours, theirs.get(name), 1, goal or None, rounds=rounds)


def cases(large: bool = False) -> Iterator[Case]:
    """Yield the cases of the tables; those with 4e7 non-zeros, which take minutes, if `large`."""
    medium = sparse_design(5000, 50_000)
    yield from against("lasso 5k x 50k", medium, 10, 1e-6, {"celer": 0, "sklearn": 2, "skglm": 0})
    yield from against("lasso 5k x 50k", medium, 10, 1e-10, {"celer": 0, "sklearn": 2})
    yield from against("lasso 5k x 50k", medium, 100, 1e-6, {"celer": 4, "sklearn": 0, "skglm": 0})
    yield from against("lasso 5k x 50k", medium, 100, 1e-10, {"celer": 5, "sklearn": 0})
    yield from against("lasso 5k x 50k", medium, 1000, 1e-6, {"celer": 0}, rounds=1)
    for divisor, goals in ((10, (4, 4)), (100, (5, 12))):
        for tol, goal in zip((1e-6, 1e-10), goals, strict=True):
            yield from against("elastic net 0.5, 5k x 50k", medium, divisor, tol, {"celer": goal}, 0.5, 3)
    yield from dense_cases()
    yield from path_cases(medium)
    if large:
        huge = sparse_design(20_000, 200_000)
        peers = {"celer": 1, "sklearn": 1, "skglm": 1}
        yield from against("lasso 20k x 200k", huge, 10, 1e-6, peers)
        yield from against("lasso 20k x 200k", huge, 10, 1e-10, peers)
        yield from against("lasso 20k x 200k", huge, 100, 1e-6, {"celer": 2})
        yield from against("lasso 20k x 200k", huge, 100, 1e-10, {"celer": 3.5})


def dense_cases() -> Iterator[Case]:
    """Yield few rows and many columns, against least angle regression."""
    X, y = dense_design()
    lars = peer("sklearn.linear_model", "lars_path")
    for divisor, goal in ((10, 5), (100, 5), (1000, 5)):
        alpha = alpha_max(X, y) / divisor
        ours = partial(lasso, X, y, alpha, tol=1e-12)
        theirs = lars and quiet(partial(lars, X, y, method="lasso", alpha_min=alpha, max_iter=100_000))
        case = f"lasso 72 x 7129, max/{divisor} (gap {ours().dual_gap:.0e})"
        yield Case(case, "mathlib", "lars_path", ours, theirs, 1, goal, rounds=5)
    for divisor in (10, 100, 1000):
        yield from against("elastic net 0.9, 72 x 7129", (X, y), divisor, 1e-8, {"celer": 4}, l1_ratio=0.9, rounds=3)


def path_cases(problem: tuple[Any, np.ndarray]) -> Iterator[Case]:
    """Yield paths of 100 penalties."""
    X, y = problem
    alphas = alpha_max(X, y) * np.geomspace(1.0, 0.01, 100)
    theirs = peer("celer", "celer_path")
    for tol in (1e-6, 1e-10):
        ours = partial(lasso_path, X, y, alphas=alphas, tol=tol)
        other = theirs and quiet(partial(theirs, sparse.csc_matrix(X), y, "lasso", alphas=alphas, tol=tol))
        case = f"path of 100 to max/100, 5k x 50k, tol {tol:g} (worst gap {ours().gaps.max():.0e})"
        yield Case(case, "mathlib", "celer_path", ours, other, 1, 1 / 0.3, rounds=2)


FIRST_CALL = """
import time
start = time.process_time()
import numpy as np
from mathlib.optimize import lasso
rng = np.random.default_rng(0)
X = rng.standard_normal((50, 300))
if {sparse}:
    import scipy.sparse
    X = scipy.sparse.csc_array(X * (rng.random(X.shape) < 0.3))
lasso(X, rng.standard_normal(50), 0.01)
print(time.process_time() - start)
"""

MEMORY = """
import threading, time
from benchmarks.bcd_lasso import sparse_design
from mathlib.optimize import alpha_max, lasso

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def watch():
    while not done:
        peaks.append(resident())
        time.sleep(0.002)

def solve(n, p, divisor):
    global done, peaks
    X, y = sparse_design(n, p)
    alpha = alpha_max(X, y) / divisor
    done, peaks, before = False, [0], resident()
    thread = threading.Thread(target=watch)
    thread.start()
    lasso(X, y, alpha, tol=1e-10)
    done = True
    thread.join()
    return (max(peaks) - before) / (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes)

solve(200, 2000, 10)
for divisor in (10, 100):
    print(solve(20_000, 200_000, divisor))
"""


def printed(program: str, **environment: str) -> list[float]:
    """Return the numbers that a program prints in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return [float(line) for line in done.stdout.split()]


def rows(large: bool = False) -> list[dict[str, Any]]:
    """Return what is no ratio: certified gaps on real data, seconds of first calls, and, if `large`, peak memory."""
    found = []
    for name in ("diabetes", "breast_cancer", "digits", "wine", "iris", "linnerud"):
        X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
        X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
        y = np.asarray(y, float).reshape(len(X), -1)[:, 0]
        top = alpha_max(X, y, fit_intercept=True)
        gaps = [lasso(X, y, top / d, fit_intercept=True, tol=1e-12).dual_gap for d in (10.0, 1e3, 1e6)]
        found.append({"what": f"worst gap, {name}, to max/1e6", "value": max(gaps), "goal": 1e-13})
    for kind in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            seconds = [printed(FIRST_CALL.format(sparse=kind), NUMBA_CACHE_DIR=folder)[0] for _ in range(2)]
        name = "sparse" if kind else "dense"
        found.append({"what": f"first call, {name}, cold, seconds with imports", "value": seconds[0], "goal": 4.0})
        found.append({"what": f"first call, {name}, from cache", "value": seconds[1], "goal": 1.0})
    if large:
        for divisor, value in zip((10, 100), printed(MEMORY), strict=True):
            what = f"peak memory beyond X, share of X, 20k x 200k, max/{divisor}"
            found.append({"what": what, "value": value, "goal": 0.15})
    return found
