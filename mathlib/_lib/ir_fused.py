"""The loop around one long expression as LLVM text: read the arrays where they are, repair the few marked elements.

Like `ir_loop`, this writes inner loops of a NumPy ufunc. Contiguous float64 arrays are read and written in place; other
strides, float32 and the last few elements go through columns. The ``fast`` kernel marks in a bit mask what it is not
right for; those elements are gathered, computed by ``full`` and scattered back. Without ``full`` the loop only
reports, by the first word behind ``data``, that some element was marked. Routines that work by regions run on the whole
block, their operands and results in columns; the addresses of their ``block`` functions are the further words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from mathlib._lib import ir_loop
from mathlib._lib.bind import Kernel, bind, needs
from mathlib._lib.ir_loop import QUIET, SIZES, vectors
from mathlib._lib.words_llvm import Value, Words, pieces
from mathlib._lib.words_python import WORDS

STACK = 1 << 19  # bytes of the columns of a block
MOST_STACK = 1 << 20  # bytes; larger buffers are on the heap
HEAP = "declare ptr @PyMem_RawMalloc(i64)\ndeclare void @PyMem_RawFree(ptr)\n"  # they need no lock of the interpreter
PIECE = 400  # lines of a function into which a longer text is cut


@dataclass(frozen=True)
class Call:
    """Routines called on a block: ``kernel`` computes their operands one after the other, ``operands`` of each."""

    kernel: Kernel
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """
    What the loop runs over; ``fast`` or ``full`` may be missing, as may ``calls``.

    Attributes
    ----------
    calls : sequence of Call
        They come first. The results of each are further arguments of what follows.
    fast : callable or None
        Returns the results and a last number, 1.0 where they are right.
    full : callable or None
        Returns the results.
    n_in, n_out : int
        Numbers of arguments and results.
    """

    calls: Sequence[Call]
    fast: Kernel | None
    full: Kernel | None
    n_in: int
    n_out: int

    @property
    def n_calls(self) -> int:
        """The number of results of routines."""
        return sum(len(call.operands) for call in self.calls)

    @property
    def n_columns(self) -> int:
        """The number of columns of a block: arguments, results of routines, results."""
        return self.n_in + self.n_calls + self.n_out

    @property
    def block(self) -> int:
        """The number of elements of a block."""
        if self.calls:
            return ir_loop.BLOCK
        return max(16, min(ir_loop.BLOCK, STACK // (8 * self.n_columns) // 16 * 16))


def module(loop: Loop, width: int, full_width: int, machine: str, calls: bool = False) -> str:
    """Return a module that exports ``loop_float`` and ``loop_double``.

    ``width`` and ``full_width`` are the lanes of the fast and the full kernel. With ``calls`` the functions in them are
    called instead of written out: less to compile, slower to run.
    """
    words, narrow = Words(width, calls), Words(full_width, calls)
    narrow.tables, narrow.declared = words.tables, words.declared
    parts = []
    known = loop.n_in
    for k, call in enumerate(loop.calls):
        parts.append(_stage(f"stage{k}", call.kernel, known, words.fresh()))
        known += len(call.operands)
    if loop.fast is not None:
        parts.append(_fast(loop, words.fresh()))
        parts.append(_repair(loop, width) if loop.full is not None else "")
    if loop.full is not None:
        parts.append(_full(loop, (words if loop.fast is None else narrow).fresh()))
    parts.append(_run(loop))
    declarations, enter, leave = QUIET.get(machine, ("", "", ""))
    declarations += HEAP
    parts += [ir_loop.copy(*kinds, width) for kinds in (("float", "double"), ("double", "double"), ("double", "float"))]
    parts += [_fetch(kind, width) for kind in SIZES]
    parts += [_loop(kind, loop, width, enter, leave) for kind in SIZES]
    inner = [text for w in (words, narrow) for _, text in w.functions.values()]
    return declarations + words.header() + "\n".join([*inner, *parts])


def scalar(kernel: Kernel, count: int) -> str:
    """Return a module that exports ``double scalar(double, ...)``: the kernel for one element."""
    words = Words(1)
    arguments: list[Any] = [Value(words, f"%a{i}") for i in range(count)] or [0.0]  # for a constant, anything
    result = words.name(bind(kernel, words)(*arguments))
    given = "".join(f"  %a{i} = insertelement {words.d} poison, double %x{i}, i32 0\n" for i in range(count))
    body = "\n".join(words.lines)
    return f"""{words.header()}define double @scalar({", ".join(f"double %x{i}" for i in range(count))}) {{
{given}{body}
  %r = extractelement {words.d} {result}, i32 0
  ret double %r
}}
"""


def _pointers(first: int, count: int, what: str, only: Iterable[int] | None = None) -> str:
    """%{what}0, %{what}1, ...: the columns from number ``first`` on, out of the list behind %at."""
    return "".join(
        f"  %s{what}{i} = getelementptr ptr, ptr %at, i64 {first + i}\n  %{what}{i} = load ptr, ptr %s{what}{i}\n"
        for i in (range(count) if only is None else only)
    )


def _room(name: str, size: int) -> tuple[str, str]:
    """Text that makes a buffer of ``size`` bytes, aligned to 64, and text that releases it."""
    if size <= MOST_STACK:
        return f"  %{name} = alloca [{size} x i8], align 64\n", ""
    get = f"""  %{name}heap = call ptr @PyMem_RawMalloc(i64 {size + 64})
  %{name}end = getelementptr i8, ptr %{name}heap, i64 63
  %{name}round = ptrtoint ptr %{name}end to i64
  %{name}at = and i64 %{name}round, -64
  %{name} = inttoptr i64 %{name}at to ptr
"""
    return get, f"  call void @PyMem_RawFree(ptr %{name}heap)\n"


@dataclass
class Body:
    """A loop over vectors: text before it, inside and after it, its results, functions that it calls."""

    before: str
    text: str
    results: list[str]
    functions: str = ""
    after: str = ""


def _body(name: str, kernel: Kernel, count: int, words: Words) -> Body:
    """Load ``count`` arguments and run the kernel."""
    kernels = [k for k in needs(kernel).values() if isinstance(k, FunctionType) and id(k) not in WORDS]  # type: ignore[arg-type]
    done = {id(k): words.called(k) for k in kernels} if words.calls else {}
    values = bind(kernel, words, done)(*(Value(words, f"%a{i}") for i in range(count)))
    results = [words.name(v) for v in (values if isinstance(values, tuple) else (values,))]
    if len(words.lines) <= 4 * PIECE:
        return Body("", _loads(range(count), words) + "\n".join(words.lines) + "\n", results)
    slot: dict[str, int] = {}
    functions, calls = "", ""
    for k, (lines, taken, given) in enumerate(pieces(words.lines, results, PIECE)):
        slot.update({value: len(slot) + n for n, value in enumerate(given)})
        read = sorted({int(i) for line in lines for i in re.findall(r"%a(\d+)", line)})
        inside = _pointers(0, count, "p", only=read) + _loads(read, words)
        inside += "".join(_slot(slot[v], f"{v.rpartition(' ')[2]}", v, "load") for v in taken) + "\n".join(lines) + "\n"
        inside += "".join(_slot(slot[v], "", v, "store") for v in given)
        functions += f"define internal void @{name}{k}(ptr %at, ptr %values, i64 %j) {{\n{inside}  ret void\n}}\n"
        calls += f"  call void @{name}{k}(ptr %at, ptr %values, i64 %j)\n"
    ends = {r: f"{words.d} {r}" for r in results}
    calls += "".join(_slot(slot[v], r, v, "load") for r, v in ends.items() if v in slot)
    calls += _loads([i for i in range(count) if f"%a{i}" in results], words)
    get, release = _room("values", 128 * len(slot))
    return Body(get, calls, results, functions, release)


def _loads(which: Iterable[int], words: Words) -> str:
    return "".join(
        f"  %e{i} = getelementptr double, ptr %p{i}, i64 %j\n  %a{i} = load {words.d}, ptr %e{i}, align 8\n"
        for i in which
    )


def _slot(number: int, name: str, value: str, how: str) -> str:
    """Load or store a value that goes from one piece to another; each has 128 bytes."""
    kind = value.rpartition(" ")[0]
    pointer = f"%slot{number}"
    text = f"  {pointer} = getelementptr [128 x i8], ptr %values, i64 {number}\n"
    return text + (f"  {name} = load {kind}, ptr {pointer}\n" if how == "load" else f"  store {value}, ptr {pointer}\n")


def _stores(results: Sequence[str], words: Words) -> str:
    return "".join(
        f"  %f{i} = getelementptr double, ptr %q{i}, i64 %j\n  store {words.d} {r}, ptr %f{i}, align 8\n"
        for i, r in enumerate(results)
    )


def _stage(name: str, kernel: Kernel, count: int, words: Words) -> str:
    """Operands of routines, from the first ``count`` columns to those behind %operands."""
    body = _body(f"{name}_", kernel, count, words)
    targets = "".join(
        f"  %q{i} = getelementptr double, ptr %operands, i64 {i * ir_loop.COLUMN}\n" for i in range(len(body.results))
    )
    head = f"void @{name}(ptr %at, ptr %operands, i64 %size)"
    before = _pointers(0, count, "p") + targets + body.before
    return body.functions + vectors(
        head, before, "", body.text + _stores(body.results, words), words.width, f"{body.after}  ret void\n"
    )


def _fast(loop: Loop, words: Words) -> str:
    """The fast kernel on a block; bits of %mask are set for marked elements; the result tells whether any is."""
    assert loop.fast is not None
    count, w = loop.n_in + loop.n_calls, words.width
    body = _body("fast_", loop.fast, count, words)
    *results, ok = body.results
    mask = max(w, 8)
    widen = f"zext i{w} %inside to i{mask}" if w < 8 else f"add i{w} %inside, 0"
    text = (
        body.text
        + _stores(results, words)
        + f"""  %marked = fcmp une {words.d} {ok}, {words.splat("double", "1.0")}
  %few = bitcast {words.i1} %marked to i{w}
  %left = sub i64 %size, %j
  %whole = icmp uge i64 %left, {w}
  %lanes = shl i64 -1, %left
  %padding = select i1 %whole, i64 0, i64 %lanes
  %present = xor i64 %padding, -1
  %present{w} = trunc i64 %present to i{w}
  %inside = and i{w} %few, %present{w}
  %bits = {widen}
  %word = udiv i64 %j, {w}
  %wp = getelementptr i{mask}, ptr %mask, i64 %word
  store i{mask} %bits, ptr %wp
  %any2 = or i{mask} %any, %bits
"""
    )
    pointers = _pointers(0, count, "p") + _pointers(count, loop.n_out, "q") + body.before
    setup = f"  %any = phi i{mask} [0, %entry], [%any2, %loop]\n"
    end = f"{body.after}  %r = icmp ne i{mask} %any2, 0\n  ret i1 %r\n"
    return body.functions + vectors("i1 @fast(ptr %at, ptr %mask, i64 %size)", pointers, setup, text, w, end)


def _full(loop: Loop, words: Words) -> str:
    """The full kernel on a block."""
    assert loop.full is not None
    count = loop.n_in + loop.n_calls
    body = _body("full_", loop.full, count, words)
    pointers = _pointers(0, count, "p") + _pointers(count, loop.n_out, "q") + body.before
    text = body.text + _stores(body.results, words)
    end = f"{body.after}  ret void\n"
    return body.functions + vectors("void @full(ptr %at, i64 %size)", pointers, "", text, words.width, end)


def _repair(loop: Loop, width: int) -> str:
    """Gather the marked elements of a block, run the full kernel on them, scatter the results."""
    count, mask, column = loop.n_in + loop.n_calls, max(width, 8), loop.block + 16
    everything = range(loop.n_columns)
    targets = "".join(
        f"""  %d{i} = getelementptr double, ptr %dense, i64 {i * column}
  %t{i} = getelementptr ptr, ptr %to, i64 {i}
  store ptr %d{i}, ptr %t{i}
"""
        for i in everything
    )

    def moved(a: int, source: str, at: str, target: str, to: str) -> str:
        return f"""  %g{a} = getelementptr double, ptr {source}, i64 {at}
  %v{a} = load double, ptr %g{a}
  %h{a} = getelementptr double, ptr {target}, i64 {to}
  store double %v{a}, ptr %h{a}
"""

    dense, release = _room("dense", 8 * column * loop.n_columns)
    gathered = "".join(moved(i, f"%p{i}", "%i", f"%d{i}", "%k") for i in range(count))
    scattered = "".join(moved(i, f"%d{i}", "%k2", f"%p{i}", "%i2") for i in everything[count:])
    return f"""declare i64 @llvm.cttz.i64(i64, i1)
define internal void @repair(ptr %at, ptr %mask, i64 %size) {{
entry:
{dense}  %to = alloca [{loop.n_columns} x ptr]
  %list = alloca [{loop.block + 1} x i32]
{_pointers(0, loop.n_columns, "p")}{targets}  br label %words
words:
  %w = phi i64 [0, %entry], [%w2, %after]
  %n = phi i64 [0, %entry], [%n3, %after]
  %wp = getelementptr i{mask}, ptr %mask, i64 %w
  %word = load i{mask}, ptr %wp
  %wide = zext i{mask} %word to i64
  %first = mul i64 %w, {width}
  %none = icmp eq i64 %wide, 0
  br i1 %none, label %after, label %bits
bits:
  %m = phi i64 [%wide, %words], [%m2, %bits]
  %nb = phi i64 [%n, %words], [%n2, %bits]
  %z = call i64 @llvm.cttz.i64(i64 %m, i1 true)
  %e = add i64 %first, %z
  %e32 = trunc i64 %e to i32
  %lp = getelementptr i32, ptr %list, i64 %nb
  store i32 %e32, ptr %lp
  %n2 = add i64 %nb, 1
  %less = sub i64 %m, 1
  %m2 = and i64 %m, %less
  %empty = icmp eq i64 %m2, 0
  br i1 %empty, label %after, label %bits
after:
  %n3 = phi i64 [%n, %words], [%n2, %bits]
  %w2 = add i64 %w, 1
  %reached = mul i64 %w2, {width}
  %more = icmp ult i64 %reached, %size
  br i1 %more, label %words, label %gather
gather:
  %k = phi i64 [0, %after], [%kn, %gather]
  %kp = getelementptr i32, ptr %list, i64 %k
  %i32 = load i32, ptr %kp
  %i = zext i32 %i32 to i64
{gathered}  %kn = add i64 %k, 1
  %gmore = icmp ult i64 %kn, %n3
  br i1 %gmore, label %gather, label %run
run:
  call void @full(ptr %to, i64 %n3)
  br label %scatter
scatter:
  %k2 = phi i64 [0, %run], [%kn2, %scatter]
  %kp2 = getelementptr i32, ptr %list, i64 %k2
  %i232 = load i32, ptr %kp2
  %i2 = zext i32 %i232 to i64
{scattered}  %kn2 = add i64 %k2, 1
  %smore = icmp ult i64 %kn2, %n3
  br i1 %smore, label %scatter, label %done
done:
{release}  ret void
}}
"""


def _run(loop: Loop) -> str:
    """One block: stages and routines, then the kernel, then repair."""
    widest = max((sum(call.operands) for call in loop.calls), default=0)
    text, release = _room("operands", 8 * max(1, widest) * ir_loop.COLUMN) if loop.calls else ("", "")
    number = 0
    for k, call in enumerate(loop.calls):
        text += f"  call void @stage{k}(ptr %at, ptr %operands, i64 %size)\n"
        before = 0
        for count in call.operands:
            text += f"""  %o{number} = getelementptr double, ptr %operands, i64 {before * ir_loop.COLUMN}
  %rs{number} = getelementptr ptr, ptr %at, i64 {loop.n_in + number}
  %r{number} = load ptr, ptr %rs{number}
  %bs{number} = getelementptr ptr, ptr %data, i64 {number + 1}
  %b{number} = load ptr, ptr %bs{number}
  call void %b{number}(ptr %o{number}, ptr %r{number}, i64 %size)
"""
            before += count
            number += 1
    if loop.fast is None:
        text += f"  call void @full(ptr %at, i64 %size)\n{release}  ret void\n"
    else:
        repair = (
            "call void @repair(ptr %at, ptr %mask, i64 %size)" if loop.full is not None else "store i64 1, ptr %data"
        )
        text += f"""  %mask = alloca [{loop.block + 16} x i8], align 64
  %bad = call i1 @fast(ptr %at, ptr %mask, i64 %size)
  br i1 %bad, label %repair, label %done
repair:
  {repair}
  br label %done
done:
{release}  ret void
"""
    return f"define internal void @run(ptr %at, i64 %size, ptr %data) {{\nentry:\n{text}}}\n"


def _fetch(kind: str, width: int) -> str:
    """Where to read ``size`` elements as doubles: the array itself if %direct allows, else a column."""
    v = f"<{width} x double>"
    load = "  %x = load double, ptr %from, align 1\n"
    if kind == "float":
        load = "  %raw = load float, ptr %from, align 1\n  %x = fpext float %raw to double\n"
    unit = 8 if kind == "double" else -1
    return f"""define internal ptr @fetch_{kind}(ptr %from, i64 %step, ptr %column, i1 %direct, i64 %size) {{
entry:
  %unit = icmp eq i64 %step, {unit}
  %here = and i1 %unit, %direct
  br i1 %here, label %as_is, label %moved
as_is:
  ret ptr %from
moved:
  %still = icmp eq i64 %step, 0
  br i1 %still, label %one, label %copy
one:
{load}  %x0 = insertelement {v} poison, double %x, i32 0
  %xs = shufflevector {v} %x0, {v} poison, <{width} x i32> zeroinitializer
  br label %fill
fill:
  %j = phi i64 [0, %one], [%next, %fill]
  %p = getelementptr double, ptr %column, i64 %j
  store {v} %xs, ptr %p, align 64
  %next = add i64 %j, {width}
  %more = icmp ult i64 %next, %size
  br i1 %more, label %fill, label %filled
filled:
  ret ptr %column
copy:
  call void @copy_{kind}_double(ptr %from, i64 %step, ptr %column, i64 8, i64 %size)
  ret ptr %column
}}
"""


def _each(name: str, after: str, first: int, count: int, shift: int, body: str, loop: Loop) -> str:
    """A loop over the columns ``first`` ... of a block, whose array is argument number column - shift.

    ``body`` has %c, the column, %slot, its place behind %at, and %b and %s, the array at this block and its step.
    """
    return f"""  br label %{name}
{name}:
  %i{name} = phi i64 [{first}, %{after}], [%n{name}, %{name}end]
  %a{name} = sub i64 %i{name}, {shift}
  %ap{name} = getelementptr ptr, ptr %args, i64 %a{name}
  %x{name} = load ptr, ptr %ap{name}
  %sp{name} = getelementptr i64, ptr %steps, i64 %a{name}
  %s{name} = load i64, ptr %sp{name}
  %o{name} = mul i64 %start, %s{name}
  %b{name} = getelementptr i8, ptr %x{name}, i64 %o{name}
  %k{name} = mul i64 %i{name}, {loop.block + 16}
  %c{name} = getelementptr double, ptr %columns, i64 %k{name}
  %slot{name} = getelementptr ptr, ptr %at, i64 %i{name}
{body}  br label %{name}end
{name}end:
  %n{name} = add i64 %i{name}, 1
  %m{name} = icmp ult i64 %n{name}, {first + count}
  br i1 %m{name}, label %{name}, label %{name}done
{name}done:
"""


def _loop(kind: str, loop: Loop, width: int, enter: str, leave: str) -> str:
    """The exported inner loop over blocks for arrays of ``kind``."""
    column = loop.block + 16
    in_place = 8 if kind == "double" else -1
    results = "".join(
        f"""  %c{i} = getelementptr double, ptr %columns, i64 {i * column}
  %slot{i} = getelementptr ptr, ptr %at, i64 {i}
  store ptr %c{i}, ptr %slot{i}
"""
        for i in range(loop.n_in, loop.n_in + loop.n_calls)
    )
    read = f"""  %f = call ptr @fetch_{kind}(ptr %bread, i64 %sread, ptr %cread, i1 %many, i64 %size)
  store ptr %f, ptr %slotread
"""
    place = f"""  %unit = icmp eq i64 %splace, {in_place}
  %direct = and i1 %unit, %many
  %q = select i1 %direct, ptr %bplace, ptr %cplace
  store ptr %q, ptr %slotplace
"""
    write = f"""  %filled = load ptr, ptr %slotwrite
  %apart = icmp eq ptr %filled, %cwrite
  br i1 %apart, label %copy, label %writeend
copy:
  call void @copy_double_{kind}(ptr %cwrite, i64 8, ptr %bwrite, i64 %swrite, i64 %size)
"""
    get, release = _room("columns", 8 * column * loop.n_columns)
    first = loop.n_in + loop.n_calls
    reads = _each("read", "block", 0, loop.n_in, 0, read, loop) if loop.n_in else ""
    places = _each("place", "readdone" if loop.n_in else "block", first, loop.n_out, loop.n_calls, place, loop)
    writes = _each("write", "placedone", first, loop.n_out, loop.n_calls, write, loop)
    return f"""define void @loop_{kind}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{
entry:
  %at = alloca [{loop.n_columns} x ptr]
{get}{enter}  %n = load i64, ptr %dimensions
{results}  %any = icmp sgt i64 %n, 0
  br i1 %any, label %block, label %done
block:
  %start = phi i64 [0, %entry], [%next, %writedone]
  %left = sub i64 %n, %start
  %many = icmp uge i64 %left, {width}
  %vectors = and i64 %left, {-width}
  %part = select i1 %many, i64 %vectors, i64 %left
  %big = icmp ugt i64 %part, {loop.block}
  %size = select i1 %big, i64 {loop.block}, i64 %part
{reads}{places}  call void @run(ptr %at, i64 %size, ptr %data)
{writes}  %next = add i64 %start, %size
  %more = icmp ult i64 %next, %n
  br i1 %more, label %block, label %done
done:
{release}{leave}  ret void
}}
"""
