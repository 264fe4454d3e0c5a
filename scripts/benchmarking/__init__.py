"""Benchmark: time and requests that an account costs, against a simulated provider."""
