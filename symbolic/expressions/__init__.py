"""Expressions as a graph, what each operation means, exact and float64 values, conversions from and to SymPy."""
