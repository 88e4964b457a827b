"""Benchmarks: what the service costs, measured in one run beside floors that do not decide anything."""
