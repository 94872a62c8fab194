"""The loop around region kernels as LLVM text: classify a block, gather each region, one SIMD loop per region, scatter.

The function written here is an inner loop of a NumPy ufunc: ``(char **args, npy_intp *dimensions, npy_intp *steps,
void *data)``. Blocks of BLOCK elements are copied into columns of doubles (whatever the strides and the float type of
the arrays), so that regions always see aligned, contiguous, padded vectors. Region choice costs about one nanosecond per
element; a block that lies in one region skips gather and scatter.
"""

from mathlib._lib.bind import Kernel, bind
from mathlib._lib.words_llvm import Value, Words, double

BLOCK = 1024  # elements; the columns of a two-in, two-out function fill 64 KiB of the second-level cache
COLUMN = BLOCK + 16  # from one column to the next: at multiples of 4096 bytes they would compete for the same cache sets
LANES = {"avx512f": 16, "avx2": 8}  # two registers an operation hide the latency of Horner chains
OTHER_LANES = 4
SIZES = {"float": 4, "double": 8}

# Our loops set no floating-point flag and do not depend on a mode that another library left (flush to zero, say).
QUIET = {
    "x86_64": (
        "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
        "  %mode = alloca i32\n  %plain = alloca i32\n  store i32 8064, ptr %plain\n"
        "  call void @llvm.x86.sse.stmxcsr(ptr %mode)\n  call void @llvm.x86.sse.ldmxcsr(ptr %plain)\n",
        "  call void @llvm.x86.sse.ldmxcsr(ptr %mode)\n",
    ),
    "aarch64": (
        "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
        "  %mode = call i64 @llvm.aarch64.get.fpsr()\n",
        "  call void @llvm.aarch64.set.fpsr(i64 %mode)\n",
    ),
}


def module(region: Kernel | None, regions: tuple[tuple[Kernel, ...], ...], n_in: int, n_out: int, width: int, machine: str) -> str:
    """Return a module that exports ``loop_float`` and ``loop_double``."""
    tables: dict[tuple[float, ...], str] = {}
    declared: set[str] = set()
    parts = [_region(k, stages, n_in, n_out, width, tables, declared) for k, stages in enumerate(regions)]
    if region is not None:
        parts.append(_classify(region, n_in, width, tables, declared))
    parts.append(_block(len(regions), n_in, n_out, region is not None))
    before, enter, leave = QUIET.get(machine, ("", "", ""))
    parts += [_copy(*kinds, width) for kinds in (("float", "double"), ("double", "double"), ("double", "float"))]
    parts += [_loop(kind, n_in, n_out, enter, leave) for kind in SIZES]
    constants = [
        f"{name} = internal constant [{len(values)} x double] [{', '.join(f'double {double(v)}' for v in values)}], align 64\n"
        for values, name in tables.items()
    ]
    return before + "".join(sorted(f"{line}\n" for line in declared)) + "".join(constants) + "\n".join(parts)


def _trace(stages: tuple[Kernel, ...], n_in: int, width: int, tables: dict[tuple[float, ...], str], declared: set[str]) -> tuple[Words, list[str]]:
    """Run the stages one after the other on the inputs %a0, %a1, ...; return the words used and the names of the results."""
    words = Words(width)
    words.tables, words.declared = tables, declared
    results = tuple(Value(words, f"%a{i}") for i in range(n_in))
    for stage in stages:
        results = bind(stage, words)(*results)
        results = results if isinstance(results, tuple) else (results,)
    return words, [words.name(r) for r in results]


def _columns(what: str, base: str, count: int, index: str) -> str:
    """Pointers %{what}{i} to element ``index`` of the first ``count`` columns behind ``base``."""
    lines = [
        f"  %{what}c{i} = getelementptr double, ptr {base}, i64 {i * COLUMN}\n"
        f"  %{what}{i} = getelementptr double, ptr %{what}c{i}, i64 {index}\n"
        for i in range(count)
    ]
    return "".join(lines)


def _loads(n_in: int, d: str) -> str:
    return _columns("p", "%in", n_in, "%j") + "".join(f"  %a{i} = load {d}, ptr %p{i}, align 64\n" for i in range(n_in))


def _region(k: int, stages: tuple[Kernel, ...], n_in: int, n_out: int, width: int, tables: dict[tuple[float, ...], str], declared: set[str]) -> str:
    """All stages of one region on the first %size elements of the columns; the last vector may read and write padding."""
    words, results = _trace(stages, n_in, width, tables, declared)
    if len(results) != n_out:
        raise TypeError(f"region {k} ends in {stages[-1].__name__}, which returns {len(results)} values, not {n_out}")
    stores = "".join(f"  store {words.d} {r}, ptr %q{i}, align 64\n" for i, r in enumerate(results))
    return (
        f"define internal void @region{k}(ptr %in, ptr %out, i64 %size) {{\nentry:\n  br label %loop\n"
        "loop:\n  %j = phi i64 [0, %entry], [%next, %loop]\n"
        + _loads(n_in, words.d) + "\n".join(words.lines) + "\n" + _columns("q", "%out", n_out, "%j") + stores
        + f"  %next = add i64 %j, {width}\n  %more = icmp ult i64 %next, %size\n  br i1 %more, label %loop, label %done\n"
        "done:\n  ret void\n}\n"
    )


def _classify(region: Kernel, n_in: int, width: int, tables: dict[tuple[float, ...], str], declared: set[str]) -> str:
    """Write the region number of each element; return 0 when the whole (padded) block is of one region."""
    words, (result,) = _trace((region,), n_in, width, tables, declared)
    i32 = words.i32
    declared.add(f"declare i32 @llvm.vector.reduce.or.v{width}i32({i32})")
    zeros = ", ".join(["i32 0"] * width)
    return (
        "define internal i32 @classify(ptr %in, ptr %which, i64 %size) {\nentry:\n  br label %loop\n"
        f"loop:\n  %j = phi i64 [0, %entry], [%next, %loop]\n  %mixed = phi {i32} [zeroinitializer, %entry], [%mixed2, %loop]\n"
        + _loads(n_in, words.d) + "\n".join(words.lines)
        + f"\n  %w = fptosi {words.d} {result} to {i32}\n  %o = getelementptr i32, ptr %which, i64 %j\n  store {i32} %w, ptr %o, align 64\n"
        f"  %f = load i32, ptr %which\n  %f0 = insertelement {i32} poison, i32 %f, i32 0\n"
        f"  %f1 = shufflevector {i32} %f0, {i32} poison, <{width} x i32> <{zeros}>\n"
        f"  %x = xor {i32} %w, %f1\n  %mixed2 = or {i32} %mixed, %x\n"
        f"  %next = add i64 %j, {width}\n  %more = icmp ult i64 %next, %size\n  br i1 %more, label %loop, label %done\n"
        f"done:\n  %r = call i32 @llvm.vector.reduce.or.v{width}i32({i32} %mixed2)\n  ret i32 %r\n}}\n"
    )


def _block(count: int, n_in: int, n_out: int, choice: bool) -> str:
    """One block: columns %in -> columns %out. Lists of the elements of each region, then region by region."""
    if not choice:
        return (
            "define internal void @block(ptr %in, ptr %out, i64 %size) {\n"
            "  call void @region0(ptr %in, ptr %out, i64 %size)\n  ret void\n}\n"
        )
    ks = range(count)
    text = _gather(n_in) + _scatter(n_out)
    text += (
        "define internal void @block(ptr %in, ptr %out, i64 %size) {\n"
        f"entry:\n  %which = alloca [{BLOCK} x i32], align 64\n  %index = alloca [{COLUMN * count} x i32], align 64\n"
        f"  %dense = alloca [{COLUMN * n_in} x double], align 64\n  %result = alloca [{COLUMN * n_out} x double], align 64\n"
        "  %mixed = call i32 @classify(ptr %in, ptr %which, i64 %size)\n"
        "  %one = icmp eq i32 %mixed, 0\n  br i1 %one, label %whole, label %lists\n"
        "whole:\n  %first = load i32, ptr %which\n  switch i32 %first, label %done [ "
        + " ".join(f"i32 {k}, label %whole{k}" for k in ks) + " ]\n"
    )
    for k in ks:
        text += f"whole{k}:\n  call void @region{k}(ptr %in, ptr %out, i64 %size)\n  br label %done\n"
    text += "lists:\n  %j = phi i64 [0, %entry], [%next, %lists]\n"
    text += "".join(f"  %n{k} = phi i64 [0, %entry], [%m{k}, %lists]\n" for k in ks)
    text += "  %wp = getelementptr i32, ptr %which, i64 %j\n  %w = load i32, ptr %wp\n  %j32 = trunc i64 %j to i32\n"
    for k in ks:  # no branch: write always, advance where it counts
        text += (
            f"  %b{k} = getelementptr i32, ptr %index, i64 {k * COLUMN}\n  %s{k} = getelementptr i32, ptr %b{k}, i64 %n{k}\n"
            f"  store i32 %j32, ptr %s{k}\n  %c{k} = icmp eq i32 %w, {k}\n  %z{k} = zext i1 %c{k} to i64\n  %m{k} = add i64 %n{k}, %z{k}\n"
        )
    text += "  %next = add i64 %j, 1\n  %more = icmp ult i64 %next, %size\n  br i1 %more, label %lists, label %try0\n"
    for k in ks:
        text += (
            f"try{k}:\n  %any{k} = icmp ne i64 %m{k}, 0\n  br i1 %any{k}, label %run{k}, label %try{k + 1}\n"
            f"run{k}:\n  call void @gather(ptr %in, ptr %dense, ptr %b{k}, i64 %m{k})\n"
            f"  call void @region{k}(ptr %dense, ptr %result, i64 %m{k})\n"
            f"  call void @scatter(ptr %result, ptr %out, ptr %b{k}, i64 %m{k})\n  br label %try{k + 1}\n"
        )
    return text + f"try{count}:\n  br label %done\ndone:\n  ret void\n}}\n"


def _gather(n_in: int) -> str:
    """Dense columns of the listed elements. Padding needs no care: what stands there is some earlier element."""
    return (
        "define internal void @gather(ptr %in, ptr %dense, ptr %index, i64 %size) {\nentry:\n  br label %loop\n"
        "loop:\n  %j = phi i64 [0, %entry], [%next, %loop]\n  %ip = getelementptr i32, ptr %index, i64 %j\n"
        "  %i32 = load i32, ptr %ip\n  %i = zext i32 %i32 to i64\n"
        + _columns("p", "%in", n_in, "%i") + _columns("q", "%dense", n_in, "%j")
        + "".join(f"  %a{i} = load double, ptr %p{i}\n  store double %a{i}, ptr %q{i}\n" for i in range(n_in))
        + "  %next = add i64 %j, 1\n  %more = icmp ult i64 %next, %size\n  br i1 %more, label %loop, label %done\n"
        "done:\n  ret void\n}\n"
    )


def _scatter(n_out: int) -> str:
    return (
        "define internal void @scatter(ptr %result, ptr %out, ptr %index, i64 %size) {\nentry:\n  br label %loop\n"
        "loop:\n  %j = phi i64 [0, %entry], [%next, %loop]\n  %ip = getelementptr i32, ptr %index, i64 %j\n"
        "  %i32 = load i32, ptr %ip\n  %i = zext i32 %i32 to i64\n"
        + _columns("p", "%result", n_out, "%j") + _columns("q", "%out", n_out, "%i")
        + "".join(f"  %a{i} = load double, ptr %p{i}\n  store double %a{i}, ptr %q{i}\n" for i in range(n_out))
        + "  %next = add i64 %j, 1\n  %more = icmp ult i64 %next, %size\n  br i1 %more, label %loop, label %done\n"
        "done:\n  ret void\n}\n"
    )


def _copy(source: str, target: str, width: int) -> str:
    """``size`` elements between two strided arrays, converted: by whole vectors where both are contiguous."""
    convert = {("float", "double"): "fpext", ("double", "float"): "fptrunc"}.get((source, target))
    vs, vt = f"<{width} x {source}>", f"<{width} x {target}>"
    whole = f"  %y = {convert} {vs} %x to {vt}\n" if convert else ""
    each = f"  %ey = {convert} {source} %ex to {target}\n" if convert else ""
    y, ey = ("%y", "%ey") if convert else ("%x", "%ex")
    return f"""define internal void @copy_{source}_{target}(ptr %from, i64 %fs, ptr %to, i64 %ts, i64 %size) {{
entry:
  %f1 = icmp eq i64 %fs, {SIZES[source]}
  %t1 = icmp eq i64 %ts, {SIZES[target]}
  %vectors = and i64 %size, {-width}
  %some = icmp ne i64 %vectors, 0
  %unit = and i1 %f1, %t1
  %fast = and i1 %unit, %some
  br i1 %fast, label %whole, label %rest
whole:
  %j = phi i64 [0, %entry], [%next, %whole]
  %p = getelementptr {source}, ptr %from, i64 %j
  %q = getelementptr {target}, ptr %to, i64 %j
  %x = load {vs}, ptr %p, align 1
{whole}  store {vt} {y}, ptr %q, align 1
  %next = add i64 %j, {width}
  %more = icmp ult i64 %next, %vectors
  br i1 %more, label %whole, label %rest
rest:
  %start = phi i64 [0, %entry], [%vectors, %whole]
  %any = icmp ult i64 %start, %size
  br i1 %any, label %each, label %done
each:
  %k = phi i64 [%start, %rest], [%knext, %each]
  %fo = mul i64 %k, %fs
  %to_ = mul i64 %k, %ts
  %ep = getelementptr i8, ptr %from, i64 %fo
  %eq = getelementptr i8, ptr %to, i64 %to_
  %ex = load {source}, ptr %ep, align 1
{each}  store {target} {ey}, ptr %eq, align 1
  %knext = add i64 %k, 1
  %kmore = icmp ult i64 %knext, %size
  br i1 %kmore, label %each, label %done
done:
  ret void
}}
"""


def _loop(kind: str, n_in: int, n_out: int, enter: str, leave: str) -> str:
    """The exported inner loop over blocks for arrays of ``kind``."""
    text = f"define void @loop_{kind}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{\nentry:\n"
    text += f"  %in = alloca [{COLUMN * n_in} x double], align 64\n  %out = alloca [{COLUMN * n_out} x double], align 64\n"
    text += enter + "  %n = load i64, ptr %dimensions\n"
    for i in range(n_in + n_out):
        text += (
            f"  %ap{i} = getelementptr ptr, ptr %args, i64 {i}\n  %x{i} = load ptr, ptr %ap{i}\n"
            f"  %sp{i} = getelementptr i64, ptr %steps, i64 {i}\n  %s{i} = load i64, ptr %sp{i}\n"
        )
    text += "  %any = icmp sgt i64 %n, 0\n  br i1 %any, label %loop, label %done\nloop:\n  %start = phi i64 [0, %entry], [%next, %loop]\n"
    text += f"  %left = sub i64 %n, %start\n  %big = icmp ugt i64 %left, {BLOCK}\n  %size = select i1 %big, i64 {BLOCK}, i64 %left\n"
    for i in range(n_in):
        text += (
            f"  %o{i} = mul i64 %start, %s{i}\n  %b{i} = getelementptr i8, ptr %x{i}, i64 %o{i}\n"
            f"  %c{i} = getelementptr double, ptr %in, i64 {i * COLUMN}\n"
            f"  call void @copy_{kind}_double(ptr %b{i}, i64 %s{i}, ptr %c{i}, i64 8, i64 %size)\n"
        )
    text += "  call void @block(ptr %in, ptr %out, i64 %size)\n"
    for i in range(n_in, n_in + n_out):
        text += (
            f"  %o{i} = mul i64 %start, %s{i}\n  %b{i} = getelementptr i8, ptr %x{i}, i64 %o{i}\n"
            f"  %c{i} = getelementptr double, ptr %out, i64 {(i - n_in) * COLUMN}\n"
            f"  call void @copy_double_{kind}(ptr %c{i}, i64 8, ptr %b{i}, i64 %s{i}, i64 %size)\n"
        )
    text += f"  %next = add i64 %start, {BLOCK}\n  %more = icmp ult i64 %next, %n\n  br i1 %more, label %loop, label %done\ndone:\n"
    return text + leave + "  ret void\n}\n"
