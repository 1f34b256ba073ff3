"""What was measured of lattices, as rows of a table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.lattice.parameters import CellParameters, Measured
from napari_strata.numbers import plain

if TYPE_CHECKING:
    from napari_strata.jobs.map_lattice import LatticeMaps
    from napari_strata.lattice.affine import SharedAffine
    from napari_strata.lattice.fitted import FittedLayer
    from napari_strata.lattice.frame import FrameLattices
    from napari_strata.lattice.moire import Moire
    from napari_strata.lattice.twist import Twist

UNKNOWN = "–"
MOST_DECIMALS = 6
LEAST_LONE_DIGIT = 3
_FOURIER = (("a [Å]", "a"), ("b [Å]", "b"), ("γ [°]", "gamma"), ("Orientation [°]", "orientation"))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of figures.

    Attributes
    ----------
    title : str
        What the figures are, with their unit; a headline has no figures.
    values : tuple of str
        One for each layer, or a single one that holds for all.
    tip : str
        What they mean.
    """

    title: str
    values: tuple[str, ...] = ()
    tip: str = ""


def measured(value: float, sigma: float = math.nan) -> str:
    """Write a figure with its uncertainty, to one digit of the latter, or to two where it begins with 1 or 2."""
    if not math.isfinite(value):
        return UNKNOWN
    if not math.isfinite(sigma) or sigma <= 0:
        return plain(value)
    first = math.floor(math.log10(sigma))
    digits = min(max(-first if sigma >= LEAST_LONE_DIGIT * 10.0**first else 1 - first, 0), MOST_DECIMALS)
    return f"{value:.{digits}f} ± {sigma:.{digits}f}"


def figure_rows(maps: "LatticeMaps") -> list[Row]:
    """Return the figures of all layers, and what they share, as rows of a table."""
    lattices = maps.lattices
    numbers = [one.layer for one in lattices.layers]
    return [
        Row("From the atoms"),
        *_layer_rows(lattices.layers),
        *_distortion_rows(lattices),
        *(_twist_row(twist, numbers) for twist in lattices.twists),
        *(_moire_row("Moiré, predicted [Å]", one, "Its period, from both lattices.") for one in lattices.moires),
        *_fourier_rows(maps),
    ]


def _distortion_rows(lattices: "FrameLattices") -> Iterator[Row]:
    from napari_strata.lattice.agreement import agreement_of_layers

    if (shared := lattices.shared) is not None:
        tip = "Lattice constant of the ideal cell, one distortion of the scan taken out of all layers."
        yield Row("a, ideal [Å]", tuple(_of(one.a) for one in shared.layers), tip)
        yield Row("Stretch of the scan", (_stretch(shared),), "Its determinant is 1.")
        if shared.degrees:
            tip = "Of the shared distortion, and its degrees of freedom: large where the layers differ."
            verdict = agreement_of_layers(shared.chi_square, shared.degrees)
            yield Row("Chi-square", (f"{plain(shared.chi_square, 3)} for {shared.degrees}: {verdict}",), tip)
    if (field := lattices.field) is not None:
        text = f"{field.median_before:.3f}, with field {field.median_after:.3f}"
        tip = "Of held-out atoms, without and with one smooth field for all layers. "
        tip += f"It has {field.degrees_of_freedom} degrees of freedom."
        yield Row("Median residual [Å]", (text,), tip)


def _layer_rows(layers: "tuple[FittedLayer, ...]") -> Iterator[Row]:
    from napari_strata.lattice.agreement import agreement

    cells = [one.fit.parameters for one in layers]
    yield Row("Atoms", tuple(f"{one.order.atoms:,}" for one in layers), "All atoms of the layer in this slice.")
    if any(one.cut.any() for one in layers):
        tip = "Cut by the border of the image: their positions are less certain. Left out of lattices and maps."
        yield Row("At the border", tuple(f"{int(one.cut.sum()):,}" for one in layers), tip)
    yield Row("Cell", tuple(one.fit.index.cell.family for one in layers), "What it is without distortion.")
    yield from _cell_rows(cells)
    yield Row(
        "Coherence",
        tuple(measured(_of_honeycomb(one, one.order.coherence)) for one in layers),
        "1 where all bonds of a honeycomb point along three directions; atoms at the border are left out.",
    )
    tip = "Mean distance of nearest neighbours inside the image."
    yield Row("Bond [Å]", tuple(measured(one.bond) for one in layers), tip)
    tip = "Root mean square distance of the atoms from the lattice, per axis."
    yield Row("Scatter [Å]", tuple(measured(one.fit.scatter) for one in layers), tip)
    verdicts = tuple(agreement(one.fit) for one in layers)
    if any(verdicts):
        tip = (
            "Whether the lattice explains the positions within the uncertainties of their fit. Where it does not,"
            " these are too small, or atoms are really displaced: by strain, buckling, defects, or by the scan."
        )
        yield Row("Positions", tuple(verdict or "" for verdict in verdicts), tip)


def _cell_rows(cells: "list[CellParameters]") -> Iterator[Row]:
    yield Row("a [Å]", tuple(_of(one.a) for one in cells), "As the image has it, the scan's distortion included.")
    yield Row("b [Å]", tuple(_of(one.b) for one in cells), "As the image has it.")
    yield Row("γ [°]", tuple(_of(one.gamma) for one in cells), "Angle between a and b.")
    tip = "Where a points, from the x axis (right) towards y (down)."
    yield Row("Orientation [°]", tuple(_of(one.orientation) for one in cells), tip)


def _fourier_rows(maps: "LatticeMaps") -> Iterator[Row]:
    found = maps.fourier
    if found is None or not any((*found.lattices, *found.moires)):
        return  # why, is among the gaps
    yield Row("From the Fourier transform")
    lattices, nothing = found.lattices, Measured(math.nan, math.nan)
    for title, name in _FOURIER if any(lattices) else ():
        values = tuple(_of(nothing if one is None else getattr(one.parameters, name)) for one in lattices)
        yield Row(title, values, "From the spots alone; the middle of the image counts most.")
    numbers = [one.layer for one in maps.lattices.layers]
    yield from (_twist_row(twist, numbers) for twist in found.twists)
    for seen in found.moires:
        if seen is None:
            yield Row("Moiré, seen [Å]", ("no spots",))
        else:
            yield _moire_row("Moiré, seen [Å]", seen.moire, f"Seen in the {seen.source}, {seen.beats} beats.")


def _moire_row(title: str, moire: "Moire", tip: str) -> Row:
    return Row(title, (measured(moire.period, moire.period_sigma),), tip)


def _twist_row(twist: "Twist", numbers: list[int]) -> Row:
    first, second = (numbers[i] for i in twist.layers)
    title = "Twist [°]" if len(numbers) == 2 else f"Twist {first}–{second} [°]"
    return Row(title, (measured(twist.angle, twist.sigma),), f"Known {twist.words}.")


def _of_honeycomb(layer: "FittedLayer", value: float) -> float:
    from napari_strata.lattice.cells import is_honeycomb

    return value if is_honeycomb(layer.fit.index.cell) else math.nan


def _of(figure: Measured) -> str:
    return measured(figure.value, figure.sigma)


def _stretch(shared: "SharedAffine") -> str:
    stretches = shared.stretches
    if shared.does_not_fit:
        return "one for all layers does not fit"
    if all(abs(one.value - 1) <= one.sigma for one in stretches):
        return f"none measurable (± {max(one.sigma for one in stretches):.1g})"
    larger, smaller = (f"{one.value:.4f}" for one in stretches)
    return f"{larger} along {shared.direction.value:.1f}°, {smaller} across"
