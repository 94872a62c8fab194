"""The words over the arrays of any array-API namespace. There is no fma and there are no bits: `madd` rounds twice,
`two_prod` splits by Dekker's multiplication, `split` and `exp2i` work through logarithms and a table of powers."""

from types import ModuleType
from typing import Any

from mathlib._lib import words_python

SPLITTER = 134217729.0  # 2^27 + 1
SMALLEST, LARGEST = -1022, 1023  # exponents of normal numbers


class Words:
    """The words on one namespace and device; an expression's constants come as Python floats, and stay them."""

    def __init__(self, xp: ModuleType, device: Any):
        self._xp, self._device = xp, device
        self._powers = self.table(tuple(2.0**k for k in range(SMALLEST, LARGEST + 1)))

    def _array(self, a: Any) -> Any:
        return self._xp.asarray(a, dtype=self._xp.float64, device=self._device) if isinstance(a, float | int) else a

    def table(self, values: tuple[float, ...]) -> "Table":
        return Table(self._xp, self._xp.asarray(values, dtype=self._xp.float64, device=self._device))

    def madd(self, a, b, c):
        return a * b + c

    def _halves(self, a):
        t = a * SPLITTER
        high = t - (t - a)
        return high, a - high

    def two_prod(self, a, b):
        if isinstance(a, float) and isinstance(b, float):
            return words_python.two_prod(a, b)
        p = a * b
        ah, al = self._halves(a)
        bh, bl = self._halves(b)
        e = ((ah * bh - p) + ah * bl + al * bh) + al * bl
        return p, self.where(e == e, e, 0.0)  # above 1e300 the splitting overflows: then the product is all there is

    def where(self, condition, a, b):
        if isinstance(condition, bool):
            return a if condition else b
        return self._xp.where(condition, self._array(a), self._array(b))

    def floor(self, x):
        if isinstance(x, float):
            return words_python.floor(x)
        return self._xp.floor(x)

    def sqrt(self, x):
        if isinstance(x, float):
            return words_python.sqrt(x)
        return self._xp.sqrt(x)

    def split(self, x):
        if isinstance(x, float):
            return words_python.split(x)
        xp, where = self._xp, self.where
        x = where(x > 0.0, where(x < float("inf"), x, 1.0), 1.0)
        k = xp.floor(xp.log2(x))  # may be one off: put right below
        half = xp.floor(0.5 * k)
        m = x * self.exp2i(-half) * self.exp2i(half - k)
        high, low = m >= 1.375, m < 0.6875
        m = where(high, 0.5 * m, where(low, 2.0 * m, m))
        k = where(high, k + 1.0, where(low, k - 1.0, k))
        cell = where(m < 1.0, (m - 0.6875) * 256.0, 80.0 + (m - 1.0) * 128.0)
        return k, xp.astype(xp.floor(cell), xp.int64), m

    def exp2i(self, k):
        if isinstance(k, float):
            return words_python.exp2i(k)
        k = self.where(k >= SMALLEST, self.where(k <= LARGEST, k, 0.0), 0.0)  # NaN too: that side is not taken
        return self._powers[self._xp.astype(k, self._xp.int64) - SMALLEST]

    def Horner(self, c):
        def polynomial(z):
            s = c[-1] * z
            for a in c[-2:0:-1]:
                s = (s + a) * z
            return s + c[0]

        return polynomial

    def Horner2(self, rows):
        rows = [self.Horner(row) for row in rows]

        def polynomial(w, t):
            s = rows[-1](t)
            for row in rows[-2::-1]:
                s = s * w + row(t)
            return s

        return polynomial


class Table:
    """A constant table that takes one-dimensional arrays of indices."""

    def __init__(self, xp: ModuleType, values: Any):
        self._xp, self._values = xp, values

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return float(self._values[index])
        return self._xp.take(self._values, index)
