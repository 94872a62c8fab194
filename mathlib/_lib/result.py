"""Base of the objects that routines return: frozen dataclasses that print one field per line."""

import dataclasses
import reprlib
from typing import Any, dataclass_transform

import numpy as np

__all__ = ["Result"]

WIDTH = 76  # columns, as NumPy prints arrays
SHOWN = 12  # an array with more entries is cut

_short = reprlib.Repr()
_short.maxlist = _short.maxtuple = _short.maxdict = 6
_short.maxstring = _short.maxother = 4 * WIDTH


@dataclass_transform(eq_default=False, frozen_default=True)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A frozen dataclass of named results. A subclass only lists its fields.

    Two results are equal only if they are the same object, since fields are arrays.

    Examples
    --------
    >>> class Fit(Result):
    ...     success: bool
    ...     x: np.ndarray
    >>> Fit(success=True, x=np.array([0.5, 1.0]))
    success: True
          x: [0.5 1. ]
    """

    def __init_subclass__(cls) -> None:
        """Make the subclass a dataclass."""
        super().__init_subclass__()
        dataclasses.dataclass(frozen=True, eq=False, repr=False)(cls)

    def __repr__(self) -> str:
        """Return one right-aligned line per field; long arrays are cut and come with their shape and dtype."""
        fields = self._shallow()
        margin = max(map(len, fields), default=0)
        lines = (f"{name:>{margin}}: {_indent(_show(value, margin + 2), margin + 2)}" for name, value in fields.items())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Return the fields by name, results within as dicts of theirs. Arrays are not copied."""
        return {name: v.to_dict() if isinstance(v, Result) else v for name, v in self._shallow().items()}

    def _shallow(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def _show(value: object, margin: int) -> str:
    match value:
        case Result() | str():
            return str(value)
        case np.ndarray():
            text = np.array2string(value, max_line_width=WIDTH - margin, threshold=SHOWN, edgeitems=2)
            return text if value.size <= SHOWN else f"{value.dtype} array of shape {value.shape}\n{text}"
        case np.generic():
            return str(value)
        case list() | tuple() | dict():
            return _short.repr(value)
    if hasattr(value, "shape") and hasattr(value, "dtype"):  # on another device, or sparse: its entries stay there
        return f"{type(value).__module__}.{type(value).__qualname__} of shape {tuple(value.shape)}, {value.dtype}"
    return _short.repr(value)


def _indent(text: str, margin: int) -> str:
    return text.replace("\n", "\n" + " " * margin)
