"""Expressions as functions of arrays: kernels, machine code, CUDA, NumPy source, derivatives."""
