"""A pixel size that the lattice of a known crystal contradicts."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.jobs.doubt_crystal import known_honeycombs
from napari_strata.numbers import listed, plain

if TYPE_CHECKING:
    from napari_strata.config.atom_origin import AtomOrigin
    from napari_strata.lattice.frame import FrameLattices

ALIKE = 0.02
"""Crystals whose lattice constants differ by no more than this part have one for all."""
LEAST, MOST = 0.03, 0.25
"""Parts by which the constant differs from the known one where the pixel size may be wrong: strain and scans make
up for less, and what differs by more is more likely another crystal."""


def doubt_of_size(lattices: "FrameLattices", origin: "AtomOrigin | None", pixel_size: float | None) -> str:
    """Say that the pixel size may be wrong, where all layers are as much too large or small for a known crystal.

    Parameters
    ----------
    lattices : FrameLattices
        The lattices of the atoms of a frame.
    origin : AtomOrigin or None
        Which model located them. Of bundled ones that learned from one honeycomb, or from alike ones, the lattice
        constant is known.
    pixel_size : float or None
        Pixel size by which the atoms were measured [Å/px].

    Returns
    -------
    str
        Empty where there is nothing to say.
    """
    from napari_strata.io.bundled import bundled_card

    card = bundled_card(origin)
    known = {} if card is None else known_honeycombs(card)
    cells = [layer.fit for layer in lattices.layers]
    if not known or max(known.values()) > (1 + ALIKE) * min(known.values()):
        return ""
    if any(fit.index.cell.family != "hexagonal" for fit in cells):
        return ""
    constant = float(np.mean(list(known.values())))
    factors = np.array([_constant(fit.vectors) for fit in cells]) / constant
    off = np.abs(factors - 1)
    if not ((factors > 1).all() or (factors < 1).all()) or off.min() < LEAST or off.max() > MOST:
        return ""
    factor = float(factors.mean())
    longer = "longer" if factor > 1 else "shorter"
    would = "" if pixel_size is None else f"; {plain(pixel_size / factor, 3)} Å would give {plain(constant, 3)} Å"
    return (
        f"a is {100 * abs(factor - 1):.0f} % {longer} than that of {listed(list(known))} ({plain(constant, 3)} Å):"
        f" the pixel size may be wrong{would}."
    )


def _constant(vectors: np.ndarray) -> float:
    """Return a of the hexagonal cell of the same area [Å]: what is left of a stretch that keeps areas."""
    return float(np.sqrt(abs(np.linalg.det(vectors)) / np.sqrt(0.75)))
