"""Helpers that save strokes: each takes mask codes, and an image where it needs one, and returns new codes."""
