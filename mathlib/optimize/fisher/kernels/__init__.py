"""Loops of the gradient window that NumPy cannot do; needs numba, so only the branches that run it import these."""
