"""The one text form of expressions, S-expressions as in FPCore: for rules, derivatives and files of problems."""

import re
from collections.abc import Iterator

Tree = str | list["Tree"]

_TOKEN = re.compile(r';[^\n]*|"[^"]*"|[()\[\]]|[^\s()\[\]";]+|"')


def read(text: str) -> list[Tree]:
    """Return the expressions of a text as nested lists of atoms; ``;`` begins a comment, brackets are parentheses."""
    finished: list[Tree] = []
    open_lists: list[list[Tree]] = []
    for token in _tokens(text):
        if token == '"':
            raise ValueError(f"S-expression has a string without an end: {text[:60]!r}")
        if token in "([":
            open_lists.append([])
            continue
        item: Tree = token
        if token in ")]":
            if not open_lists:
                raise ValueError(f"S-expression has a closing bracket too many after {text[:60]!r}")
            item = open_lists.pop()
        (open_lists[-1] if open_lists else finished).append(item)
    if open_lists:
        raise ValueError(f"S-expression lacks {len(open_lists)} closing bracket(s): {text[:60]!r}")
    return finished


def read_one(text: str) -> Tree:
    """Return the single expression of a text."""
    trees = read(text)
    if len(trees) != 1:
        raise ValueError(f"expected one S-expression, found {len(trees)} in {text[:60]!r}")
    return trees[0]


def _tokens(text: str) -> Iterator[str]:
    return (token for token in _TOKEN.findall(text) if not token.startswith(";"))
