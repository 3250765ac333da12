"""Benchmarks: `python -m bench` measures the assistant as a whole; the other modules here measure its parts."""
