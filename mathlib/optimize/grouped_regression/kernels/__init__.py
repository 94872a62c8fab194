"""Compiled loops of the group lasso; imported only by the branch that runs them."""
