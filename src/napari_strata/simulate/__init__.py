"""Crystals, twisted layers and the microscope, with sub-pixel truth."""
