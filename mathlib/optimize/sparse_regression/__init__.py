"""Lasso and elastic net with a certified duality gap."""
