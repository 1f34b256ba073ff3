"""Annotation files of other programs: one file per format, each reads and writes."""
