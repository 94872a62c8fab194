"""The largest error of a function: where to look, what to compare with, proofs and certificates."""
