"""Compiled loops of the support vector machine; imported only by the branch that runs them."""
