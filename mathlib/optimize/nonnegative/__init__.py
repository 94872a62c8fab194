"""Least squares with non-negative unknowns."""
