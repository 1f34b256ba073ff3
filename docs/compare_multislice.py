"""Compare the fast simulator with multislice by abTEM: ``python -m docs.compare_multislice``.

Needs the extra ``abtem``, which is under the GPL. Prints the figures of the page and draws its picture.
"""

import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import graphene, mx2
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from napari_strata.simulate.crystals import atomic_number
from napari_strata.simulate.multislice import multislice_image
from napari_strata.simulate.optics import Optics
from napari_strata.simulate.probes import OpticalProbe
from napari_strata.simulate.rendering import Shining, render

IMAGE = Path(__file__).resolve().parent / "images" / "multislice.png"
OPTICS = Optics(voltage=60, aperture=32)
SOURCE, DISPLACEMENT, ATOM_WIDTH = 0.3, 0.06, 0.12
"""Standard deviations [Å]: of the source, of thermal displacements per axis, and of what scatters in an atom."""
DETECTOR = (80.0, 200.0)
"""Inner and outer angle [mrad]."""
PIXEL, FINE = 0.15, 0.05
"""Pixels of multislice, and of the fast images, which are then read at the places of the others [Å]."""
Z_EXPONENT = 1.7
CONFIGURATIONS = 4
EXTENT = 10.0
"""Side of the pictures [Å]."""


def main() -> None:
    """Compare graphene and MoS2."""
    figure = Figure(figsize=(9, 5.6), layout="constrained")
    axes = figure.subplots(2, 3, width_ratios=(1, 1, 1.4))
    crystals = {"graphene": graphene(a=2.46, vacuum=1), "MoS₂": mx2("MoS2", a=3.16, thickness=3.17, vacuum=1)}
    for row, (name, cell) in zip(axes, crystals.items(), strict=True):
        atoms = rectangular(cell)
        slow = multislice_image(
            atoms,
            OPTICS,
            pixel_size=PIXEL,
            source=SOURCE,
            detector=DETECTOR,
            displacement=DISPLACEMENT,
            configurations=CONFIGURATIONS,
        )
        fast = fast_image(atoms, slow.shape)
        scale = float((slow * fast).sum() / (fast**2).sum())
        print(json.dumps({"crystal": name, **figures(slow, scale * fast, atoms)}))
        draw(row, name, slow, scale * fast, atoms)
    figure.savefig(IMAGE, dpi=120)


def rectangular(cell: Atoms) -> Atoms:
    """Return the rectangular cell of a hexagonal monolayer, twice as large, with a column at its corner."""
    double = cell * (1, 2, 1)
    a, b, _ = cell.cell.array
    double.set_cell([a, a + 2 * b if a @ b < 0 else 2 * b - a, cell.cell.array[2]], scale_atoms=False)
    double.positions[:, :2] -= double.positions[0, :2]
    double.wrap()
    return double


def fast_image(atoms: Atoms, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Render the same cell with the fast simulator, at the places of the other image."""
    width, height = atoms.cell.lengths()[:2]
    reach = 12.0
    repeats = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 2), axis=-1).reshape(-1, 1, 2) * (width, height)
    places = (repeats + atoms.positions[:, :2]).reshape(-1, 2)
    brightness = np.tile([atomic_number(s) ** Z_EXPONENT for s in atoms.get_chemical_symbols()], len(repeats))
    near = (places > -reach).all(axis=1) & (places < np.array([width, height]) + reach).all(axis=1)
    probe = OpticalProbe(OPTICS, SOURCE, float(np.hypot(DISPLACEMENT, ATOM_WIDTH)))
    size = int(np.ceil(max(width, height) / FINE)) + 8
    image = render([Shining(places[near][:, ::-1] / FINE, brightness[near])], size, FINE, probe)
    rows, columns = (np.arange(n) * length / n / FINE for n, length in zip(shape, (height, width), strict=True))
    read: NDArray[np.float64] = map_coordinates(image, np.meshgrid(rows, columns, indexing="ij"), order=3)
    return read


def figures(slow: NDArray[np.float32], fast: NDArray[np.float64], atoms: Atoms) -> dict[str, float]:
    """Return how alike two images of a cell are."""
    found = {
        "correlation": float(np.corrcoef(slow.ravel(), fast.ravel())[0, 1]),
        "rms difference of the peak": float(np.sqrt(np.mean((slow - fast) ** 2)) / slow.max()),
        "darkest over brightest, multislice": float(slow.min() / slow.max()),
        "darkest over brightest, fast": float(fast.min() / fast.max()),
    }
    symbols = atoms.get_chemical_symbols()
    if len(set(symbols)) > 1:
        for name, image in (("multislice", slow), ("fast", fast)):
            peaks = {s: at(image, atoms, symbols.index(s)) - image.min() for s in set(symbols)}
            found[f"S2 over Mo, {name}"] = peaks["S"] / peaks["Mo"]
    return {name: round(float(value), 4) for name, value in found.items()}


def at(image: NDArray[np.floating], atoms: Atoms, index: int) -> float:
    """Return the image at an atom."""
    x, y = atoms.positions[index, :2] / atoms.cell.lengths()[:2] * image.shape[::-1]
    return float(map_coordinates(image, [[y], [x]], order=3, mode="grid-wrap")[0])


def draw(row: NDArray[np.object_], name: str, slow: NDArray, fast: NDArray, atoms: Atoms) -> None:
    """Draw both images, and the profile along the zigzag of columns that runs up through the corner."""
    width, height = atoms.cell.lengths()[:2]
    repeats = tuple(int(np.ceil(EXTENT / length)) for length in (height, width))
    for axes, image, title in zip(row, (slow, fast), (f"{name}: multislice", "fast"), strict=False):
        extent = (0, repeats[1] * width, repeats[0] * height, 0)
        axes.imshow(np.tile(image, repeats), cmap="gray", extent=extent, vmin=0, vmax=slow.max())
        axes.set(title=title, xlim=(0, EXTENT), ylim=(EXTENT, 0), xticks=[], yticks=[])
    y = np.arange(2 * len(slow)) * height / len(slow)
    for image, style, label in ((slow, "-", "multislice"), (fast, "--", "fast")):
        row[2].plot(y, np.tile(image[:, 0], 2) / slow.max(), style, label=label)
    row[2].set(xlabel="along the armchair direction [Å]", ylabel="intensity", ylim=(0, None))
    row[2].legend()


if __name__ == "__main__":
    main()
