"""One text, many targets: rebuild the same kernel functions over the words of a target."""

import builtins
import types
from collections.abc import Callable, Iterable
from typing import Any

from mathlib._lib.words_python import WORDS, Horner, Horner2

Kernel = Callable[..., Any]


def needs(function: types.FunctionType) -> dict[str, Any]:
    """Return the globals that a kernel mentions: its words, sibling kernels, polynomials, tables and constants."""
    scope = function.__globals__
    return {name: scope[name] for name in function.__code__.co_names if name in scope}


def bind(value: Any, words: Any, done: dict[int, Any] | None = None) -> Any:
    """Return ``value`` (a kernel, word, polynomial, table or number) as the target ``words`` has it.

    ``done`` shares the work among kernels that call the same siblings.
    """
    done = {} if done is None else done
    if id(value) not in done:
        done[id(value)] = _bind(value, words, done)
    return done[id(value)]


def _bind(value: Any, words: Any, done: dict[int, Any]) -> Any:
    match value:
        case _ if id(value) in WORDS:
            return getattr(words, WORDS[id(value)])
        case types.FunctionType():
            scope = {name: bind(item, words, done) for name, item in needs(value).items()}
            scope["__builtins__"] = builtins  # `range`; and PyTorch looks for it in its callers' globals
            return types.FunctionType(value.__code__, scope, value.__name__, value.__defaults__)
        case Horner():
            return words.Horner(value.c)
        case Horner2():
            return words.Horner2(value.rows)
        case tuple():
            return words.table(value)
        case float() | int():
            return value
        case _ if hasattr(value, "regions"):
            return _routine(value, words, done)
    raise TypeError(f"a kernel may not use {value!r}: only words, kernels, polynomials, tables and numbers")


def _routine(routine: Any, words: Any, done: dict[int, Any]) -> Kernel:
    """A whole routine of one result as one function: all its regions are computed and `where` selects."""
    region = bind(routine.region, words, done) if routine.region is not None else None
    regions = [[bind(stage, words, done) for stage in stages] for stages in routine.regions]

    def run(*arguments: Any) -> Any:
        values = [composed(stages, arguments)[0] for stages in regions]
        if region is None:
            return values[0]
        which, result = region(*arguments), values[-1]
        for number, value in reversed(list(enumerate(values[:-1]))):
            result = words.where(which == number, value, result)
        return result

    return run


def composed(stages: Iterable[Kernel], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Run the stages of a region one after the other."""
    for stage in stages:
        results = stage(*arguments)
        arguments = results if isinstance(results, tuple) else (results,)
    return arguments
