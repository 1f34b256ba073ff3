"""One simulated image with its truth: draw the values, place the atoms, scan, label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.simulate.classes import class_names
from napari_strata.simulate.contamination import smooth_background
from napari_strata.simulate.crystal_choice import Stack, draw_crystals
from napari_strata.simulate.detector import Readout, count, exposure_of
from napari_strata.simulate.draws import Look, draw_look, draw_readout
from napari_strata.simulate.registry import align
from napari_strata.simulate.rendering import Shining, render
from napari_strata.simulate.scan import jitter_lines
from napari_strata.simulate.specimen import Sources, Specimen, make_specimen
from napari_strata.types import BACKGROUND, NOT_LABELLED, FloatImage, LabelArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SimulatedImage:
    """An image and everything that is true about it.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        Electron counts, unless the detector makes other values of them.
    labels : ndarray of uint8, shape (layer, y, x)
        1 background, 2.. `classes`; 0 where a column is too faint for a label.
    positions : tuple of ndarray, each of shape (n, 2)
        (y, x) of every column of each layer, those just outside the image included [px]; with the last layer the
        adatoms that have a class.
    codes : tuple of ndarray of uint8, each of shape (n,)
        Mask code of each of them; 0 of those too faint for a label.
    classes : tuple of str
        Names of the mask codes 2, 3, ...
    parameters : dict
        The values drawn for this image, ready for JSON.
    """

    image: FloatImage
    labels: LabelArray
    positions: tuple[NDArray[np.float64], ...]
    codes: tuple[NDArray[np.uint8], ...]
    classes: tuple[str, ...]
    parameters: dict[str, Any]

    @property
    def atoms(self) -> "pd.DataFrame":
        """Columns layer, species, y_px, x_px, y_A, x_A; every labelled atom whose centre lies in the image."""
        import pandas as pd

        return pd.concat([self._atoms_of_layer(layer) for layer in range(len(self.positions))], ignore_index=True)

    def _atoms_of_layer(self, layer: int) -> "pd.DataFrame":
        import pandas as pd

        positions, codes = self.positions[layer], self.codes[layer]
        inside = ((positions >= -0.5) & (positions < len(self.image) - 0.5)).all(axis=1) & (codes != NOT_LABELLED)
        y, x = positions[inside].T
        pixel_size = self.parameters["pixel_size"]
        names = np.array(self.classes, dtype=object)[codes[inside] - BACKGROUND - 1]
        columns = {"y_px": y, "x_px": x, "y_A": y * pixel_size, "x_A": x * pixel_size}
        return pd.DataFrame({"layer": np.full(len(y), layer), "species": names, **columns})


def simulate_image(
    config: SimulationConfig, *, size: int, pixel_size: float, rng: np.random.Generator
) -> SimulatedImage:
    """Simulate one square image.

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

    Raises
    ------
    ConfigError
        If the crystal cannot be read, or dopants find no place in it.
    """
    classes = class_names(config)
    look = draw_look(config, size * pixel_size, rng)
    structure_rng, matter_rng, scan_rng, reading_rng, crystal_rng = rng.spawn(5)
    stack = draw_crystals(config, crystal_rng)
    if crystal_rng.random() < config.stacking.aligned:
        look = align(look, stack.crystals, crystal_rng)
    sources = Sources(rng, structure_rng, matter_rng, scan_rng)
    specimen = make_specimen(config, stack.crystals, look, size, pixel_size, classes, sources)
    clean = render(_shining(specimen, look), size, pixel_size, look.probe)
    even, readout = draw_readout(config, reading_rng)
    lit = _light(clean, config, look, even, pixel_size, rng)
    exposure = exposure_of(lit, look.dose, config.dose_per, pixel_size)
    image = readout(count(lit, exposure, rng), reading_rng)
    radius = config.mask_radius / pixel_size
    positions, codes = zip(*specimen.labelled(), strict=True)
    labels = [_label(p, c, size, radius) for p, c in zip(positions, codes, strict=True)]
    parameters = _describe(stack, look, specimen, pixel_size)
    parameters |= _describe_light(lit, exposure, even, readout, pixel_size)
    return SimulatedImage(image, np.stack(labels), positions, codes, classes, parameters)


def _shining(specimen: Specimen, look: Look) -> list[Shining]:
    """Return all that is to be rendered, relative to the brightest perfect column."""
    *lower, last = look.contrast
    contrasts = (*lower, last, last, 1.0)
    parts = zip((*specimen.layers, specimen.adatoms, specimen.carbon), contrasts, strict=True)
    return [
        Shining(atoms.positions, atoms.brightness / specimen.unit, contrast)
        for atoms, contrast in parts
        if len(atoms.positions)
    ]


def _light(
    clean: FloatImage,
    config: SimulationConfig,
    look: Look,
    even: float,
    pixel_size: float,
    rng: np.random.Generator,
) -> FloatImage:
    """Return what reaches the detector: scan lines that jitter, and backgrounds."""
    size = len(clean)
    jittered = jitter_lines(clean, rng.normal(0, config.scan.jitter / pixel_size, size))
    lit = jittered + look.background * clean.max() * smooth_background(size, pixel_size, rng)
    return np.asarray(lit + even * clean.max(), dtype=np.float32)


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


def _describe(stack: Stack, look: Look, specimen: Specimen, pixel_size: float) -> dict[str, Any]:
    return {
        "material": stack.subject,
        "crystals": [{"name": name, **crystal.describe()} for name, crystal in stack.layers],
        "pixel_size": pixel_size,
        "rotations": look.rotations.tolist(),
        "twist": np.diff(look.rotations).tolist(),
        "dose": look.dose,
        "layer_contrast": look.contrast.tolist(),
        "probe": look.probe.describe(),
        "displacement": look.displacement,
        "vacancies": look.vacancies,
        "background": look.background,
        "affine": look.distortion.matrix.tolist(),
        **specimen.describe(),
    }


def _describe_light(
    lit: FloatImage, exposure: float, even: float, readout: Readout, pixel_size: float
) -> dict[str, Any]:
    """Tell the expected counts in both ways of counting, and what the detector makes of them."""
    per_area = exposure / pixel_size**2
    return {
        "counts_per_area": float(lit.mean(dtype=np.float64)) * per_area,
        "peak_counts_per_area": float(lit.max()) * per_area,
        "detector": {
            "background": even,
            "gain": readout.gain,
            "offset": readout.offset,
            "read_noise": readout.noise,
        },
    }
