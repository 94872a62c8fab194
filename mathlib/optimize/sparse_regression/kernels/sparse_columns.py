"""Loops over the columns of a CSC matrix: products, copies, coordinate descent.

A matrix is (data, rows, starts), its columns are chosen by `index`. Unsigned rows and starts save numba's test for
negative indices. Sums run in four parts in a fixed order, in float64 whatever the dtype of the data: letting
the compiler reorder them gives hardware gathers, which are twice as slow.
"""

from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
def _dot(data, rows, k, stop, v):
    s0 = 0.0
    s1 = 0.0
    s2 = 0.0
    s3 = 0.0
    while k + 4 <= stop:
        s0 += data[k] * v[rows[k]]
        s1 += data[k + 1] * v[rows[k + 1]]
        s2 += data[k + 2] * v[rows[k + 2]]
        s3 += data[k + 3] * v[rows[k + 3]]
        k += 4
    while k < stop:
        s0 += data[k] * v[rows[k]]
        k += 1
    return (s0 + s1) + (s2 + s3)


@njit(nogil=True, cache=True, error_model="numpy")
def correlations(data, rows, starts, index, v, out):
    """Write the inner product of each chosen column with `v`."""
    for q in range(len(index)):
        j = index[q]
        out[q] = _dot(data, rows, starts[j], starts[j + 1], v)


@njit(nogil=True, cache=True, error_model="numpy")
def squares(data, rows, starts, weights, total, means, out):
    """Write the squared norms of the columns minus their means, entries weighted; `total` is the sum of the weights.

    An empty array of weights stands for ones.
    """
    for j in range(len(out)):
        m = means[j]
        s = 0.0
        rest = total
        for k in range(starts[j], starts[j + 1]):
            w = 1.0 if len(weights) == 0 else weights[rows[k]]
            d = data[k] - m
            s += w * d * d
            rest -= w
        out[j] = s if m == 0.0 else s + max(rest, 0.0) * m * m


@njit(nogil=True, cache=True, error_model="numpy")
def combine(data, rows, starts, index, x, out):
    """Add to `out` the chosen columns times `x`."""
    for q in range(len(index)):
        v = x[q]
        if v != 0.0:
            j = index[q]
            for k in range(starts[j], starts[j + 1]):
                out[rows[k]] += v * data[k]


@njit(nogil=True, cache=True, error_model="numpy")
def take(data, rows, starts, index, scale, new_data, new_rows, new_starts):
    """Copy the chosen columns, with rows scaled unless `scale` is empty."""
    t = 0
    new_starts[0] = 0
    for q in range(len(index)):
        j = index[q]
        for k in range(starts[j], starts[j + 1]):
            new_data[t] = data[k] if len(scale) == 0 else data[k] * scale[rows[k]]
            new_rows[t] = rows[k]
            t += 1
        new_starts[q + 1] = t


@njit(nogil=True, cache=True, error_model="numpy")
def descend(data, rows, starts, index, squares, means, total, r, b, levels, l2, positive, epochs, full):
    """Minimise over one coordinate after the other, `epochs` times, after the first `full` over non-zeros only.

    `r`, the residual, comes back up to a multiple of the row scales, which is returned: a centred column is the sparse
    one minus its mean times the row scales, and only the sparse part is subtracted here. `total` is the sum of the
    squares of the row scales. Stops when no coordinate moves by more than rounding.
    """
    offset = 0.0
    for epoch in range(epochs):
        moved = False
        for q in range(len(b)):
            old = b[q]
            if (epoch >= full and old == 0.0) or squares[q] == 0.0:
                continue
            j = index[q]
            first = starts[j]
            stop = starts[j + 1]
            m = means[q]
            z = old * squares[q] + _dot(data, rows, first, stop, r)
            if m != 0.0:
                z += offset * m * total
            h = squares[q] + l2
            a = levels[q]
            if z > a:
                new = (z - a) / h
            elif z < -a and not positive:
                new = (z + a) / h
            else:
                new = 0.0
            if new != old:
                step = new - old
                b[q] = new
                for k in range(first, stop):
                    r[rows[k]] -= step * data[k]
                offset += step * m
                if abs(step) > 1e-14 * abs(new):
                    moved = True
        if not moved:
            break
    return offset
