"""The Plots dock: distances, angles and spots, linked to the atoms on the image."""
