"""The first look at a text: whether it is a sequence of numbers, names, brackets and operators within sane limits."""

import keyword
import math
import re

from mathlib.symbolic.reading.spellings import FUNCTIONS

MAX_LENGTH = 20_000  # characters
MAX_DEPTH = 100  # of brackets, and of operations within operations; Python's own limit for brackets is 200
MAX_NAME = 64  # characters
MAX_DIGITS = 1_200  # of a number; Python's own limit is 4,300

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<open>\()|(?P<close>\))|(?P<operator>\*\*|<=|>=|==|!=|[-+*/<>,])",
    re.ASCII,
)
_KEYWORDS = frozenset({"if", "else", "and", "or"})

_ONE = "write one expression"
_PLAIN = "write plain names and functions, such as exp(x)"
_ROUND = "brackets are ( and ), and an element x[0] is a variable of its own, such as x0"
_PRODUCT = "a product is written x*y"
_REFUSED = {  # characters that begin no token: what they are taken for, what to write instead
    "^": ("'^' for a power", "write x**y"),
    ".": ("attribute access", _PLAIN),
    "'": ("a string", _PLAIN),
    '"': ("a string", _PLAIN),
    "[": ("a list or subscript", _ROUND),
    "]": ("a list or subscript", _ROUND),
    "{": ("a dict or set", _ROUND),
    "}": ("a dict or set", _ROUND),
    "=": ("an assignment or a keyword", f"{_ONE} without '='; equality in a condition is =="),
    ":": ("a colon", "a choice is written a if x > 0 else b"),
    ";": ("a second statement", _ONE),
    "#": ("a comment", "leave it out"),
    "%": ("a remainder", "write x - y*floor(x/y)"),
    "!": ("'!'", "the factorial of n is gamma(n + 1)"),
    "|": ("'|'", "an absolute value is abs(x), and conditions are joined by or"),
    "&": ("'&'", "conditions are joined by and"),
    "~": ("'~'", "turn the comparison round"),
    "@": ("a matrix product", "build matrix expressions with SymPy's classes"),
    "\u00d7": ("a multiplication sign", _PRODUCT),
    "\u00b7": ("a multiplication sign", _PRODUCT),
    "\u22c5": ("a multiplication sign", _PRODUCT),
    "\u00f7": ("a division sign", "a quotient is written x/y"),
    "\u2212": ("a typographic minus", "write -"),
    "\u2013": ("a typographic minus", "write -"),
    "\u221a": ("a root sign", "write sqrt(x)"),
    "\u03c0": ("the letter pi", "write pi"),
    "\u221e": ("infinity", "expressions are of real numbers"),
}
_REFUSED_KEYWORDS = {
    "not": ("'not'", "turn the comparison round"),
    "lambda": ("'lambda'", f"{_ONE}; a variable can be called lam"),
    "is": ("'is'", "equality in a condition is =="),
    "in": ("'in'", "write a <= x <= b"),
}


def fault(column: int, what: str, instead: str) -> ValueError:
    """Return the error of a text: where it is (columns count from 1), what it is, and the way out."""
    return ValueError(f"text, column {max(column, 1)}: {what}: {instead}")


def check_text(text: str) -> None:
    """Refuse whatever is not a sequence of allowed tokens with matching brackets."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"text has {len(text)} characters, at most {MAX_LENGTH} are read: build it with SymPy instead")
    opened: list[int] = []
    before: re.Match[str] | None = None  # the token before this one, blanks aside
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise _unknown(text, position, before)
        position = token.end()
        if token.lastgroup == "space":
            continue
        if token.lastgroup == "number":
            _check_number(token)
        elif token.lastgroup == "name":
            _check_name(token)
        elif token.lastgroup == "open":
            opened.append(token.start() + 1)
            if len(opened) > MAX_DEPTH:
                raise fault(
                    token.start() + 1, f"more than {MAX_DEPTH} brackets are open", "name parts of the expression"
                )
        elif token.lastgroup == "close" and not opened:
            raise fault(token.start() + 1, "a closing bracket too many", "open it with (, or leave it out")
        elif token.lastgroup == "close":
            opened.pop()
        _check_neighbours(before, token)
        before = token
    if before is None:
        raise ValueError("text is empty: write an expression, such as sin(x)")
    if opened:
        raise fault(opened[-1], "this bracket is never closed", "close it with )")


def _unknown(text: str, position: int, before: re.Match[str] | None) -> ValueError:
    character = text[position]
    what, instead = _REFUSED.get(character, (f"character {character!a}", "names and operators are plain ASCII"))
    if character == "^" and before is not None and before.group() == "e":
        instead = "write exp(x)"
    return fault(position + 1, f"{what} is not allowed", instead)


def _check_number(token: re.Match[str]) -> None:
    column, digits = token.start() + 1, token.group()
    if len(digits) > MAX_DIGITS:
        raise fault(
            column, f"a number of {len(digits)} characters", f"at most {MAX_DIGITS} are read: write it as a power"
        )
    if re.fullmatch(r"0\d+", digits):
        raise fault(column, "an integer that begins with 0", "leave the zero out")
    if not digits.isdigit():
        value, mantissa = float(digits), re.split("[eE]", digits)[0]
        if math.isinf(value) or (value == 0 and re.search("[1-9]", mantissa)):
            raise fault(
                column,
                f"{digits[:30]} is outside the range of float64",
                "write an exact power, as in 10**400 or 10**-400",
            )


def _check_name(token: re.Match[str]) -> None:
    column, name = token.start() + 1, token.group()
    if len(name) > MAX_NAME:
        raise fault(column, f"a name of {len(name)} characters", f"at most {MAX_NAME} are read: shorten it")
    if name.startswith("__"):
        raise fault(column, f"the name {name!r} begins with two underscores", "rename it")
    if keyword.iskeyword(name) and name not in _KEYWORDS:
        what, instead = _REFUSED_KEYWORDS.get(name, (f"the Python keyword {name!r}", f"{_ONE}, or rename the variable"))
        raise fault(column, f"{what} is not allowed", instead)


def _check_neighbours(left: re.Match[str] | None, right: re.Match[str]) -> None:
    """Refuse two operands side by side; a name before an opening bracket is a call."""
    if left is None or right.lastgroup in ("operator", "close") or left.lastgroup in ("operator", "open"):
        return
    a, b, column = left.group()[:MAX_NAME], right.group()[:MAX_NAME], right.start() + 1
    if left.lastgroup == "number" and right.lastgroup == "name" and left.end() == right.start():
        if b in ("j", "J"):
            raise fault(column, "an imaginary number", "expressions are of real numbers")
        if b in _KEYWORDS:
            raise fault(column, f"{a!r} and {b!r} run together", "put a blank between them")
        if b.startswith("_") or (a == "0" and b[0] in "bBoOxX"):
            raise fault(column, "a number in Python's other notations", "write decimal digits only")
    elif a in _KEYWORDS or b in _KEYWORDS or (left.lastgroup == "name" and right.lastgroup == "open"):
        return
    instead = f"write {a}({b})" if a in FUNCTIONS and right.lastgroup != "open" else f"write {a}*{b}"
    raise fault(column, f"an operator is missing between {a!r} and {b!r}", instead)
