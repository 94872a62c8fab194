"""Compiled loops of the lasso; each module is imported only by the branch that runs it."""
