"""Compiled loops of non-negative least squares; imported only by the branch that runs them."""
