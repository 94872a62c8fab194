"""Least squares with a penalty on the norms of groups of coefficients."""
