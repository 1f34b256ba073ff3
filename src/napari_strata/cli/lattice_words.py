"""Lattices as lines of text for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from napari_strata.numbers import counted, plain, uncertain

Figures = Mapping[str, Any]

LEAST_SURE_DIRECTION = 30.0
"""A direction with a larger standard uncertainty is no direction [degrees]."""


def lattice_words(figures: Figures) -> Iterator[str]:
    """Tell the figures of every frame: value ± standard uncertainty; the twist, which most ask for, first."""
    for frame in figures.get("frames", ()):
        yield f"{frame['image']}, frame {frame['frame']}"
        yield from _twists(frame, "")
        for layer in frame["layers"]:
            yield from _layer(layer)
        yield from (f"  note: {gap}" for gap in frame["gaps"])
        yield from _shared(frame, "")
        for moire in frame.get("moire", ()):
            yield f"  moiré predicted{_of_layers(moire, frame)}: {_with(moire, 'period_A')} Å"
        if field := frame.get("smooth_field"):
            yield _field(field)
        if "fourier" in frame:
            yield from _fourier(frame["fourier"])
        yield from (_dopant(one) for one in frame.get("dopants", ()))
        yield from _regions(frame.get("regions", ()))


def _of_layers(moire: Figures, frame: Figures) -> str:
    """Say of which layers a moiré is, where there are more than two."""
    if len(frame["layers"]) < 3:
        return ""
    first, second = moire["layers"]
    return f" of layers {first} and {second}"


def _field(field: Figures) -> str:
    residual = "median distance of held-out atoms from the lattice"
    before, after = plain(field["median_residual_before_A"], 3), plain(field["median_residual_after_A"], 3)
    if not field["degrees_of_freedom"]:
        return f"  no smooth distortion of the scan makes held-out atoms fit better; {residual} {before} Å"
    numbers = counted(field["degrees_of_freedom"], "fitted number")
    return (
        f"  smooth distortion of the scan: {residual} {before} Å without it, {after} Å with it"
        f" ({numbers} describe it)"
    )


def _dopant(dopant: Figures) -> str:
    said = (
        f"  layer {dopant['layer']}: {dopant['species']} is {dopant['atoms']} atoms, {_part(dopant['fraction'])}"
    )
    said += f" ({_part(dopant['low'])} to {_part(dopant['high'])} with {dopant['confidence']:.0%} confidence)"
    if dopant["p_value"] is not None:
        pairs = f"{dopant['joins']} pairs of neighbours, {plain(dopant['joins_expected'], 3)} by chance"
        said += f"; {pairs} (p = {plain(dopant['p_value'], 2)})"
    return said


def _part(fraction: float) -> str:
    return f"{plain(100 * fraction, 3)} %"


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
    if cut := layer.get("atoms_at_border"):
        counts += f", {cut} cut by the border and left out"
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
    degrees = counted(figures["degrees_of_freedom"], "degree of freedom", "degrees of freedom")
    return f"chi-square {plain(figures['chi_square'])} for {degrees}{verdict}"


def _shared(frame: Figures, prefix: str) -> Iterator[str]:
    if shared := frame.get("shared_affine"):
        yield f"  {prefix}{_affine(shared)}"
        for layer in shared["layers"]:
            orientation = _with(layer, "orientation_deg")
            yield f"    layer {layer['layer']}: a {_with(layer, 'a_A')} Å, orientation {orientation} degrees"


def _twists(frame: Figures, prefix: str) -> Iterator[str]:
    for twist in frame.get("twists", ()):
        first, second = twist["layers"]
        yield (
            f"  {prefix}twist of layers {first} and {second}: {_with(twist, 'twist_deg')} degrees"
            f" (modulo {twist['modulo_deg']:g}, folded to 0 to {twist['modulo_deg'] / 2:g})"
        )


def _affine(shared: Figures) -> str:
    """Tell the affine distortion; that of one layer explains its cell whatever it is, so nothing tests it."""
    from napari_strata.lattice.agreement import UNLIKELY

    names = ("stretch_larger", "stretch_smaller")
    if shared["degrees_of_freedom"] and shared["p_value"] < UNLIKELY:
        return f"distortion of the scan: one for all layers does not fit; {_chi_square(shared)}; without it:"
    is_seen = any(abs(shared[name] - 1) > (shared[f"{name}_sigma"] or 0) for name in names)
    if shared["degrees_of_freedom"] and not is_seen:
        return f"distortion of the scan, shared by the layers: none measurable; {_chi_square(shared)}; without it:"
    stretches = f"stretched {_with(shared, 'stretch_larger')} and {_with(shared, 'stretch_smaller')} times"
    if shared["direction_deg_sigma"] < LEAST_SURE_DIRECTION:
        stretches += f", the larger along {_with(shared, 'direction_deg')} degrees"
    if not shared["degrees_of_freedom"]:
        return f"against the ideal cell of the same area it is {stretches}; the ideal cell:"
    return f"distortion of the scan, shared by the layers: {stretches}; {_chi_square(shared)}; without it:"


def _fourier(fourier: Figures) -> Iterator[str]:
    for layer in fourier["layers"]:
        yield f"  Fourier transform, layer {layer['layer']}: {_cell(layer)}; {len(layer['spots'])} spots"
    yield from _twists(fourier, "Fourier transform: ")
    yield from _shared(fourier, "Fourier transform: ")
    for moire in filter(None, fourier.get("moire", ())):
        yield f"  moiré seen in the {moire['source']}: {_with(moire, 'period_A')} Å"
    yield from (f"  note on the Fourier transform: {gap}" for gap in fourier["gaps"])


def _cell(layer: Figures) -> str:
    return (
        f"a {_with(layer, 'a_A')} Å, b {_with(layer, 'b_A')} Å, gamma {_with(layer, 'gamma_deg')} degrees,"
        f" orientation {_with(layer, 'orientation_deg')} degrees"
    )


def _with(figures: Figures, name: str) -> str:
    """Return a figure with its uncertainty, to two digits of the latter."""
    return uncertain(figures[name], figures[f"{name}_sigma"])
