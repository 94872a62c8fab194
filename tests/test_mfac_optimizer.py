"""The optimiser against dense formulas, and on problems with known minima."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mathlib.optimize import MFAC

DAMP, LR = 0.05, 0.3


def dense_steps(x, gradients, window, momentum=0.0, decay=0.0, lr=LR):
    """The parameters after steps by the formulas with the dense H of the gradients in the window."""
    x, held, velocity = x.copy(), [], 0.0
    for g in gradients:
        g = g + decay * x
        held = [*held, g][-window:]
        h = DAMP * np.eye(len(x)) + np.mean([np.outer(v, v) for v in held], axis=0)
        velocity = momentum * velocity + np.linalg.solve(h, g)
        x = x - lr * velocity
    return x


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.5, 0.1)])
def test_steps_against_dense(target, momentum, decay):
    if target.name == "read_only":
        pytest.skip("read-only parameters cannot be updated")
    rng = np.random.default_rng(0)
    x, gradients = rng.standard_normal(10), rng.standard_normal((7, 10))
    params = [target.array(x[:6].reshape(2, 3)), target.array(x[6:])]
    optimizer = MFAC(params, lr=LR, momentum=momentum, weight_decay=decay, window=4, damp=DAMP)
    for g in gradients:
        optimizer.step([target.array(g[:6].reshape(2, 3)), target.array(g[6:])])
    true = dense_steps(x, gradients, 4, momentum, decay)
    np.testing.assert_allclose(target.numpy(params[0]).ravel(), true[:6], rtol=0, atol=1e-11)
    np.testing.assert_allclose(target.numpy(params[1]), true[6:], rtol=0, atol=1e-11)


def test_float32_and_half_storage():
    rng = np.random.default_rng(1)
    x, gradients = rng.standard_normal(8), rng.standard_normal((5, 8))
    true = dense_steps(x, gradients, 3)
    for storage, tolerance in ((None, 1e-4), ("float16", 2e-2), ("bfloat16", 1e-1)):
        values = x.astype(np.float32)
        optimizer = MFAC([values], lr=LR, window=3, damp=DAMP, storage_dtype=storage)
        for g in gradients:
            optimizer.step([g.astype(np.float32)])
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, true, rtol=0, atol=tolerance * np.abs(true - x).max())


def test_quadratic_with_noise():
    """Curvatures from 1 to 1e4, and noise in the gradients as the curvature has it: one step length serves all."""
    rng = np.random.default_rng(2)
    scales = 10.0 ** np.linspace(0, 4, 6)
    x = 2.0 / np.sqrt(scales)
    optimizer = MFAC([x], lr=0.1, window=64, damp=1e-3)
    for step in range(600):
        optimizer.lr = 0.1 / (1 + step / 100)
        optimizer.step([scales * x + np.sqrt(scales) * rng.standard_normal(6)])
    assert np.all(np.sqrt(scales) * np.abs(x) < 0.5)


def test_logistic_regression_in_batches():
    rng = np.random.default_rng(3)
    scales = np.array([1.0, 1.0, 1.0, 3.0, 10.0, 30.0])
    a = rng.standard_normal((400, 6)) * scales
    y = np.where(rng.random(400) < 1 / (1 + np.exp(-a @ (2 * rng.standard_normal(6) / scales))), 1.0, -1.0)

    def loss(w):
        return np.logaddexp(0, -y * (a @ w)).mean()

    w = np.zeros(6)
    optimizer = MFAC([w], lr=0.02, window=64, damp=1e-4)
    start, least = loss(w), minimize(loss, w).fun
    for _ in range(1000):
        i = rng.integers(0, 400, 20)
        residual = y[i] / (1 + np.exp(y[i] * (a[i] @ w)))
        optimizer.step([-(a[i] * residual[:, None]).mean(axis=0)])
    assert loss(w) - least < 0.1 * (start - least)


class Parameter:
    """What a PyTorch parameter offers, and as much as the optimiser may use of it."""

    def __init__(self, values):
        self._values, self.grad = values, None

    def detach(self):
        return self._values


def test_parameters_with_gradients_of_their_own():
    rng = np.random.default_rng(4)
    x, gradients = rng.standard_normal(5), rng.standard_normal((3, 5))
    first, second = Parameter(x[:2].copy()), Parameter(x[2:].copy())
    optimizer = MFAC(iter([first, second]), lr=LR, window=4, damp=DAMP)
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step()
    for g in gradients:
        first.grad, second.grad = g[:2], Parameter(g[2:])  # a gradient may have a history as well
        optimizer.step()
    true = dense_steps(x, gradients, 4)
    np.testing.assert_allclose(np.concatenate([first.detach(), second.detach()]), true, rtol=0, atol=1e-12)
    optimizer.zero_grad()
    assert first.grad is None
    assert second.grad is None
    second.grad = np.ones(3)  # the first has none: it counts as zero
    optimizer.step()
    gradients = [*gradients, np.array([0.0, 0.0, 1.0, 1.0, 1.0])]
    found = np.concatenate([first.detach(), second.detach()])
    np.testing.assert_allclose(found, dense_steps(x, gradients, 4), rtol=0, atol=1e-12)


def test_torch_module():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2).double()
    inputs, targets = torch.randn(50, 3).double(), torch.randn(50, 2).double()
    x = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    optimizer = MFAC(model.parameters(), lr=LR, window=3, damp=DAMP)
    gradients = []
    for i in range(6):
        optimizer.zero_grad()
        part = slice(8 * i, 8 * i + 8)
        torch.nn.functional.mse_loss(model(inputs[part]), targets[part]).backward()
        gradients.append(np.concatenate([p.grad.numpy().ravel() for p in model.parameters()]))
        optimizer.step()
    found = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    np.testing.assert_allclose(found, dense_steps(x, gradients, 3), rtol=0, atol=1e-11)
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())


def test_state_goes_on():
    rng = np.random.default_rng(5)
    gradients = rng.standard_normal((9, 4))
    x = np.ones(4)
    optimizer = MFAC([x], lr=LR, momentum=0.9, window=3, damp=DAMP)
    for g in gradients[:5]:
        optimizer.step([g])
    state, y = optimizer.state_dict(), x.copy()
    for g in gradients[5:]:
        optimizer.step([g])
    other = MFAC([y], lr=1.0, window=3)
    other.load_state_dict(state)
    for g in gradients[5:]:
        other.step([g])
    np.testing.assert_allclose(y, x, rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match="fisher missing"):
        other.load_state_dict({name: value for name, value in state.items() if name != "fisher"})
    with pytest.raises(ValueError, match="velocity"):
        other.load_state_dict(state | {"velocity": np.ones(3)})
    with pytest.raises(ValueError, match="window"):
        MFAC([y.copy()], lr=1.0, window=4).load_state_dict(state)


def test_bad_gradients_change_nothing():
    x = np.ones(3)
    optimizer = MFAC([x], lr=LR, momentum=0.5, window=2, damp=DAMP)
    optimizer.step([np.arange(3.0)])
    before, state = x.copy(), optimizer.state_dict()
    for grads, error in (
        ([np.array([1.0, np.nan, 0.0])], ValueError),
        ([np.ones(4)], ValueError),
        ([np.ones(3), np.ones(3)], ValueError),
        ([], ValueError),
        ([[1.0, 2.0, 3.0]], TypeError),
        ([np.ones(3, dtype=int)], TypeError),
    ):
        with pytest.raises(error):
            optimizer.step(grads)
        assert np.array_equal(x, before)
        assert np.array_equal(optimizer.state_dict()["fisher"]["rows"], state["fisher"]["rows"])
        assert np.array_equal(optimizer.state_dict()["velocity"], state["velocity"])


@pytest.mark.parametrize(
    ("params", "error", "text"),
    [
        ([], ValueError, "empty"),
        (np.ones(3), TypeError, r"\[array\]"),
        ([[1.0]], TypeError, "must be arrays"),
        ([np.ones(3, dtype=int)], TypeError, "float32 or float64"),
        ([np.ones(3), np.ones(3, dtype=np.float32)], TypeError, "one library"),
        ([np.broadcast_to(1.0, 3)], ValueError, "writable"),
    ],
)
def test_bad_parameters(params, error, text):
    with pytest.raises(error, match=text):
        MFAC(params, lr=0.1)


@pytest.mark.parametrize(
    "options", [{"lr": 0.0}, {"lr": np.nan}, {"momentum": 1.0}, {"weight_decay": -1.0}, {"damp": 0.0}]
)
def test_bad_numbers(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        MFAC([np.ones(3)], **({"lr": 0.1} | options))
