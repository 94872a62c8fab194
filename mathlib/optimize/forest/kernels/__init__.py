"""Compiled loops over trees, each file for itself."""
