"""Speed against peers and accuracy on many random points: ``python -m benchmarks [area ...]``."""
