"""Atom tables in files: one file per format; `napari_strata.io.atom_tables` is the entrance."""
