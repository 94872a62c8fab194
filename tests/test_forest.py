"""Message passing on forests against dense solves and SuperLU; graphs cut into forests; labels spread over graphs."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import cg, splu

from mathlib.optimize import ForestFactor, forest_partition, forest_solve, label_propagation, tree_preconditioner

BACKENDS = ("numba", "numpy")


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba", reason="the compiled backend needs numba")
    return request.param


def weights(child, parent, n, rng):
    W = sparse.csr_array((rng.random(len(child)) + 0.1, (child, parent)), shape=(n, n))
    return W + W.T


def tree(n, kind="random", seed=0, *, trees=1):
    """Return a positive definite matrix of a forest with nodes numbered at random; entries have both signs."""
    rng = np.random.default_rng(seed)
    child = np.arange(trees, n)
    parent = {
        "random": (rng.random(n - trees) * child).astype(int),
        "path": child - trees,
        "star": 0 * child,
        "isolated": child,
    }[kind]
    names = rng.permutation(n)
    if kind == "isolated":
        return sparse.csr_array(sparse.diags_array(rng.random(n) + 0.5))
    W = weights(names[child], names[parent], n, rng)
    signs = rng.choice([-1.0, 1.0], n)
    D = sparse.diags_array(W.sum(axis=1) + 0.1 * rng.random(n) + 0.01)
    return sparse.csr_array(D - sparse.diags_array(signs) @ W @ sparse.diags_array(signs))


def grid(side, decades=0.0, seed=0):
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    ends = np.concatenate([[node[:, 1:].ravel(), node[:, :-1].ravel()], [node[1:].ravel(), node[:-1].ravel()]], axis=1)
    W = sparse.csr_array((10 ** rng.uniform(-decades, 0, ends.shape[1]), tuple(ends)), shape=(side**2, side**2))
    return W + W.T


# --- solving ----------------------------------------------------------------------------------------------------


@given(n=st.integers(1, 40), trees=st.integers(1, 5), seed=st.integers(0, 10**6), columns=st.integers(0, 3))
@settings(max_examples=60)
@pytest.mark.parametrize("name", BACKENDS)
def test_equals_dense_solution(name, n, trees, seed, columns):
    A = tree(n, seed=seed, trees=min(trees, n))
    b = np.random.default_rng(seed).standard_normal((n, columns) if columns else n)
    x = forest_solve(A, b, backend=name)
    expected = np.linalg.solve(A.toarray(), b)
    assert x.shape == b.shape
    assert np.abs(x - expected).max(initial=0) <= 1e-12 * np.abs(expected).max(initial=0)


@pytest.mark.parametrize(
    ("kind", "n"), [("random", 1_000_000), ("path", 1_000_000), ("star", 100_000), ("isolated", 100_000)]
)
def test_a_million_nodes(kind, n):
    pytest.importorskip("numba", reason="the compiled backend needs numba")
    A = tree(n, kind, trees=3)
    b = np.random.default_rng(1).standard_normal(n)
    x = forest_solve(A, b)
    residual = np.abs(b - A @ x) / (abs(A) @ np.abs(x) + np.abs(b))
    assert residual.max() <= 1e-14  # componentwise backward error: that of a neighbouring matrix


def test_equals_superlu():
    n = 50_000
    A, b = tree(n, trees=10), np.random.default_rng(1).standard_normal(n)
    lu = splu(A.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    x = lu.solve(b)
    assert np.abs(forest_solve(A, b) - x).max() <= 1e-13 * np.abs(x).max()


@pytest.mark.parametrize("kind", ["random", "path", "star", "isolated"])
def test_kinds_equal_dense_solution(kind, backend):
    A = tree(300, kind, trees=4)
    b = np.random.default_rng(1).standard_normal((300, 2))
    factor = ForestFactor(A, backend=backend)
    expected = np.linalg.solve(A.toarray(), b)
    for right, exact in ((b, expected), (b[:, 0], expected[:, 0]), (np.asfortranarray(b), expected)):
        assert np.abs(factor.solve(right) - exact).max() <= 1e-13 * np.abs(exact).max()


def test_decaying_chain_has_no_subnormal_numbers(backend):
    n = 3000
    side = -np.ones(n - 1)
    A = sparse.diags_array([side, 4 * np.ones(n), side], offsets=[-1, 0, 1])
    x = forest_solve(A, np.eye(1, n)[0], backend=backend)
    ratio = 2 - np.sqrt(3)  # x_k = ratio^(k + 1) on the endless chain
    assert np.allclose(x[:200], ratio ** np.arange(1, 201), rtol=1e-13)
    assert x[500] == pytest.approx(ratio**501, rel=1e-12)
    assert not ((x != 0) & (np.abs(x) < np.finfo(float).tiny)).any()
    assert (x[-1000:] == 0).all()


def test_entries_of_all_scales(backend):
    """Scaling rows and columns by powers of two scales the solution exactly."""
    A = tree(50)
    scale = 2.0 ** np.random.default_rng(0).integers(-200, 200, 50)
    S = sparse.diags_array(scale)
    b = np.random.default_rng(1).standard_normal(50)
    plain = forest_solve(A, b, backend=backend)
    assert (forest_solve(S @ A @ S, scale * b, backend=backend) * scale == plain).all()


def test_sparse_formats_stored_zeros_and_duplicates(backend):
    A = tree(30)
    b = np.arange(30.0)
    x = forest_solve(A, b, backend=backend)
    coo = A.tocoo()
    half = np.concatenate([coo.data / 2, coo.data / 2, np.zeros(3)])
    row, column = (np.concatenate([k, k, extra]) for k, extra in zip(coo.coords, ([0, 1, 2], [1, 2, 0]), strict=True))
    doubled = sparse.coo_array((half, (row, column)), shape=A.shape)
    for same in (A.tocsc(), coo, doubled, sparse.csr_matrix(A), A.astype(np.float32).astype(np.float64)):
        assert np.allclose(forest_solve(same, b, backend=backend), x, rtol=1e-5)
    whole = sparse.csr_array(np.array([[2, -1], [-1, 2]]))
    assert np.allclose(forest_solve(whole, [1, 1], backend=backend), 1)
    before = A.data.copy(), A.indices.copy(), b.copy()
    assert all((k == now).all() for k, now in zip(before, (A.data, A.indices, b), strict=True))
    assert forest_solve(sparse.csr_array((0, 0)), np.empty(0), backend=backend).shape == (0,)
    with pytest.raises(ValueError, match="positive definite, got the pivot 0 at node"):
        forest_solve(sparse.csr_array((3, 3)), np.ones(3), backend=backend)


@pytest.mark.parametrize("sizes", [(3,), (7, 2), (4, 4)])
def test_a_cycle_is_refused_with_one_of_its_edges(backend, sizes):
    """A cycle with tails; removing the named edge leaves a forest."""
    rng = np.random.default_rng(sum(sizes))
    edges, n = [], 0
    for size in sizes[:1]:
        edges += [(k, (k + 1) % size) for k in range(size)]
        n += size
    edges += [(k, rng.integers(k)) for k in range(n, 30)]
    child, parent = rng.permutation(30)[np.array(edges).T]
    W = weights(child, parent, 30, rng)
    A = sparse.csr_array(sparse.diags_array(W.sum(axis=1) + 1) - W)
    with pytest.raises(ValueError, match="forest_partition") as caught:
        forest_solve(A, np.ones(30), backend=backend)
    u, v = map(int, re.search(r"edge \((\d+), (\d+)\)", str(caught.value)).groups())
    dense = A.toarray()
    assert dense[u, v] != 0
    dense[u, v] = dense[v, u] = 0
    assert forest_solve(sparse.csr_array(dense), np.ones(30), backend=backend).shape == (30,)


def test_matrices_without_symmetry_are_refused(backend):
    """Any single entry changed, removed or added: the compiled search for leaves must neither crash nor believe it."""
    rng = np.random.default_rng(0)
    for seed in range(60):
        A = tree(12, seed=seed).toarray()
        i, j = rng.choice(12, 2, replace=False)
        A[i, j] = (0.0, 0.5, A[i, j] * (1 + 1e-15) + 1e-3)[seed % 3] if A[i, j] else -0.2
        if (A == A.T).all():
            continue
        with pytest.raises(ValueError, match=r"A must be symmetric, got A\[\d+, \d+\]"):
            ForestFactor(sparse.csr_array(A), backend=backend)
    upper = sparse.diags_array([3 * np.ones(9), -np.ones(8)], offsets=[0, 1])
    one_way = np.array([[3.0, 0, -1, -1], [-1, 3, 0, 0], [-1, 0, 3, 0], [-1, 0, 0, 3]])  # all its entries fit a tree
    for matrix in (upper, sparse.csr_array(one_way)):
        with pytest.raises(ValueError, match="symmetric"):
            ForestFactor(matrix, backend=backend)


def test_search_for_leaves_stays_within_its_arrays():
    """As plain Python, where an index beyond an array raises; compiled it would write there."""
    pytest.importorskip("numba", reason="the compiled backend needs numba")
    from mathlib.optimize.forest.kernels.ordering import peel

    rng = np.random.default_rng(0)
    for _ in range(2000):
        n = int(rng.integers(2, 8))
        A = sparse.csr_array(np.where(rng.random((n, n)) < rng.uniform(0.1, 0.6), 1.0, 0.0))
        order, leaves = peel.py_func(A.indptr, A.indices, A.data.view(np.int64), np.empty((n, 4), np.int64))
        assert leaves <= order.size <= n


def refused(kind, text, function, *arguments, **options):
    with pytest.raises(kind, match=re.escape(text)):
        function(*arguments, **options)


def test_other_refusals(backend):
    A = tree(5)
    b = np.ones(5)
    laplacian = sparse.csr_array([[1.0, -1.0], [-1.0, 1.0]])
    refused(TypeError, "use scipy.sparse.csr_array", forest_solve, A.toarray(), b, backend=backend)
    refused(TypeError, "convert it to float64", forest_solve, A * 1j, b, backend=backend)
    refused(ValueError, "A must be square, got shape (2, 3)", forest_solve, sparse.csr_array((2, 3)), b)
    refused(ValueError, "A[1, 1] = nan", forest_solve, sparse.diags_array([1, np.nan]), [1, 1], backend=backend)
    refused(ValueError, "b must have shape (5,)", forest_solve, A, np.ones(4), backend=backend)
    refused(ValueError, "b[0] = inf", forest_solve, A, np.full(5, np.inf), backend=backend)
    refused(ValueError, "positive definite, got the pivot 0", forest_solve, laplacian, [1, 1], backend=backend)
    refused(ValueError, "positive definite", forest_solve, -A, b, backend=backend)
    refused(ValueError, "backend is 'fortran'", forest_solve, A, b, backend="fortran")


# --- partitions -------------------------------------------------------------------------------------------------


def is_forest(W, nodes):
    part = W[nodes][:, nodes]
    return part.nnz // 2 == nodes.size - csgraph.connected_components(part, directed=False)[0]


@given(n=st.integers(1, 30), density=st.floats(0, 1), seed=st.integers(0, 10**6), scored=st.booleans())
@settings(max_examples=40)
@pytest.mark.parametrize("name", BACKENDS)
def test_partitions_are_forests_and_greedy(name, n, density, seed, scored):
    rng = np.random.default_rng(seed)
    dense = np.triu(rng.random((n, n)) < density, 1)
    W = sparse.csr_array((dense + dense.T).astype(float))
    score = rng.integers(0, 4, n) if scored else None
    parts = forest_partition(W, score, backend=name)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    assert all(is_forest(W, nodes) for nodes in parts)
    chosen = []  # the first forest: each node in turn that closes no cycle
    for u in np.arange(n) if score is None else np.argsort(-score, kind="stable"):
        if is_forest(W, np.array([*chosen, u])):
            chosen.append(int(u))
    assert parts[0].tolist() == sorted(chosen)


def test_partition_of_a_grid():
    W = grid(60)
    parts = forest_partition(W)
    assert len(parts) == 2
    assert parts[0].size > 0.6 * 3600
    assert forest_partition(sparse.csr_array((0, 0))) == []
    refused(ValueError, "score must have one entry for each of the 3600", forest_partition, W, np.ones(3))
    refused(ValueError, "A must be symmetric", forest_partition, sparse.csr_array([[0.0, 1.0], [0.0, 0.0]]))
    refused(TypeError, "csr_array", forest_partition, np.eye(3))


# --- preconditioner ---------------------------------------------------------------------------------------------


def steps(A, b, M):
    count = []
    x, info = cg(A, b, M=M, rtol=1e-9, maxiter=3000, callback=count.append)
    assert info == 0
    assert np.linalg.norm(b - A @ x) <= 2e-9 * np.linalg.norm(b)
    return len(count)


def test_preconditioner_is_the_inverse_of_the_strongest_tree(backend):
    """Against brute force: of all spanning trees of a small graph, the one with the largest sum of weights."""
    rng = np.random.default_rng(0)
    dense = np.triu(rng.random((6, 6)), 1)
    dense += dense.T
    A = np.diag(dense.sum(axis=1) + 0.1) - dense
    best = csgraph.minimum_spanning_tree(np.where(dense > 0, 10 - dense, 0)).toarray() > 0
    M = np.diag(np.diag(A)) - np.where(best | best.T, dense, 0)
    operator = tree_preconditioner(sparse.csr_array(A), backend=backend)
    assert np.allclose(operator @ np.eye(6), np.linalg.inv(M), rtol=1e-8)
    assert np.allclose(operator.H @ np.eye(6), np.linalg.inv(M), rtol=1e-8)


def test_preconditioner_saves_iterations():
    b = np.random.default_rng(0).standard_normal(1600)
    for decades, ratio in ((1, 1.5), (4, 3)):
        W = grid(40, decades)
        A = sparse.csr_array(sparse.diags_array(W.sum(axis=1) + 1e-3) - W)
        jacobi = sparse.diags_array(1 / A.diagonal())
        assert ratio * steps(A, b, tree_preconditioner(A)) <= steps(A, b, jacobi)
    A = tree(500)
    assert steps(A, np.ones(500), tree_preconditioner(A)) <= 2
    refused(ValueError, "use another preconditioner", tree_preconditioner, sparse.csr_array(np.ones((3, 3))))
    refused(ValueError, "A must be symmetric", tree_preconditioner, sparse.csr_array(np.triu(np.ones((3, 3)))))


# --- labels -----------------------------------------------------------------------------------------------------


def harmonic(W, labels, fidelity=None):
    """Return the scores by a dense solve."""
    W, labels = W.toarray(), np.asarray(labels)
    known = labels >= 0
    Y = np.where(known[:, None], labels[:, None] == np.unique(labels[known]), 0.0)
    L = np.diag(W.sum(axis=1)) - W
    if fidelity is not None:
        return np.linalg.solve(L + fidelity * np.diag(known), fidelity * Y)
    scores = Y.copy()
    scores[~known] = np.linalg.solve(L[np.ix_(~known, ~known)], W[np.ix_(~known, known)] @ Y[known])
    return scores


@pytest.mark.parametrize("preconditioner", ["tree", "jacobi", None])
@pytest.mark.parametrize("fidelity", [None, 0.5])
@pytest.mark.parametrize("decades", [0, 3])
def test_labels_equal_the_dense_solution(preconditioner, fidelity, decades, backend):
    W = grid(15, decades)
    labels = np.full(225, -1)
    labels[[3, 50, 100, 150, 224]] = [4, 9, 4, 2, 9]
    options = {"preconditioner": preconditioner, "fidelity": fidelity, "tol": 1e-12, "backend": backend}
    found = label_propagation(W, labels, **options)
    scores = harmonic(W, labels, fidelity)
    assert found.success
    assert found.residual <= 1e-12
    assert found.classes.tolist() == [2, 4, 9]
    assert np.abs(found.scores - scores).max() <= 1e-8
    clear = np.sort(scores, axis=1)[:, -1] - np.sort(scores, axis=1)[:, -2] > 1e-6
    assert (found.labels == found.classes[scores.argmax(axis=1)])[clear].all()
    if fidelity is None:
        assert (found.labels[labels >= 0] == labels[labels >= 0]).all()


def test_labels_of_forests_and_of_unreachable_nodes():
    path = sparse.diags_array([np.ones(6), np.ones(6)], offsets=[-1, 1]).tocsr()
    W = sparse.block_diag([path, path, sparse.csr_array((1, 1))], format="csr")
    labels = np.full(15, -1)
    labels[[0, 6]] = [0, 1]
    found = label_propagation(W, labels)
    assert found.nit == 1
    assert np.allclose(found.scores[:7, 1], np.arange(7) / 6)
    assert (found.labels[7:] == -1).all()
    assert (found.scores[7:] == 0).all()
    assert label_propagation(W, np.where(labels == 0, 3, -1)).labels[:7].tolist() == [3] * 7
    all_known = label_propagation(path, np.arange(7))
    assert all_known.labels.tolist() == list(range(7))
    assert (all_known.success, all_known.nit) == (True, 0)
    assert label_propagation(path + sparse.eye_array(7), labels[:7]).scores[3, 1] == pytest.approx(0.5)  # loops


def test_labels_that_do_not_converge_say_so():
    labels = np.full(900, -1)
    labels[[0, 899]] = [0, 1]
    found = label_propagation(grid(30), labels, max_iter=3)
    assert (found.success, found.status, found.nit) == (False, 1, 3)
    assert "above tol" in found.message


def test_refusals_of_label_propagation():
    W, labels = grid(3), np.array([0, 1] + 7 * [-1])
    refused(TypeError, "csr_array", label_propagation, W.toarray(), labels)
    refused(ValueError, "W must hold weights >= 0, got W[0, 1] = -1", label_propagation, -W, labels)
    refused(ValueError, "W must be symmetric", label_propagation, sparse.triu(W), labels)
    refused(ValueError, "labels must have shape (9,)", label_propagation, W, labels[1:])
    refused(ValueError, "labels[0] = -2", label_propagation, W, labels - 2)
    refused(ValueError, "got -1 for all", label_propagation, W, np.full(9, -1))
    refused(TypeError, "number the classes", label_propagation, W, labels + 0.5)
    refused(ValueError, "preconditioner must be one of", label_propagation, W, labels, preconditioner="ilu")
    refused(ValueError, "fidelity must be finite", label_propagation, W, labels, fidelity=-1.0)
