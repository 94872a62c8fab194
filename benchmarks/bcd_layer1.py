"""Greedy rules of block coordinate descent, and message passing: rows for the area of coordinate descent."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg, splu

from benchmarks.harness import Case, measure
from mathlib.optimize import ForestFactor, LeastSquares, minimize_bcd, tree_preconditioner

RULES = ("random", "cyclic", "lipschitz", "gs", "gsd", "gsl", "gsq")
NODES = 1_000_000


def badly_scaled(n: int = 400, p: int = 2000) -> tuple[Any, np.ndarray]:
    """Return sparse data with badly scaled columns, and observations: recipe A of Nutini et al., smaller."""
    rng = np.random.default_rng(1)
    X = (rng.standard_normal((n, p)) + 1) * (10 * rng.standard_normal(p)) * (rng.random((n, p)) < 10 * np.log(n) / n)
    truth = rng.standard_normal(p) * (rng.random(p) < 0.1)
    return sparse.csc_array(X), X @ truth + rng.standard_normal(n)


def rule_table(iterations: int = 300) -> list[dict[str, Any]]:
    """Return what is left of the objective after some updates, by block size, partition, update and rule."""
    X, y = badly_scaled()
    problem = LeastSquares(X, y)
    least = problem.value(np.linalg.lstsq(X.toarray(), y)[0])
    start = problem.value(np.zeros(problem.size))
    rows = []
    for size, partition, update in [
        (5, "sort", "gradient"),
        (5, "sort", "matrix"),
        (5, "variable", "gradient"),
        (5, "variable", "matrix"),
        (50, "sort", "matrix"),
        (50, "variable", "matrix"),
    ]:
        left = {}
        for rule in RULES:
            options = {"partition": partition, "selection": rule, "update": update, "max_iter": iterations}
            fit = minimize_bcd(problem, block_size=size, tol=0.0, rng=0, **options)
            left[rule] = max(0.0, (fit.fun - least) / (start - least))
        # GSQ is the best rule for the matrix update; with gradient steps it is beside GSL
        chain = ("gsq", "gsl", "gsd", "gs", "random")[update == "gradient" :]
        ordered = all(left[a] <= left[b] for a, b in pairwise(chain)) and left["gsq"] <= left["gsd"]
        rows.append({"block_size": size, "partition": partition, "update": update, "left": left, "ordered": ordered})
    return rows


def tree(kind: str, n: int = NODES, *, shuffled: bool = False) -> Any:
    """Return a positive definite matrix whose graph is a path, or a tree in which each node chose one before it."""
    rng = np.random.default_rng(0)
    child = np.arange(1, n)
    parent = child - 1 if kind == "path" else (rng.random(n - 1) * child).astype(np.intp)
    names = rng.permutation(n) if shuffled else np.arange(n)
    W = sparse.csr_array((rng.random(n - 1) + 0.1, (names[child], names[parent])), shape=(n, n))
    W = W + W.T
    return sparse.csr_array(sparse.diags_array(W.sum(axis=1) + 0.01) - W)


def cases() -> Iterator[Case]:
    """Yield what is timed: per node of a tree of a million nodes, and to the solution on a grid."""
    options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    for kind, shuffled in (("path", False), ("random", False), ("path", True), ("random", True)):
        A = tree(kind, shuffled=shuffled)
        b = np.random.default_rng(2).standard_normal(NODES)
        name = f"{kind} tree, 1e6 nodes{', shuffled' if shuffled else ''}"
        factor, lu = ForestFactor(A), splu(A.tocsc(), **options)
        solve, peer_solve = partial(factor.solve, b), partial(lu.solve, b)
        yield Case(f"{name}: solve", "ForestFactor", "splu", solve, peer_solve, NODES, rounds=5)
        build = partial(ForestFactor, A)
        yield Case(
            f"{name}: factor", "ForestFactor", "splu", build, partial(splu, A.tocsc(), **options), NODES, rounds=3
        )
    chain = ForestFactor(
        sparse.diags_array([-np.ones(NODES - 1), 4 * np.ones(NODES), -np.ones(NODES - 1)], offsets=[-1, 0, 1])
    )
    first = np.zeros(NODES)
    first[0] = 1.0
    dense = np.random.default_rng(3).standard_normal(NODES)
    yield Case(
        "path, first unit vector against dense right-hand side", "first", "dense",
        partial(chain.solve, first), partial(chain.solve, dense), NODES, goal=0.5, rounds=5,
    )  # fmt: skip
    for spread in (1, 4):
        A, b = grid(300, spread)
        tree_cg = partial(_solve, A, b, tree_preconditioner)
        yield Case(
            f"grid 300 x 300, weights over {spread} decades: conjugate gradients", "tree", "Jacobi",
            tree_cg, partial(_solve, A, b, _jacobi), rounds=3,
        )  # fmt: skip


def grid(side: int, spread: float) -> tuple[Any, np.ndarray]:
    """Return the system of a grid with random weights over some powers of ten, one node in a hundred labelled."""
    rng = np.random.default_rng(4)
    node = np.arange(side * side).reshape(side, side)
    ends = np.concatenate([[node[:, 1:].ravel(), node[:, :-1].ravel()], [node[1:].ravel(), node[:-1].ravel()]], axis=1)
    W = sparse.csr_array((10 ** rng.uniform(-spread, 0, ends.shape[1]), tuple(ends)), shape=(side**2, side**2))
    W = W + W.T
    labelled = rng.random(side**2) < 0.01
    return sparse.csr_array(sparse.diags_array(W.sum(axis=1) + labelled) - W), labelled * rng.choice(
        [-1.0, 1.0], side**2
    )


def _jacobi(A: Any) -> Any:
    return sparse.diags_array(1 / A.diagonal())


def _solve(A: Any, b: np.ndarray, preconditioner: Any) -> np.ndarray:
    x, info = cg(A, b, M=preconditioner(A), rtol=1e-8)
    assert info == 0
    return x


def rows(rounds: int = 5) -> list[dict[str, Any]]:
    """Return the measured rows."""
    return [measure(case, rounds) for case in cases()]
