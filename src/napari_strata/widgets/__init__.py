"""Docks and layers in napari."""
