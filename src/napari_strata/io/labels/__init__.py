"""Annotation files of other programs.

Each format has a module of its name with its `LabelFormat`, which reads and writes. What a reader or a writer is
too long for lies beside it, and so does what several formats share.
"""
