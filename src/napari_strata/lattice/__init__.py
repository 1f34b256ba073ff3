"""Lattices of located atoms and what departs from them: fits, distortion, strain, stacking."""
