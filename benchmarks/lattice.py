"""The lattices of both layers in an experimental image of twisted bilayer graphene, as a model finds their atoms.

What is known about the image: a = 2.46 Å in both layers, a twist of 28.9 degrees, one distortion of the scan for
both, with stretches of about 1.03 and 0.96, and a smooth distortion beyond it of 0.15 Å in the median.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Figure
from benchmarks.jobs import result_of
from benchmarks.real_image import ATOMS, IMAGE, LAYERS

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.types import ImageStack

TWIST = 28.9


def measure(model: Path, *, image: Path = IMAGE) -> Iterator[Figure]:
    """Locate the atoms with a model, and fit their lattices and the image's Fourier transform."""
    if not image.is_file():
        yield Figure("lattice: skipped", f"there is no {image.name}; name it with --image")
        return
    if not model.exists():
        yield Figure("lattice: skipped", "there is no model; name it with --model")
        return
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.io.images import read_image
    from napari_strata.jobs.locate_atoms import locate_atoms

    stack = read_image(image).stack
    found = result_of(locate_atoms(JobControl(), model, [stack], InferenceConfig(), AtomsConfig())).value
    yield from figures_of(found.table, stack)


def figures_of(table: "DataFrame", stack: "ImageStack") -> Iterator[Figure]:
    """Fit the lattices of located atoms, and tell the figures."""
    from napari_strata.control import JobControl
    from napari_strata.jobs.fit_lattice import fit_lattice

    [frame] = result_of(fit_lattice(JobControl(), table, images=[stack])).figures["frames"]
    if frame["shared_affine"] is None or len(frame["shared_affine"]["layers"]) != LAYERS:
        yield Figure("lattice: layers with a lattice", len(frame["layers"]), "", str(LAYERS))
        return
    for layer in frame["layers"]:
        near = f"{ATOMS} in all the field of view"
        yield Figure(f"lattice: atoms, layer {layer['layer']}", layer["atoms"], "", near)
        part = part_of_expected(table[table["layer"] == layer["layer"]], stack, layer)
        inside = f"lattice: atoms half a bond from the border, part of those expected, layer {layer['layer']}"
        yield Figure(inside, part, "", "0.97 to 1.03")
        yield Figure(f"lattice: interior atoms, layer {layer['layer']}", layer["interior_atoms"])
        yield Figure(f"lattice: coherence, layer {layer['layer']}", layer["coherence"], "", ">= 0.95")
        yield Figure(f"lattice: mean bond, layer {layer['layer']}", layer["bond_A"], "Å", "1.42 ± 0.015")
    yield from _shared("atoms", frame)
    field = frame["smooth_field"]
    before = {"before": field["median_residual_before_A"]}
    yield Figure(
        "lattice: median residual of held-out atoms after the smooth field",
        field["median_residual_after_A"],
        "Å",
        "<= 0.12",
        before,
    )
    yield Figure("lattice: degrees of freedom of the smooth field", field["degrees_of_freedom"])
    fourier = frame["fourier"]
    if fourier["shared_affine"] is None:
        yield Figure("lattice: Fourier transform", "; ".join(fourier["gaps"]))
        return
    yield from _shared("Fourier transform", fourier)
    if seen := fourier["moire"][0]:
        predicted = {"predicted from the atoms": frame["moire"][0]["period_A"]}
        yield Figure("lattice: moiré period seen", seen["period_A"], "Å", "", predicted)


def part_of_expected(table: "DataFrame", stack: "ImageStack", layer: dict[str, Any]) -> float:
    """Return the atoms that lie half a bond from the border, over what the area holds of the layer's cells."""
    border = layer["bond_A"] / 2
    assert stack.pixel_size is not None
    low = border - stack.pixel_size / 2  # the centre of the first pixel is at 0
    height, width = (side * stack.pixel_size - 2 * border for side in stack.data.shape[1:3])
    y, x = table["y_A"] - low, table["x_A"] - low
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    expected = height * width / layer["cell_area_A2"] * len(layer["sites"])
    return float(inside.sum() / expected)


def _shared(source: str, figures: dict[str, Any]) -> Iterator[Figure]:
    shared, twist = figures["shared_affine"], figures["twists"][0]
    for layer in shared["layers"]:
        sigma = {"sigma": layer["a_A_sigma"]}
        yield Figure(f"lattice: a from the {source}, layer {layer['layer']}", layer["a_A"], "Å", "", sigma)
    ratio = shared["largest_a_over_smallest"]
    yield Figure(f"lattice: larger over smaller a from the {source}", ratio, "", "<= 1.01")
    degrees = {"degrees of freedom": shared["degrees_of_freedom"]}
    yield Figure(f"lattice: chi-square from the {source}", shared["chi_square"], "", "", degrees)
    for name in ("larger", "smaller"):
        yield Figure(f"lattice: {name} stretch from the {source}", shared[f"stretch_{name}"])
    sigma = {"sigma": twist["twist_deg_sigma"]}
    yield Figure(f"lattice: twist from the {source}", twist["twist_deg"], "degrees", f"{TWIST} ± 0.3", sigma)
