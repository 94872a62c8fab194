"""Kernel texts as CUDA C++20: a walk over the syntax tree of every kernel behind a routine.

``auto`` carries the types, so nothing is inferred here. The text needs no header of the compiler under CUDA, and g++
compiles it too, which is how its bits are tested on machines without a device.
"""

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Iterator
from importlib.resources import files
from itertools import count
from typing import Any

from mathlib._lib.bind import Kernel, needs
from mathlib._lib.words_python import WORDS, Horner, Horner2

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
WORD_WIDTHS = {"two_prod": 2, "split": 3}  # the words that return several values

Regions = tuple[tuple[Kernel, ...], ...]

#: what a kernel, table or variable cannot be called: the keywords of C++, the names of words.h, our own names
RESERVED = re.compile(
    "alignas|alignof|and_eq|asm|auto|bitand|bitor|bool|case|catch|char|char8_t|char16_t|char32_t|compl|concept|const|"
    "consteval|constexpr|constinit|const_cast|co_await|co_return|co_yield|decltype|default|delete|do|double|"
    "dynamic_cast|enum|explicit|export|extern|false|float|friend|goto|inline|int|long|mutable|namespace|new|noexcept|"
    "not_eq|nullptr|operator|or_eq|private|protected|public|register|reinterpret_cast|requires|short|signed|sizeof|"
    "static|static_assert|static_cast|struct|switch|template|this|thread_local|throw|true|typedef|typeid|typename|"
    "union|unsigned|using|virtual|void|volatile|wchar_t|xor|xor_eq|"
    "Pair|Split|infinity|nan|load|store|fma|P_?[0-9]+|" + "|".join(WORDS.values())
)


class Unsupported(TypeError):
    """A construction outside the language of kernels, with its file and line."""


def number(value: float) -> str:
    """Return the literal of a number, negative ones in parentheses."""
    if value != value:
        return "nan"
    text = repr(value if isinstance(value, int) else float(value)).replace("inf", "infinity")
    return f"({text})" if text.startswith("-") else text


def is_number(value: Any) -> bool:
    """Return whether a constant is a number of the kernel language; True and False are not."""
    return isinstance(value, float | int) and not isinstance(value, bool)


def is_routine(value: Any) -> bool:
    """Return whether an object is a routine by regions (an `Elementwise`), which a kernel may call."""
    return hasattr(value, "regions") and value.n_out == 1


def usable(name: str) -> bool:
    """Return whether a Python name can be a name in the C++ text."""
    return name.isidentifier() and name.isascii() and not RESERVED.fullmatch(name)


class Program:
    """The definitions written so far, callees first, and what each object is called in them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.names: dict[int, str] = {}
        self.functions: dict[int, Function] = {}

    def name(self, value: Any, wanted: str) -> str:
        """Return the C++ name of a kernel, polynomial or table, after writing its definition if there is none yet."""
        if id(value) not in self.names:
            self.names[id(value)] = name = self.free(wanted)
            if not usable(name):
                raise Unsupported(f"{name!r} cannot be the name of a kernel, table or polynomial")
            if isinstance(value, types.FunctionType):
                self.functions[id(value)] = function = Function(self, name, value)
                self.parts.append(function.text)
            elif is_routine(value):
                arguments = [f"a{i}" for i in range(value.n_in)]
                body = self.choice(name, value.region, value.regions, arguments, value.n_out)
                head = ", ".join(f"double {a}" for a in arguments)
                self.parts.append(f"MATHLIB_FUNCTION P1<double> {name}({head}) {{\n{body}}}\n")
            else:
                self.parts.append(definition(name, value))
        return self.names[id(value)]

    def free(self, wanted: str) -> str:
        """Return a name that nothing has; two modules may use one name for two things."""
        taken = set(self.names.values())
        return next(n for n in (f"{wanted}_{n}" if n else wanted for n in count()) if n not in taken)

    def choice(self, name: str, region: Kernel | None, regions: Regions, arguments: list[str], n_out: int) -> str:
        """Return the body of a function that runs the region of its arguments."""

        def call(kernel: Kernel, values: list[str]) -> tuple[str, int | None]:
            called = self.name(kernel, kernel.__name__)
            function = self.functions[id(kernel)]
            if function.arity != len(values):
                raise Unsupported(f"{called!r} takes {function.arity} values and is given {len(values)}")
            return f"{called}({', '.join(values)})", function.width

        which = "0" if region is None else f"int({call(region, arguments)[0]})"
        lines = [f"  switch ({which}) {{"]
        for i, stages in enumerate(regions):
            lines.append(f"  case {i}: {{" if i + 1 < len(regions) else "  default: {")
            values = arguments
            for j, stage in enumerate(stages):
                value, width = call(stage, values)
                lines.append(f"    auto r{j} = {value};")
                values = [f"r{j}"] if width is None else [f"r{j}._{m}" for m in range(width)]
            if len(values) != n_out:
                raise Unsupported(f"region {i} of {name!r} returns {len(values)} values, not {n_out}")
            lines.append(f"    return {{{', '.join(values)}}};\n  }}")
        return "\n".join([*lines, "  }\n"])


class Function:
    """The C++ text of one kernel, its number of arguments and of results (``width``; None: a bare value)."""

    def __init__(self, program: Program, name: str, function: types.FunctionType):
        self.program, self.place, self.known = program, function.__code__, needs(function)
        self.counters: set[str] = set()
        self.temporaries = count()
        try:
            lines, self.first = inspect.getsourcelines(function)
            tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
        except (OSError, SyntaxError) as error:  # made by exec, or a lambda in the middle of an expression
            raise Unsupported(f"{self.place.co_filename}:{self.place.co_firstlineno}: no source of {name!r}") from error
        match tree:
            case ast.FunctionDef(
                args=ast.arguments(posonlyargs=[], args=args, vararg=None, kwonlyargs=[], kwarg=None, defaults=[]),
                body=[*body, ast.Return(value=ast.expr() as result)],
                decorator_list=[],
            ) if all(usable(a.arg) for a in args):
                self.arity, self.names = len(args), {a.arg for a in args}
                statements = [*self.statements(body)]
                self.width, value = self.values(result)
                head = ", ".join(f"auto {a.arg}" for a in args)
                lines = [f"MATHLIB_FUNCTION auto {name}({head}) {{", *statements, f"  return {value};", "}"]
                self.text = "\n".join(lines) + "\n"
            case _:
                raise self.refused(tree)

    def refused(self, node: ast.AST) -> Unsupported:
        line = self.first + getattr(node, "lineno", 1) - 1
        text = ast.unparse(node).splitlines()[0]
        return Unsupported(f"{self.place.co_filename}:{line}: a kernel may not say {text!r}")

    def reference(self, node: ast.Name) -> str:
        """Return the C++ name of the object that a global name means."""
        value, program = self.known[node.id], self.program
        name = program.name(value, node.id)
        if isinstance(value, types.FunctionType) and id(value) not in program.functions:
            raise self.refused(node)  # its definition is not finished: it calls itself
        if name in self.place.co_varnames:
            raise self.refused(node)  # the object has another name elsewhere, and here that one is a variable
        return name

    def operand(self, node: ast.expr) -> str:
        text = self.expression(node)
        return f"({text})" if isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp) else text

    def expression(self, node: ast.expr) -> str:
        e, o = self.expression, self.operand
        match node:
            case ast.Constant(value=float() | int() as v) if is_number(v):
                return number(v)
            case ast.Name(id=name) if name in self.names:
                return name
            case ast.Name(id=name) if is_number(self.known.get(name)):
                return number(self.known[name])
            case ast.UnaryOp(op=ast.USub(), operand=a):
                return f"-{o(a)}"
            case ast.BinOp(left=a, op=ast.Div(), right=b):
                exact = isinstance(a, ast.Constant) and isinstance(a.value, float)
                return f"{e(a) if exact else f'double({e(a)})'} / {o(b)}"  # so Python divides two integers
            case ast.BinOp(left=a, op=op, right=b) if type(op) in BINARY:
                return f"{o(a)} {BINARY[type(op)]} {o(b)}"
            case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in COMPARE:
                return f"{o(a)} {COMPARE[type(op)]} {o(b)}"
            case ast.Subscript(value=ast.Name(id=name) as table, slice=i) if (
                isinstance(self.known.get(name), tuple) and not isinstance(i, ast.UnaryOp)  # table[-1] means another
            ):
                return f"{self.reference(table)}[{e(i)}]"
            case ast.Call(func=ast.Name(id=name) as callee, args=arguments, keywords=[]) if name not in self.names:
                value = self.known.get(name)
                if id(value) in WORDS:
                    return f"{WORDS[id(value)]}({', '.join(map(e, arguments))})"
                if is_routine(value):
                    return f"{self.reference(callee)}({', '.join(map(e, arguments))})._0"
                if isinstance(value, types.FunctionType | Horner | Horner2):
                    return f"{self.reference(callee)}({', '.join(map(e, arguments))})"
        raise self.refused(node)

    def values(self, node: ast.expr) -> tuple[int | None, str]:
        """Return how many values the right side of a statement has (None: a bare one), and its text."""
        text = "" if isinstance(node, ast.Tuple) else self.expression(node)
        match node:
            case ast.Tuple(elts=parts):
                return len(parts), f"P{len(parts)}{{{', '.join(map(self.expression, parts))}}}"
            case ast.Call(func=ast.Name(id=name)) if (key := id(self.known[name])) in WORDS:
                return WORD_WIDTHS.get(WORDS[key]), text
            case ast.Call(func=ast.Name(id=name)) if (key := id(self.known[name])) in self.program.functions:
                return self.program.functions[key].width, text
        return None, text

    def store(self, target: ast.expr, value: str) -> str:
        match target:
            case ast.Name(id=name) if usable(name) and name not in self.counters:
                declare = "" if name in self.names else "auto "
                self.names.add(name)
                return f"  {declare}{name} = {value};"
        raise self.refused(target)

    def statements(self, body: list[ast.stmt]) -> Iterator[str]:
        for node in body:
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    pass
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=right):
                    width, value = self.values(right)
                    if width != len(targets):
                        raise self.refused(node)
                    new = [t.id for t in targets if isinstance(t, ast.Name) and usable(t.id) and t.id not in self.names]
                    if len(set(new)) == width:
                        self.names.update(new)
                        yield f"  auto [{', '.join(new)}] = {value};"
                    else:
                        whole = f"P_{next(self.temporaries)}"
                        yield f"  auto {whole} = {value};"
                        yield from (self.store(target, f"{whole}._{i}") for i, target in enumerate(targets))
                case ast.Assign(targets=[ast.Name() as target], value=right):
                    width, value = self.values(right)
                    if width is not None:
                        raise self.refused(node)
                    yield self.store(target, value)
                case ast.For(
                    target=ast.Name(id=i),
                    iter=ast.Call(func=ast.Name(id="range"), args=[end], keywords=[]),
                    body=inner,
                    orelse=[],
                ) if usable(i) and i not in self.names:
                    outside = set(self.names)
                    self.names.add(i)
                    self.counters.add(i)
                    yield "#pragma unroll"
                    yield f"  for (int {i} = 0; {i} < {self.expression(end)}; ++{i}) {{"
                    yield from ("  " + line for line in self.statements(inner))
                    yield "  }"
                    self.names = outside  # what a loop has defined is not known after it
                    self.counters.remove(i)
                case _:
                    raise self.refused(node)


def horner(c: tuple[float, ...], z: str) -> str:
    """Return c[0] + c[1] z + ... as nested fused multiply-adds."""
    text = repr(float(c[-1]))
    for a in c[-2::-1]:
        text = f"fma({text}, {z}, {float(a)!r})"
    return text


def definition(name: str, value: Any) -> str:
    """Return the C++ text of a polynomial or table."""
    match value:
        case Horner(c=c):
            return f"MATHLIB_FUNCTION double {name}(double z) {{\n  return {horner(c, 'z')};\n}}\n"
        case Horner2(rows=rows):
            lines = [f"  double s = {horner(rows[-1], 't')};"]
            lines += [f"  s = fma(s, w, {horner(row, 't')});" for row in rows[-2::-1]]
            return f"MATHLIB_FUNCTION double {name}(double w, double t) {{\n" + "\n".join(lines) + "\n  return s;\n}\n"
        case tuple() if all(map(is_number, value)):
            return f"MATHLIB_TABLE {name}[{len(value)}] = {{{', '.join(map(number, value))}}};\n"
    raise Unsupported(f"{name!r} is neither a polynomial nor a table of numbers: {value!r}")


def structs(text: str) -> Iterator[str]:
    """Yield the definitions of the tuples P1, P2, ... that ``text`` mentions."""
    for n in sorted({int(n) for n in re.findall(r"\bP(\d+)\b", text)}):
        heads = ", ".join(f"class A{i}" for i in range(n))
        yield f"template <{heads}> struct P{n} {{ {' '.join(f'A{i} _{i};' for i in range(n))} }};\n"


def source(region: Kernel | None, regions: Regions, n_in: int, n_out: int, name: str) -> str:
    """Return C++ text that defines ``mathlib::<name>(double a0, ...)``, returning a struct with members ``_0, ...``.

    ``region`` numbers the entry of ``regions`` that serves an argument (None: there is one); an entry is a tuple of
    stages, each taking what the one before it returns.
    """
    if not usable(name):
        raise Unsupported(f"{name!r} cannot be the name of a routine")
    program, space, arguments = Program(), f"{name}_kernels", [f"a{i}" for i in range(n_in)]
    body = program.choice(name, region, regions, arguments, n_out)
    kernels = "".join(program.parts)
    result = f"P{n_out}<{', '.join(['double'] * n_out)}>"
    head = ", ".join(f"double {a}" for a in arguments)
    chosen = program.free("chosen")
    lines = [
        files("mathlib.gpu").joinpath("words.h").read_text(),
        f"namespace mathlib::{space} {{",
        "".join(structs(kernels + result)) + kernels,
        f"MATHLIB_FUNCTION {result} {chosen}({head}) {{\n{body}}}\n}}",
        "namespace mathlib {",
        f"MATHLIB_FUNCTION {space}::{result} {name}({head}) {{",
        f"  return {space}::{chosen}({', '.join(arguments)});",
        "}\n}\n",
    ]
    return "\n".join(lines)
