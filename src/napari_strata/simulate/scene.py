"""One simulated image with its truth: draw the values, build the layers, scan, label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.simulate.crystals import CRYSTALS, species
from napari_strata.simulate.layers import build_layer
from napari_strata.simulate.microscope import (
    REFERENCE_PIXEL,
    Probe,
    ScanDistortion,
    detect,
    draw_distortion,
    jitter_lines,
    render,
    smooth_background,
)
from napari_strata.types import BACKGROUND, FloatImage, LabelArray

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 4.0
"""Atoms up to this far outside the field of view still brighten it [Å]."""


@dataclass(frozen=True, slots=True)
class SimulatedImage:
    """An image and everything that is true about it.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        Electron counts.
    labels : ndarray of uint8, shape (layer, y, x)
        1 background, 2.. species in the order of `napari_strata.simulate.crystals.species`.
    positions : tuple of ndarray, each of shape (n, 2)
        (y, x) of every atom of each layer, those just outside the image included [px].
    codes : tuple of ndarray of uint8, each of shape (n,)
        Mask code of each atom.
    parameters : dict
        The values drawn for this image, ready for JSON.
    """

    image: FloatImage
    labels: LabelArray
    positions: tuple[NDArray[np.float64], ...]
    codes: tuple[NDArray[np.uint8], ...]
    parameters: dict[str, Any]

    @property
    def atoms(self) -> "pd.DataFrame":
        """Columns layer, species, y_px, x_px, y_A, x_A; every atom whose centre lies in the image."""
        import pandas as pd

        return pd.concat([self._atoms_of_layer(layer) for layer in range(len(self.positions))], ignore_index=True)

    def _atoms_of_layer(self, layer: int) -> "pd.DataFrame":
        import pandas as pd

        positions, codes = self.positions[layer], self.codes[layer]
        inside = ((positions >= -0.5) & (positions < len(self.image) - 0.5)).all(axis=1)
        y, x = positions[inside].T
        pixel_size = self.parameters["pixel_size"]
        names = np.array(species(self.parameters["material"]))[codes[inside] - BACKGROUND - 1]
        columns = {"y_px": y, "x_px": x, "y_A": y * pixel_size, "x_A": x * pixel_size}
        return pd.DataFrame({"layer": np.full(len(y), layer), "species": names, **columns})


@dataclass(frozen=True, slots=True)
class _Draw:
    """The values of one image."""

    rotations: NDArray[np.float64]
    contrast: NDArray[np.float64]
    shifts: NDArray[np.float64]
    dose: float
    probe: Probe
    displacement: float
    vacancies: float
    background: float
    distortion: ScanDistortion


def simulate_image(
    config: SimulationConfig, *, size: int, pixel_size: float, rng: np.random.Generator
) -> SimulatedImage:
    """Simulate one image.

    Parameters
    ----------
    config : SimulationConfig
        The ranges to draw from.
    size : int
        Side of the image [px].
    pixel_size : float
        Pixel size [Å/px].
    rng : Generator
        Source of every draw; the same state gives the same image.
    """
    draw = _draw(config, size * pixel_size, rng)
    layers = _scanned_layers(config, draw, size, pixel_size, rng)
    clean = sum(
        contrast * render(positions, CRYSTALS[config.material].brightness[column], size, pixel_size, draw.probe)
        for (positions, column), contrast in zip(layers, draw.contrast, strict=True)
    )
    image = _scan(np.asarray(clean, dtype=np.float32), config, draw, pixel_size, rng)
    classes = _class_of_column(config)
    positions = tuple(p for p, _ in layers)
    codes = tuple(classes[column] for _, column in layers)
    labels = np.stack(
        [_label(p, c, size, config.mask_radius / pixel_size) for p, c in zip(positions, codes, strict=True)]
    )
    return SimulatedImage(image, labels, positions, codes, _describe(config, draw, pixel_size))


def _draw(config: SimulationConfig, field_of_view: float, rng: np.random.Generator) -> _Draw:
    twists = rng.uniform(*config.twist, config.layers - 1) * rng.choice([-1.0, 1.0], config.layers - 1)
    contrast = rng.uniform(*config.stacking.layer_contrast, config.layers)
    return _Draw(
        rotations=rng.uniform(0, 360) + np.concatenate([[0.0], np.cumsum(twists)]),
        contrast=contrast / contrast.max(),
        shifts=rng.random((config.layers, 2)),
        dose=float(np.exp(rng.uniform(*np.log(config.dose)))),
        probe=Probe(
            rng.uniform(*config.probe.sigma), rng.uniform(*config.probe.tail_fraction), rng.uniform(*config.probe.tail_width)
        ),
        displacement=rng.uniform(*config.defects.displacement),
        vacancies=rng.uniform(*config.defects.vacancies),
        background=rng.uniform(*config.contamination.background),
        distortion=draw_distortion(config.scan.affine, config.scan.distortion, field_of_view, rng),
    )


def _scanned_layers(
    config: SimulationConfig, draw: _Draw, size: int, pixel_size: float, rng: np.random.Generator
) -> list[tuple[NDArray[np.float64], NDArray[np.intp]]]:
    """Return (positions [px], basis column) of each layer, a margin around the image included."""
    half = size * pixel_size / 2
    layers = []
    for rotation, shift in zip(draw.rotations, draw.shifts, strict=True):
        atoms = build_layer(
            CRYSTALS[config.material],
            rotation=float(rotation),
            shift=shift,
            half_width=half * (1 + 2.5 * config.scan.affine) + MARGIN + 3 * config.scan.distortion,
            displacement=draw.displacement,
            vacancies=draw.vacancies,
            rng=rng,
        )
        scanned = draw.distortion(atoms.positions)
        inside = (np.abs(scanned) <= half + MARGIN).all(axis=1)
        layers.append((scanned[inside] / pixel_size + (size - 1) / 2, atoms.column[inside]))
    return layers


def _scan(
    clean: FloatImage, config: SimulationConfig, draw: _Draw, pixel_size: float, rng: np.random.Generator
) -> FloatImage:
    size = len(clean)
    jittered = jitter_lines(clean, rng.normal(0, config.scan.jitter / pixel_size, size))
    lit = jittered + draw.background * clean.max() * smooth_background(size, pixel_size, rng)
    return detect(lit, draw.dose * (pixel_size / REFERENCE_PIXEL) ** 2, rng)


def _label(positions: NDArray[np.float64], code: NDArray[np.uint8], size: int, radius: float) -> LabelArray:
    """Draw a disk around every atom, shape (y, x); where disks touch, the nearer atom wins."""
    steps = np.arange(-int(np.ceil(radius)) - 1, int(np.ceil(radius)) + 2)
    y, x = (
        np.rint(p).astype(np.intp)[:, None, None] + s
        for p, s in zip(positions.T, np.ix_(steps, steps), strict=True)
    )
    squared = (y - positions[:, 0, None, None]) ** 2 + (x - positions[:, 1, None, None]) ** 2
    valid = (squared <= radius**2) & (y >= 0) & (y < size) & (x >= 0) & (x < size)
    atom, row, column = np.nonzero(valid)
    farthest_first = np.argsort(-squared[valid], kind="stable")
    atom, row, column = atom[farthest_first], row[farthest_first], column[farthest_first]
    labels = np.full((size, size), BACKGROUND, dtype=np.uint8)
    labels[y[atom, row, 0], x[atom, 0, column]] = code[atom]
    return labels


def _class_of_column(config: SimulationConfig) -> NDArray[np.uint8]:
    """Return the mask code of each column of the basis."""
    names = species(config.material)
    codes = [names.index(s) + BACKGROUND + 1 for s in CRYSTALS[config.material].species]
    return np.array(codes, dtype=np.uint8)


def _describe(config: SimulationConfig, draw: _Draw, pixel_size: float) -> dict[str, Any]:
    return {
        "material": config.material,
        "pixel_size": pixel_size,
        "rotations": draw.rotations.tolist(),
        "twist": np.diff(draw.rotations).tolist(),
        "dose": draw.dose,
        "layer_contrast": draw.contrast.tolist(),
        "probe_sigma": draw.probe.sigma,
        "tail_fraction": draw.probe.tail_fraction,
        "tail_width": draw.probe.tail_width,
        "displacement": draw.displacement,
        "vacancies": draw.vacancies,
        "background": draw.background,
        "affine": draw.distortion.matrix.tolist(),
    }
