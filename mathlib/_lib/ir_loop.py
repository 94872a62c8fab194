"""The loop around region kernels as LLVM text: classify a block, gather each region, one SIMD loop per region, scatter.

The function written here is an inner loop of a NumPy ufunc: ``(char **args, npy_intp *dimensions, npy_intp *steps,
void *data)``. Blocks of elements are copied into columns of doubles, whatever the strides and the float type of the
arrays, so that regions see aligned, contiguous vectors. The last vector of a column may read and write padding:
whatever stands there is computed and not used. A block that lies in one region skips gather and scatter.
"""

from mathlib._lib.bind import Kernel, bind, composed
from mathlib._lib.words_llvm import Value, Words

BLOCK = 2048  # elements; the columns of a two-in, two-out function fill an eighth of a mebibyte of cache and stack
COLUMN = BLOCK + 16  # between columns: at multiples of 4096 bytes they would compete for the same cache sets
LANES = {"avx512f": 16, "avx2": 8}  # two registers an operation hide the latency of Horner chains
OTHER_LANES = 4
SIZES = {"float": 4, "double": 8}

Regions = tuple[tuple[Kernel, ...], ...]

# (declarations, at entry, at exit) by machine: our loops set no floating-point flag, and do not depend on a mode that
# another library left behind (flush to zero, say).
QUIET = {
    "x86_64": (
        "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
        """  %mode = alloca i32
  %plain = alloca i32
  store i32 8064, ptr %plain
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  call void @llvm.x86.sse.ldmxcsr(ptr %plain)
""",
        "  call void @llvm.x86.sse.ldmxcsr(ptr %mode)\n",
    ),
    "aarch64": (
        "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
        "  %mode = call i64 @llvm.aarch64.get.fpsr()\n",
        "  call void @llvm.aarch64.set.fpsr(i64 %mode)\n",
    ),
}
QUIET["AMD64"] = QUIET["x86_64"]
QUIET["arm64"] = QUIET["aarch64"]


def module(region: Kernel | None, regions: Regions, n_in: int, n_out: int, width: int, machine: str) -> str:
    """Return a module that exports ``loop_float``, ``loop_double`` and, for one block in columns, ``block``."""
    words = Words(width)  # collects the tables and declarations of all functions
    parts = [_region(k, stages, n_in, n_out, words.fresh()) for k, stages in enumerate(regions)]
    if region is None:
        parts.append(_block_of_one_region())
    else:
        parts.append(_classify(region, n_in, words.fresh()))
        parts.append(_move("gather", "%in", "%i", "%dense", "%j", n_in))
        parts.append(_move("scatter", "%result", "%j", "%out", "%i", n_out))
        parts.append(_block(len(regions), n_in, n_out, words.fresh()))
    declarations, enter, leave = QUIET.get(machine, ("", "", ""))
    parts += [copy(*kinds, width) for kinds in (("float", "double"), ("double", "double"), ("double", "float"))]
    parts += [_loop(kind, n_in, n_out, enter, leave) for kind in SIZES]
    return declarations + words.header() + "\n".join(parts)


def _columns(what: str, base: str, count: int, index: str) -> str:
    """Pointers %{what}0, %{what}1, ... to element ``index`` of the columns behind ``base``."""
    return "".join(
        f"""  %{what}column{i} = getelementptr double, ptr {base}, i64 {i * COLUMN}
  %{what}{i} = getelementptr double, ptr %{what}column{i}, i64 {index}
"""
        for i in range(count)
    )


def vectors(head: str, before: str, setup: str, body: str, width: int, end: str) -> str:
    """A function that runs ``body`` for j = 0, width, 2 width, ... below %size; ``setup`` are further phi nodes."""
    return f"""define internal {head} {{
entry:
{before}  br label %loop
loop:
  %j = phi i64 [0, %entry], [%next, %loop]
{setup}{body}  %next = add i64 %j, {width}
  %more = icmp ult i64 %next, %size
  br i1 %more, label %loop, label %done
done:
{end}}}
"""


def _trace(stages: tuple[Kernel, ...], n_in: int, words: Words) -> tuple[str, list[str]]:
    """Text that loads the inputs and runs the stages on them, and the names of the results."""
    values = composed([bind(stage, words) for stage in stages], tuple(Value(words, f"%a{i}") for i in range(n_in)))
    results = [words.name(v) for v in values]
    loads = "".join(f"  %a{i} = load {words.d}, ptr %p{i}, align 64\n" for i in range(n_in))
    return _columns("p", "%in", n_in, "%j") + loads + "\n".join(words.lines) + "\n", results


def _region(k: int, stages: tuple[Kernel, ...], n_in: int, n_out: int, words: Words) -> str:
    """All stages of one region on the first %size elements of the columns."""
    text, results = _trace(stages, n_in, words)
    if len(results) != n_out:
        raise TypeError(f"region {k} ends in {stages[-1].__name__}, which returns {len(results)} values, not {n_out}")
    stores = "".join(f"  store {words.d} {r}, ptr %q{i}, align 64\n" for i, r in enumerate(results))
    body = text + _columns("q", "%out", n_out, "%j") + stores
    return vectors(f"void @region{k}(ptr %in, ptr %out, i64 %size)", "", "", body, words.width, "  ret void\n")


def _classify(region: Kernel, n_in: int, words: Words) -> str:
    """Write the region number of each element; return 0 when the block, its padding too, is of one region."""
    text, (number,) = _trace((region,), n_in, words)
    i32, reduce = words.i32, f"@llvm.vector.reduce.or.v{words.width}i32"
    words.declared.add(f"declare i32 {reduce}({i32})")
    body = f"""{text}  %w = fptosi {words.d} {number} to {i32}
  %o = getelementptr i32, ptr %which, i64 %j
  store {i32} %w, ptr %o, align 64
  %first = load i32, ptr %which
  %lane0 = insertelement {i32} poison, i32 %first, i32 0
  %firsts = shufflevector {i32} %lane0, {i32} poison, {i32} zeroinitializer
  %differs = xor {i32} %w, %firsts
  %mixed2 = or {i32} %mixed, %differs
"""
    setup = f"  %mixed = phi {i32} [zeroinitializer, %entry], [%mixed2, %loop]\n"
    end = f"  %r = call i32 {reduce}({i32} %mixed2)\n  ret i32 %r\n"
    return vectors("i32 @classify(ptr %in, ptr %which, i64 %size)", "", setup, body, words.width, end)


def _move(name: str, source: str, at: str, target: str, to: str, count: int) -> str:
    """Columns from ``source`` to ``target`` through an index list: %j counts, %i is the listed element."""
    moves = "".join(f"  %a{i} = load double, ptr %p{i}\n  store double %a{i}, ptr %q{i}\n" for i in range(count))
    body = f"""  %listed = getelementptr i32, ptr %index, i64 %j
  %i32 = load i32, ptr %listed
  %i = zext i32 %i32 to i64
{_columns("p", source, count, at)}{_columns("q", target, count, to)}{moves}"""
    head = f"void @{name}(ptr {source}, ptr {target}, ptr %index, i64 %size)"
    return vectors(head, "", "", body, 1, "  ret void\n")


def _block_of_one_region() -> str:
    return """define void @block(ptr %in, ptr %out, i64 %size) {
  call void @region0(ptr %in, ptr %out, i64 %size)
  ret void
}
"""


def _append_each(count: int) -> str:
    """Append element %j to the list of its region without a branch: write to all lists, advance where it counts."""
    return "  %w = load i32, ptr %wp\n" + "".join(
        f"""  store i32 %j32, ptr %end{k}
  %here{k} = icmp eq i32 %w, {k}
  %one{k} = zext i1 %here{k} to i64
  %m{k} = add i64 %n{k}, %one{k}
"""
        for k in range(count)
    )


def _append_vectors(count: int, words: Words) -> tuple[str, int]:
    """The same for a vector of elements at a time, and its width. AVX-512 has an instruction that compresses a vector;
    elsewhere it would be slower than one by one. A store may run past the end of a list, into the gap behind it."""
    w, i32, mask = words.width, words.i32, f"<{words.width} x i1>"
    compress = f"@llvm.experimental.vector.compress.v{w}i32"
    words.declared |= {f"declare {i32} {compress}({i32}, {mask}, {i32})", f"declare i{w} @llvm.ctpop.i{w}(i{w})"}
    text = f"""  %w = load {i32}, ptr %wp, align 64
  %j0 = insertelement {i32} poison, i32 %j32, i32 0
  %js0 = shufflevector {i32} %j0, {i32} poison, {i32} zeroinitializer
  %js = add {i32} %js0, <{", ".join(f"i32 {lane}" for lane in range(w))}>
  %size32 = trunc i64 %size to i32
  %s0 = insertelement {i32} poison, i32 %size32, i32 0
  %sizes = shufflevector {i32} %s0, {i32} poison, {i32} zeroinitializer
  %inside = icmp ult {i32} %js, %sizes
"""
    for k in range(count):
        text += f"""  %equal{k} = icmp eq {i32} %w, {words.splat("i32", str(k))}
  %here{k} = and {mask} %equal{k}, %inside
  %packed{k} = call {i32} {compress}({i32} %js, {mask} %here{k}, {i32} poison)
  store {i32} %packed{k}, ptr %end{k}, align 4
  %bits{k} = bitcast {mask} %here{k} to i{w}
  %count{k} = call i{w} @llvm.ctpop.i{w}(i{w} %bits{k})
  %many{k} = zext i{w} %count{k} to i64
  %m{k} = add i64 %n{k}, %many{k}
"""
    return text, w


def _block(count: int, n_in: int, n_out: int, words: Words) -> str:
    """One block, columns %in to columns %out: lists of the elements of each region, then region by region."""
    ks = range(count)
    whole = "".join(f"whole{k}:\n  call void @region{k}(ptr %in, ptr %out, i64 %size)\n  br label %done\n" for k in ks)
    lengths = "".join(f"  %n{k} = phi i64 [0, %entry], [%m{k}, %lists]\n" for k in ks)
    lists = "".join(f"  %list{k} = getelementptr i32, ptr %index, i64 {k * COLUMN}\n" for k in ks)
    ends = "".join(f"  %end{k} = getelementptr i32, ptr %list{k}, i64 %n{k}\n" for k in ks)
    append, step = _append_vectors(count, words) if words.width == 16 else (_append_each(count), 1)
    runs = "".join(
        f"""try{k}:
  %any{k} = icmp ne i64 %m{k}, 0
  br i1 %any{k}, label %run{k}, label %try{k + 1}
run{k}:
  call void @gather(ptr %in, ptr %dense, ptr %list{k}, i64 %m{k})
  call void @region{k}(ptr %dense, ptr %result, i64 %m{k})
  call void @scatter(ptr %result, ptr %out, ptr %list{k}, i64 %m{k})
  br label %try{k + 1}
"""
        for k in ks
    )
    return f"""define void @block(ptr %in, ptr %out, i64 %size) {{
entry:
  %which = alloca [{BLOCK} x i32], align 64
  %index = alloca [{COLUMN * count} x i32], align 64
  %dense = alloca [{COLUMN * n_in} x double], align 64
  %result = alloca [{COLUMN * n_out} x double], align 64
  %mixed = call i32 @classify(ptr %in, ptr %which, i64 %size)
  %uniform = icmp eq i32 %mixed, 0
{lists}  br i1 %uniform, label %whole, label %lists
whole:
  %first = load i32, ptr %which
  switch i32 %first, label %done [ {" ".join(f"i32 {k}, label %whole{k}" for k in ks)} ]
{whole}lists:
  %j = phi i64 [0, %entry], [%next, %lists]
{lengths}{ends}  %wp = getelementptr i32, ptr %which, i64 %j
  %j32 = trunc i64 %j to i32
{append}  %next = add i64 %j, {step}
  %more = icmp ult i64 %next, %size
  br i1 %more, label %lists, label %try0
{runs}try{count}:
  br label %done
done:
  ret void
}}
"""


def copy(source: str, target: str, width: int) -> str:
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
  %too = mul i64 %k, %ts
  %ep = getelementptr i8, ptr %from, i64 %fo
  %eq = getelementptr i8, ptr %to, i64 %too
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
    everything = range(n_in + n_out)
    pointers = "".join(
        f"""  %ap{i} = getelementptr ptr, ptr %args, i64 {i}
  %x{i} = load ptr, ptr %ap{i}
  %sp{i} = getelementptr i64, ptr %steps, i64 {i}
  %s{i} = load i64, ptr %sp{i}
"""
        for i in everything
    )
    starts = "".join(
        f"""  %o{i} = mul i64 %start, %s{i}
  %b{i} = getelementptr i8, ptr %x{i}, i64 %o{i}
  %c{i} = getelementptr double, ptr {"%in" if i < n_in else "%out"}, i64 {(i if i < n_in else i - n_in) * COLUMN}
"""
        for i in everything
    )
    reads = "".join(
        f"  call void @copy_{kind}_double(ptr %b{i}, i64 %s{i}, ptr %c{i}, i64 8, i64 %size)\n"
        for i in everything[:n_in]
    )
    writes = "".join(
        f"  call void @copy_double_{kind}(ptr %c{i}, i64 8, ptr %b{i}, i64 %s{i}, i64 %size)\n"
        for i in everything[n_in:]
    )
    return f"""define void @loop_{kind}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{
entry:
  %in = alloca [{COLUMN * n_in} x double], align 64
  %out = alloca [{COLUMN * n_out} x double], align 64
{enter}  %n = load i64, ptr %dimensions
{pointers}  %any = icmp sgt i64 %n, 0
  br i1 %any, label %loop, label %done
loop:
  %start = phi i64 [0, %entry], [%next, %loop]
  %left = sub i64 %n, %start
  %big = icmp ugt i64 %left, {BLOCK}
  %size = select i1 %big, i64 {BLOCK}, i64 %left
{starts}{reads}  call void @block(ptr %in, ptr %out, i64 %size)
{writes}  %next = add i64 %start, {BLOCK}
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
{leave}  ret void
}}
"""
