"""Benchmarks that print what they measure beside a peer in the same run."""
