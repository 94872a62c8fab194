"""Logistic regression with an absolute-value penalty."""
