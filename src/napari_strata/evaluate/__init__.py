"""Scores of masks, atoms and lattices against truth."""
