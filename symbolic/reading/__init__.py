"""Expressions out of text, FPCore files and Python functions."""
