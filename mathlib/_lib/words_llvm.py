"""The words as LLVM vector instructions: run a bound kernel once on `Value`s and its text is there.

Nothing is analysed: Python executes the kernel, every operator appends one instruction over ``<width x double>``. Equal
instructions get one name (value numbering), so code generation needs no optimisation pass before it.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

from mathlib._lib import words_python
from mathlib._lib.bind import bind


def double(x: float) -> str:
    """Return the literal of a double: LLVM takes the exact bits in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


class Value:
    """A vector of doubles in the text being written, or (``kind`` i1) a vector of conditions."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, words: "Words", name: str):
        self.words, self.name = words, name

    def __add__(self, b):
        return self.words.binary("fadd", self, b)

    def __radd__(self, b):
        return self.words.binary("fadd", b, self)

    def __sub__(self, b):
        return self.words.binary("fsub", self, b)

    def __rsub__(self, b):
        return self.words.binary("fsub", b, self)

    def __mul__(self, b):
        return self.words.binary("fmul", self, b)

    def __rmul__(self, b):
        return self.words.binary("fmul", b, self)

    def __truediv__(self, b):
        return self.words.binary("fdiv", self, b)

    def __rtruediv__(self, b):
        return self.words.binary("fdiv", b, self)

    def __neg__(self):
        return self.words.value(f"fneg {self.words.d} {self.name}")

    def __lt__(self, b):
        return self.words.binary("fcmp olt", self, b)

    def __le__(self, b):
        return self.words.binary("fcmp ole", self, b)

    def __gt__(self, b):
        return self.words.binary("fcmp ogt", self, b)

    def __ge__(self, b):
        return self.words.binary("fcmp oge", self, b)

    def __eq__(self, b):
        return self.words.binary("fcmp oeq", self, b)

    def __ne__(self, b):
        return self.words.binary("fcmp une", self, b)


def _folding(word: Callable[..., Any]) -> Callable[..., Any]:
    """Let a word of constants be a constant: the definition in Python has the same bits."""
    meaning = getattr(words_python, word.__name__)

    def folded(self: "Words", *operands: Any) -> Any:
        return word(self, *operands) if any(isinstance(a, Value) for a in operands) else meaning(*operands)

    return folded


class Words:
    """The words of one function body; ``width`` lanes at a time. ``lines`` is the text so far.

    ``calls`` says to users of the text that kernels should be called rather than written out; see `called`.
    """

    def __init__(self, width: int, calls: bool = False):
        self.width, self.calls = width, calls
        self.d, self.i64, self.i32, self.i1 = (f"<{width} x {t}>" for t in ("double", "i64", "i32", "i1"))
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.tables: dict[tuple[float, ...], str] = {}
        self.functions: dict[int, tuple[str, str]] = {}
        self._seen: dict[str, str] = {}

    def fresh(self) -> "Words":
        """Return the words of another function of the same module: tables and declarations are shared."""
        other = Words(self.width, self.calls)
        other.tables, other.declared, other.functions = self.tables, self.declared, self.functions
        return other

    def called(self, kernel: Any) -> Any:
        """Return a kernel of one result as a function that is called, not written out, at each use: for long texts."""

        def call(*arguments: Any) -> Value:
            if id(kernel) not in self.functions:
                inside = self.fresh()
                given = [Value(inside, f"%a{i}") for i in range(len(arguments))]
                result = bind(kernel, inside)(*given)
                name = f"@w{self.width}_{kernel.__name__}_{len(self.functions)}"
                head = ", ".join(f"{self.d} {g.name}" for g in given)
                text = f"define internal {self.d} {name}({head}) {{\n" + "\n".join(inside.lines)
                self.functions[id(kernel)] = name, text + f"\n  ret {self.d} {inside.name(result)}\n}}\n"
            name, _ = self.functions[id(kernel)]
            return self.value(f"call {self.d} {name}({', '.join(f'{self.d} {self.name(a)}' for a in arguments)})")

        return call

    def header(self) -> str:
        """Return what stands before the functions: declarations and tables."""
        text = "".join(f"{line}\n" for line in sorted(self.declared))
        for values, name in self.tables.items():
            listed = ", ".join(f"double {double(v)}" for v in values)
            text += f"{name} = internal constant [{len(values)} x double] [{listed}]\n"
        return text

    # ---- writing ----------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> str:
        """Append an instruction, unless an equal one is there, and return its name."""
        name = self._seen.get(text)
        if name is None:
            name = self._seen[text] = f"%v{len(self._seen)}"
            self.lines.append(f"  {name} = {text}")
        return name

    def value(self, text: str) -> Value:
        return Value(self, self.emit(text))

    def splat(self, kind: str, literal: str) -> str:
        return "<" + ", ".join([f"{kind} {literal}"] * self.width) + ">"

    def name(self, x: Any) -> str:
        """Return how an operand is written: a value by its name, a number as a constant in every lane."""
        return x.name if isinstance(x, Value) else self.splat("double", double(float(x)))

    def binary(self, operation: str, a: Any, b: Any) -> Value:
        return self.value(f"{operation} {self.d} {self.name(a)}, {self.name(b)}")

    def intrinsic(self, name: str, *arguments: Any) -> Value:
        full = f"@llvm.{name}.v{self.width}f64"
        self.declared.add(f"declare {self.d} {full}({', '.join([self.d] * len(arguments))})")
        return self.value(f"call {self.d} {full}({', '.join(f'{self.d} {self.name(a)}' for a in arguments)})")

    # ---- the vocabulary ---------------------------------------------------------------------------------------------

    @_folding
    def madd(self, a, b, c):
        return self.intrinsic("fma", a, b, c)

    @_folding
    def two_prod(self, a, b):
        p = a * b
        return p, self.madd(a, b, -p)

    def where(self, condition, a, b):
        if isinstance(condition, bool):  # of a comparison between loop counters
            return a if condition else b
        return self.value(f"select {self.i1} {condition.name}, {self.d} {self.name(a)}, {self.d} {self.name(b)}")

    @_folding
    def floor(self, x):
        return self.intrinsic("floor", x)

    @_folding
    def sqrt(self, x):
        return self.intrinsic("sqrt", x)

    @_folding
    def split(self, x):
        # 32-bit integers: AVX2 has no 64-bit arithmetic shift and no conversion between int64 and double
        bits = self.emit(f"bitcast {self.d} {self.name(x)} to {self.i64}")
        high = self.emit(f"lshr {self.i64} {bits}, {self.splat('i64', '32')}")
        high = self.emit(f"trunc {self.i64} {high} to {self.i32}")
        h = self.emit(f"sub {self.i32} {high}, {self.splat('i32', str(0x3FE60000))}")
        k = self.emit(f"ashr {self.i32} {h}, {self.splat('i32', '20')}")
        i = self.emit(f"lshr {self.i32} {h}, {self.splat('i32', '13')}")
        i = self.emit(f"and {self.i32} {i}, {self.splat('i32', '127')}")
        wide = self.emit(f"zext {self.i32} {k} to {self.i64}")
        wide = self.emit(f"shl {self.i64} {wide}, {self.splat('i64', '52')}")
        m = self.emit(f"sub {self.i64} {bits}, {wide}")
        return self.value(f"sitofp {self.i32} {k} to {self.d}"), i, self.value(f"bitcast {self.i64} {m} to {self.d}")

    @_folding
    def exp2i(self, k):
        i = self.emit(f"fptosi {self.d} {self.name(k)} to {self.i32}")
        i = self.emit(f"add {self.i32} {i}, {self.splat('i32', '1023')}")
        i = self.emit(f"zext {self.i32} {i} to {self.i64}")
        i = self.emit(f"shl {self.i64} {i}, {self.splat('i64', '52')}")
        return self.value(f"bitcast {self.i64} {i} to {self.d}")

    def table(self, values: tuple[float, ...]) -> "Table":
        return Table(self, values)

    def Horner(self, c):
        def polynomial(z):
            s = c[-1]
            for a in c[-2::-1]:
                s = self.madd(s, z, a)
            return s

        return polynomial

    def Horner2(self, rows):
        def polynomial(w, t):
            s = self.Horner(rows[-1])(t)
            for row in rows[-2::-1]:
                s = self.madd(s, w, self.Horner(row)(t))
            return s

        return polynomial


def pieces(lines: list[str], results: list[str], length: int) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Cut a text into parts of ``length`` lines: (lines, values that a part takes, values that later parts take).

    Code generation takes more than linear time in the length of a function. Values are given as ``type name``.
    """
    parts = [lines[start : start + length] for start in range(0, len(lines), length)]
    kind: dict[str, str] = {}
    where: dict[str, int] = {}
    last: dict[str, int] = {name: len(parts) for name in results}
    uses: list[set[str]] = []
    for k, part in enumerate(parts):
        used = set()
        for line in part:
            name, _, text = line.strip().partition(" = ")
            used |= set(re.findall(r"%v\d+", text))
            kind[name], where[name] = _type(text), k
        uses.append(used)
        last.update(dict.fromkeys(used, k) | {n: len(parts) for n in results})
    for k, part in enumerate(parts):
        taken = sorted(n for n in uses[k] if where[n] < k)
        given = sorted(n for n in where if where[n] == k and last.get(n, k) > k)
        yield part, [f"{kind[n]} {n}" for n in taken], [f"{kind[n]} {n}" for n in given]


def _type(text: str) -> str:
    """The type of the result of an instruction that `Words` writes."""
    operation, _, rest = text.partition(" ")
    if operation in ("bitcast", "trunc", "zext", "sitofp", "fptosi"):
        return rest.rpartition(" to ")[2]
    if operation == "getelementptr":
        return re.sub(r"^.*(<\d+ x )i32> .*$", r"\1ptr>", rest)
    if operation == "select":
        return re.sub(r"^<[^>]*> \S+ (<[^>]*>).*$", r"\1", rest)
    kind = re.search(r"<\d+ x \w+>", rest)
    assert kind is not None
    return kind.group().replace("double", "i1") if operation == "fcmp" else kind.group()


class Table:
    """A constant table; subscripting with the index vector of ``split`` is one gather."""

    def __init__(self, words: Words, values: tuple[float, ...]):
        self.words, self.values = words, values

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return self.values[index]
        w = self.words
        table = w.tables.setdefault(self.values, f"@table{len(w.tables)}")
        gather = f"@llvm.masked.gather.v{w.width}f64.v{w.width}p0"
        pointers = f"<{w.width} x ptr>"
        w.declared.add(f"declare {w.d} {gather}({pointers}, i32, {w.i1}, {w.d})")
        p = w.emit(f"getelementptr double, ptr {table}, {w.i32} {index}")
        everywhere = w.splat("i1", "true")
        return w.value(f"call {w.d} {gather}({pointers} {p}, i32 8, {w.i1} {everywhere}, {w.d} zeroinitializer)")
