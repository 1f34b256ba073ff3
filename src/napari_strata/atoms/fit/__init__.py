"""Positions at the noise limit: all atoms of an image fitted together."""
