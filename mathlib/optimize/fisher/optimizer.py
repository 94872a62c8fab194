"""Gradient descent preconditioned by the inverse Fisher matrix of the latest gradients, on parameters in place."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self, TypeAlias

from array_api_compat import array_namespace, device, is_array_api_obj, is_writeable_array

from mathlib._lib.dispatch import family
from mathlib._lib.validate import finite_scalar
from mathlib.optimize.fisher.parameters import Parameters
from mathlib.optimize.fisher.window import FisherWindow

Array: TypeAlias = Any

__all__ = ["MFAC"]


class MFAC:
    """
    Optimiser whose steps are the latest gradient times the inverse Fisher matrix of a window of gradients.

    Parameters are changed in place by `step`: that is what they are given for. They may be arrays, or PyTorch
    parameters, whose ``.grad`` is then read; PyTorch itself is not needed.

    Parameters
    ----------
    params : iterable of arrays or parameters
        Writable arrays of one library, device and dtype, float32 or float64.
    lr : float
        Step length, > 0.
    momentum : float, default 0.0
        Share of the last step that is added to the next, 0 <= momentum < 1.
    weight_decay : float, default 0.0
        This times the parameters is added to the gradient.
    window : int, default 1024
        Number of gradients that are held.
    damp : float, default 1e-5
        Damping of the Fisher matrix, > 0.
    storage_dtype : {'float16', 'bfloat16'}, optional
        Hold the gradients in half the memory of float32.

    Attributes
    ----------
    params : list
        The parameters.
    fisher : FisherWindow
        The window; its damping may be changed.
    lr, momentum, weight_decay : float
        As given; they may be changed between steps.

    Raises
    ------
    ValueError
        If there are no parameters, one is read-only, or a number is out of its range.
    TypeError
        If the parameters are not floats of one library and dtype.

    See Also
    --------
    FisherWindow : The inverse itself.

    Notes
    -----
    With g the gradient plus weight_decay times the parameters, and H the damped empirical Fisher matrix of the last
    gradients including g: v <- momentum v + H^-1 g, params <- params - lr v [1]_. A gradient that is not finite is
    refused, and nothing has changed then.

    References
    ----------
    .. [1] E. Frantar, E. Kurtic, D. Alistarh, "M-FAC: Efficient Matrix-Free Approximations of Second-Order
       Information", Advances in Neural Information Processing Systems 34, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import MFAC
    >>> x = np.array([1.0, 2.0])
    >>> optimizer = MFAC([x], lr=0.5, damp=1.0)
    >>> optimizer.step([np.array([1.0, 0.0])])  # H is diag(2, 1)
    >>> x
    array([0.75, 2.  ])
    """

    def __init__(
        self,
        params: Iterable[Any],
        *,
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        window: int = 1024,
        damp: float = 1e-5,
        storage_dtype: Literal["float16", "bfloat16"] | None = None,
    ):
        if is_array_api_obj(params):
            raise TypeError("params must be a list of arrays, got one array: pass [array]")
        self.params = list(params)
        values = _checked(self._values())
        self.lr = finite_scalar(lr, "lr", 0.0)
        self.momentum = finite_scalar(momentum, "momentum", 0.0, 1.0)
        self.weight_decay = finite_scalar(weight_decay, "weight_decay", 0.0)
        if self.lr == 0.0 or self.momentum == 1.0:
            raise ValueError(f"lr must be > 0 and momentum < 1, got lr={lr!r}, momentum={momentum!r}")
        self._shapes = Parameters([tuple(v.shape) for v in values])
        dtype: Any = "float32" if values[0].dtype == array_namespace(values[0]).float32 else "float64"
        self.fisher = FisherWindow(
            window, sum(self._shapes.sizes), damp=damp, dtype=dtype, storage_dtype=storage_dtype, like=values[0]
        )
        self._velocity: Array | None = None

    def _values(self) -> list[Array]:
        """Return the parameters as arrays that share their memory: a PyTorch parameter without its history."""
        return [_plain(p) for p in self.params]

    def step(self, grads: Sequence[Array] | None = None) -> None:
        """
        Take one step.

        Parameters
        ----------
        grads : list of arrays, optional
            Gradient of each parameter, in its library and shape. Without it the ``.grad`` of the parameters is read,
            and where that is None counts as zero.

        Raises
        ------
        ValueError
            If no parameter has a gradient, a shape differs, or a gradient is not finite. Nothing has changed then.
        TypeError
            If a gradient belongs to another library than the parameters.
        """
        values = self._values()
        if grads is None:
            grads = [getattr(p, "grad", None) for p in self.params]
            if all(g is None for g in grads):
                raise ValueError("no parameter has a gradient: call backward() on the loss first, or pass grads")
        if len(grads) != len(values):
            raise ValueError(f"grads has {len(grads)} arrays and there are {len(values)} parameters: give one each")
        xp = array_namespace(*values)
        given = [xp.zeros_like(v) if g is None else _plain(g) for v, g in zip(values, grads, strict=True)]
        for g in given:
            if family(g.__class__) != family(values[0].__class__):
                raise TypeError(f"grads must be of the library of the parameters, got {type(g).__name__}: convert them")
        gradient = self._shapes.join(given, "grads")
        if self.weight_decay:
            gradient = gradient + self.weight_decay * self._shapes.join(values, "params")
        direction = self.fisher.append_solve(gradient)
        if self.momentum:
            if self._velocity is not None:
                direction = direction + self.momentum * self._velocity
            self._velocity = direction
        for value, part in zip(values, self._shapes.split(direction), strict=True):
            value -= self.lr * part

    def zero_grad(self) -> None:
        """Forget the ``.grad`` of all parameters that have one."""
        for p in self.params:
            if getattr(p, "grad", None) is not None:
                p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """
        Return everything but the parameters, to be saved.

        Returns
        -------
        dict
            The numbers under their names, the window's own state under ``'fisher'``, and ``'velocity'``, None before
            the first step with momentum. Arrays are copies.
        """
        velocity = (
            None if self._velocity is None else array_namespace(self._velocity).asarray(self._velocity, copy=True)
        )
        return {
            "lr": self.lr,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
            "fisher": self.fisher.state_dict(),
            "velocity": velocity,
        }

    def load_state_dict(self, state: dict[str, Any], /) -> Self:
        """
        Go on from what was saved.

        Parameters
        ----------
        state : dict
            From `state_dict` of an optimiser with parameters of the same shapes, window and dtypes.

        Returns
        -------
        MFAC
            This optimiser.

        Raises
        ------
        ValueError
            If the state lacks a part or belongs to another window. The optimiser is then as it was.
        """
        missing = [name for name in self.state_dict() if name not in state]
        if missing:
            raise ValueError(f"state must have the parts of state_dict, {', '.join(missing)} missing")
        numbers = {name: finite_scalar(state[name], name, 0.0) for name in ("lr", "momentum", "weight_decay")}
        velocity = state["velocity"]
        if velocity is not None:
            like = self._values()[0]
            velocity = array_namespace(like).asarray(velocity, dtype=like.dtype, device=device(like), copy=True)
            if velocity.shape != (self.fisher.shape[0],):
                raise ValueError(f"state['velocity'] must have {self.fisher.shape[0]} entries, got {velocity.shape}")
        self.fisher.load_state_dict(state["fisher"])
        self.__dict__.update(numbers)
        self._velocity = velocity
        return self


def _plain(p: Any) -> Array:
    """Return an array that shares the memory of `p`: of a PyTorch tensor, the one without a history."""
    return p.detach() if hasattr(p, "detach") else p


def _checked(values: list[Array]) -> list[Array]:
    """Return the parameters if they are writable arrays of floats with one library, device and dtype in common."""
    if not values:
        raise ValueError("params is empty: give at least one array")
    if not all(map(is_array_api_obj, values)):
        raise TypeError(f"params must be arrays, got {', '.join(sorted({type(v).__name__ for v in values}))}")
    kinds = {(family(v.__class__), str(v.dtype), str(device(v))) for v in values}
    if len(kinds) > 1:
        raise TypeError(f"params must have one library, dtype and device, got {sorted(kinds)}: convert them")
    if str(values[0].dtype).rpartition(".")[-1] not in ("float32", "float64"):
        raise TypeError(f"params must be float32 or float64, got {values[0].dtype}: convert them")
    if not all(is_writeable_array(v) and getattr(getattr(v, "flags", None), "writeable", True) for v in values):
        raise ValueError("params must be writable, step changes them in place: pass copies")
    return values
