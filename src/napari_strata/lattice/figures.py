"""Lattices as plain numbers with units in their names, for JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_strata.lattice.affine import SharedAffine
from napari_strata.lattice.agreement import agreement, agreement_of_layers, doubt_of_family
from napari_strata.lattice.cells import is_honeycomb
from napari_strata.lattice.field import SmoothField
from napari_strata.lattice.fitted import FittedLayer
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.moire import Moire, SeenMoire
from napari_strata.lattice.parameters import CellParameters, Measured
from napari_strata.lattice.reciprocal import FourierLattice
from napari_strata.lattice.twist import Twist

Figures = dict[str, Any]


def frame_figures(frame: FrameLattices) -> Figures:
    """Return what was measured from atoms."""
    fitted = {one.layer: one for one in frame.layers}
    numbers = [one.layer for one in frame.layers]
    layers = []
    for order in frame.orders:
        counts = {
            "layer": order.layer,
            "atoms": order.atoms,
            "interior_atoms": order.interior,
        }
        in_bonds = {"coherence": order.coherence, "bond_A": order.bond_length}
        layers.append(counts | in_bonds | (_layer(fitted[order.layer]) if order.layer in fitted else {}))
    return {
        "layers": layers,
        "shared_affine": None if frame.shared is None else affine_figures(frame.shared, numbers),
        "smooth_field": None if frame.field is None else _field(frame.field),
        "twists": [twist_figures(twist, numbers) for twist in frame.twists],
        "moire": [
            {"layers": [numbers[i] for i in moire.layers], **moire_figures(moire)} for moire in frame.moires
        ],
        "gaps": list(frame.gaps),
    }


def cell_figures(parameters: CellParameters) -> Figures:
    """Return lengths and angles with their uncertainties."""
    return {
        **_measured("a_A", parameters.a),
        **_measured("b_A", parameters.b),
        **_measured("gamma_deg", parameters.gamma),
        **_measured("orientation_deg", parameters.orientation),
        **_measured("cell_area_A2", parameters.area),
    }


def twist_figures(twist: Twist, numbers: Sequence[int]) -> Figures:
    """Return a twist; `numbers` are those of the layers that it counts."""
    return {
        "layers": [numbers[i] for i in twist.layers],
        "twist_deg": twist.angle,
        "twist_deg_sigma": twist.sigma,
        "signed_deg": twist.signed,
        "modulo_deg": twist.modulo,
        "meaning": twist.words,
    }


def affine_figures(shared: SharedAffine, numbers: Sequence[int]) -> Figures:
    """Return a shared distortion and the ideal layers under it; `numbers` are those of the layers."""
    sizes = [layer.a.value for layer in shared.layers]
    return {
        "matrix_yx": shared.matrix.tolist(),
        "determinant": float(np.linalg.det(shared.matrix)),
        **_measured("stretch_larger", shared.stretches[0]),
        **_measured("stretch_smaller", shared.stretches[1]),
        **_measured("direction_deg", shared.direction),
        "chi_square": shared.chi_square,
        "degrees_of_freedom": shared.degrees,
        "verdict": agreement_of_layers(shared.chi_square, shared.degrees),
        "p_value": shared.p_value,
        "largest_a_over_smallest": max(sizes) / min(sizes),
        "layers": [
            {
                "layer": number,
                **_measured("a_A", layer.a),
                **_measured("orientation_deg", layer.orientation),
                "undistorted": cell_figures(layer.undistorted),
            }
            for number, layer in zip(numbers, shared.layers, strict=True)
        ],
    }


def moire_figures(moire: Moire) -> Figures:
    """Return the lattice of a moiré."""
    return {
        "period_A": moire.period,
        "period_A_sigma": moire.period_sigma,
        "orientation_deg": moire.parameters.orientation.value,
        "orientation_deg_sigma": moire.parameters.orientation.sigma,
    }


def seen_figures(seen: SeenMoire) -> Figures:
    """Return a moiré that an image shows."""
    return {
        **moire_figures(seen.moire),
        "beats": seen.beats,
        "source": seen.source,
        "signal_to_noise": seen.signal_to_noise,
    }


def fourier_figures(lattice: FourierLattice) -> Figures:
    """Return a lattice that was fitted to spots, and its spots."""
    rows = zip(
        lattice.orders.tolist(), lattice.spots.frequency, lattice.spots.amplitude, lattice.residuals, strict=True
    )
    return {
        **cell_figures(lattice.parameters),
        "chi_square": lattice.chi_square,
        "degrees_of_freedom": lattice.degrees,
        "assumed_scatter": lattice.assumed,
        "variance_ratio": lattice.variance_ratio,
        "spots": [
            {
                "h": h,
                "k": k,
                "y_per_A": float(frequency[0]),
                "x_per_A": float(frequency[1]),
                "amplitude": float(amplitude),
                "misfit_per_A": float(np.hypot(*residual)),
            }
            for (h, k), frequency, amplitude, residual in rows
        ],
    }


def _layer(layer: FittedLayer) -> Figures:
    fit = layer.fit
    coherent = {} if is_honeycomb(fit.index.cell) else {"coherence": None}
    return {
        **coherent,
        "bond_A": layer.bond,
        "atoms_at_border": int(layer.cut.sum()),
        "family": fit.index.cell.family,
        **cell_figures(fit.parameters),
        "sites": fit.cell.sites.tolist(),
        "atoms_placed": int(fit.index.placed.sum()),
        "atoms_used": int(fit.used.sum()),
        "scatter_A": fit.scatter,
        "median_residual_A": float(np.nanmedian(np.hypot(*fit.residuals.T))),
        "chi_square": fit.chi_square,
        "degrees_of_freedom": fit.degrees,
        "verdict": agreement(fit),
        "doubt": doubt_of_family(fit),
        "assumed_scatter": fit.assumed,
    }


def _field(field: SmoothField) -> Figures:
    return {
        "degrees_of_freedom": field.degrees_of_freedom,
        "spans": 0 if field.splines is None else field.splines.spans,
        "median_residual_before_A": field.median_before,
        "median_residual_after_A": field.median_after,
        "scatter_A": field.scatter,
        "variance_ratio": field.variance_ratio,
        "judged_on": f"atoms held out in {field.folds} parts, seed {field.seed}",
    }


def _measured(name: str, figure: Measured) -> Mapping[str, float]:
    return {name: figure.value, f"{name}_sigma": figure.sigma}
