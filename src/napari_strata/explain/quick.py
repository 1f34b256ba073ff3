"""Which methods can follow a cursor."""

from napari_strata.config import ExplainMethod

QUICK: tuple[ExplainMethod, ...] = ("input-gradient", "grad-cam")
"""They need a single pass, of the part of the network on which the target depends."""
