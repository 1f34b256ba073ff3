"""Losses on labelled pixels, and the assignment of decoders to layers."""
