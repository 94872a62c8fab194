"""The arguments of a function made from expressions: symbols, or sequences of symbols that come as one vector."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy import Symbol

from mathlib.symbolic.expressions.ir import Graph


@dataclass(frozen=True)
class Arguments:
    """
    Named arguments.

    Attributes
    ----------
    symbols : tuple of Symbol
        All symbols, components of vectors one after the other.
    counts : tuple of int
        For each argument the number of its components, 0 for one that is a plain symbol.
    """

    symbols: tuple[Symbol, ...]
    counts: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables in a graph, made different where two symbols print alike."""
        seen: dict[str, int] = {}
        names = []
        for symbol in self.symbols:
            n = seen[symbol.name] = seen.get(symbol.name, 0) + 1
            names.append(symbol.name if n == 1 else f"{symbol.name}({n})")
        return tuple(names)

    def variables(self, graph: Graph) -> dict[Any, int]:
        """Add the variables to a graph; return the number of each symbol."""
        return {symbol: graph.variable(name) for symbol, name in zip(self.symbols, self.names, strict=True)}

    def components(self, arrays: Sequence[Any]) -> list[Any]:
        """Return one array per symbol."""
        if len(arrays) != len(self.counts):
            raise TypeError(f"the function takes {len(self.counts)} arrays and {len(arrays)} were given")
        found: list[Any] = []
        place = 0
        for array, count in zip(arrays, self.counts, strict=True):
            if count:
                array = array if hasattr(array, "shape") else np.asarray(array)
                if not array.shape or array.shape[-1] != count:
                    raise ValueError(
                        f"the argument ({self.symbols[place].name}, ...) has shape {tuple(array.shape)}: "
                        f"its last axis must have length {count}"
                    )
                found += [array[..., k] for k in range(count)]
            else:
                found.append(array)
            place += max(count, 1)
        return found


def read_arguments(args: Any, free: Iterable[Symbol]) -> Arguments:
    """
    Check the arguments of a function against the free symbols of its expressions.

    Parameters
    ----------
    args : Symbol, sequence or None
        Symbols, or sequences of symbols for vectors. None: the free symbols by name.
    free : iterable of Symbol
        The symbols that the expressions contain.

    Returns
    -------
    Arguments
        The arguments.

    Raises
    ------
    TypeError
        If something is not a symbol.
    ValueError
        If a symbol comes twice, or a free symbol is not among them.
    """
    wanted = sorted(free, key=sympy.default_sort_key)
    if args is None:
        return Arguments(tuple(wanted), (0,) * len(wanted))
    listed = [args] if isinstance(args, Symbol) else list(args)
    symbols: list[Symbol] = []
    counts = []
    for arg in listed:
        vector = not isinstance(arg, sympy.Basic) and isinstance(arg, Iterable) and not isinstance(arg, str)
        members = list(arg) if vector else [arg]
        for member in members:
            if not isinstance(member, Symbol):
                raise TypeError(f"args contains {member!r}, a {type(member).__name__}: use symbols or tuples of them")
        symbols += members
        counts.append(len(members) if vector else 0)
    twice = sorted(s.name for s, n in Counter(symbols).items() if n > 1)
    if twice:
        raise ValueError(f"args has {', '.join(twice)} more than once: name each argument once")
    given = set(symbols)
    missing = [s.name for s in wanted if s not in given]
    if missing:
        alike = [name for name in missing if name in {s.name for s in symbols}]
        hint = f" (args has a symbol {alike[0]} with other assumptions)" if alike else ""
        raise ValueError(f"args lacks the free symbols {', '.join(missing)}{hint}: add them, or substitute numbers")
    return Arguments(tuple(symbols), tuple(counts))
