"""Figures of merit, printed as JSON lines: ``python -m benchmarks``; see RESULTS.md for what came out."""
