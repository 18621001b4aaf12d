"""Benchmarks: the bridge's cost and speed, compared with the alternatives."""
