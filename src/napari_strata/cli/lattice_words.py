"""Lattices as lines of text for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from napari_strata.report.numbers import plain, uncertain

Figures = Mapping[str, Any]


def lattice_words(figures: Figures) -> Iterator[str]:
    """Tell the figures of every frame: value ± standard uncertainty."""
    for frame in figures.get("frames", ()):
        yield f"{frame['image']}, frame {frame['frame']}"
        for layer in frame["layers"]:
            yield from _layer(layer)
        yield from _shared(frame, "")
        if field := frame.get("smooth_field"):
            yield (
                f"  smooth field of {field['degrees_of_freedom']} degrees of freedom: median residual of"
                f" held-out atoms {plain(field['median_residual_before_A'])} Å before,"
                f" {plain(field['median_residual_after_A'])} Å after"
            )
        for moire in frame.get("moire", ()):
            yield f"  moiré predicted {_with(moire, 'period_A')} Å"
        yield from (f"  gap: {gap}" for gap in frame["gaps"])
        if "fourier" in frame:
            yield from _fourier(frame["fourier"])
        yield from (_dopant(one) for one in frame.get("dopants", ()))
        yield from _regions(frame.get("regions", ()))


def _dopant(dopant: Figures) -> str:
    said = (
        f"  layer {dopant['layer']}: {dopant['species']} is {dopant['atoms']} atoms, {_part(dopant['fraction'])}"
    )
    said += f" ({_part(dopant['low'])} to {_part(dopant['high'])} with {dopant['confidence']:.0%} confidence)"
    if dopant["p_value"] is not None:
        pairs = f"{dopant['joins']} pairs of neighbours, {dopant['joins_expected']:.3g} by chance"
        said += f"; {pairs} (p = {dopant['p_value']:.2g})"
    return said


def _part(fraction: float) -> str:
    return f"{100 * fraction:.3g} %"


def _regions(rows: Sequence[Figures]) -> Iterator[str]:
    """Tell the mean of every map in every region that was drawn; --json has the rest, and those of all atoms."""
    if len({row["region"] for row in rows}) == 1:
        maps = ", ".join(dict.fromkeys(row["map"] for row in rows if row["mean"] is not None))
        yield f"  mapped: {maps}; --json has their statistics"
        return
    place = None
    for row in rows:
        if place != (place := (row["region"], row["layer"])):
            yield f"  {row['region']}, layer {row['layer']}"
        if row["mean"] is not None:
            spread = f", std {plain(row['std'])}" if row.get("std") is not None else ""
            yield f"    {row['map']}: mean {plain(row['mean'])}{spread} {row['unit']} ({row['atoms']} atoms)"


def _layer(layer: Figures) -> Iterator[str]:
    counts = f"  layer {layer['layer']}: {layer['atoms']} atoms, {layer['interior_atoms']} inside"
    if layer.get("coherence") is not None:
        counts += f", coherence {plain(layer['coherence'])}"
    if layer.get("bond_A") is not None:
        counts += f", bond {plain(layer['bond_A'])} Å"
    yield counts
    if "a_A" in layer:
        yield f"    {layer['family']}: {_cell(layer)}; scatter {plain(layer['scatter_A'])} Å"
        if layer.get("verdict"):
            yield f"    {_chi_square(layer)}"


def _chi_square(figures: Figures) -> str:
    verdict = f": {figures['verdict']}" if figures.get("verdict") else ""
    return f"chi-square {plain(figures['chi_square'])} for {figures['degrees_of_freedom']}{verdict}"


def _shared(frame: Figures, prefix: str) -> Iterator[str]:
    if shared := frame.get("shared_affine"):
        yield (
            f"  {prefix}shared affine distortion of determinant 1: stretches {_with(shared, 'stretch_larger')} and"
            f" {_with(shared, 'stretch_smaller')}, the larger along {_with(shared, 'direction_deg')} degrees;"
            f" {_chi_square(shared)}"
        )
        for layer in shared["layers"]:
            orientation = _with(layer, "orientation_deg")
            yield f"    layer {layer['layer']}: a {_with(layer, 'a_A')} Å, orientation {orientation} degrees"
    for twist in frame.get("twists", ()):
        first, second = twist["layers"]
        yield (
            f"  {prefix}twist of layers {first} and {second}: {_with(twist, 'twist_deg')} degrees"
            f" (modulo {twist['modulo_deg']:g}, folded to 0 to {twist['modulo_deg'] / 2:g})"
        )


def _fourier(fourier: Figures) -> Iterator[str]:
    for layer in fourier["layers"]:
        yield f"  Fourier transform, layer {layer['layer']}: {_cell(layer)}; {len(layer['spots'])} spots"
    yield from _shared(fourier, "Fourier transform: ")
    for moire in filter(None, fourier.get("moire", ())):
        yield f"  moiré seen in the {moire['source']}: {_with(moire, 'period_A')} Å"
    yield from (f"  gap of the Fourier transform: {gap}" for gap in fourier["gaps"])


def _cell(layer: Figures) -> str:
    return (
        f"a {_with(layer, 'a_A')} Å, b {_with(layer, 'b_A')} Å, gamma {_with(layer, 'gamma_deg')} degrees,"
        f" orientation {_with(layer, 'orientation_deg')} degrees"
    )


def _with(figures: Figures, name: str) -> str:
    """Return a figure with its uncertainty, to two digits of the latter."""
    return uncertain(figures[name], figures[f"{name}_sigma"])
