"""The specimen in one image: the atoms of every layer, where the scan shows them and how bright."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.config.simulation import ClassesBy
from napari_strata.simulate.adatoms import Adatoms, scatter_adatoms
from napari_strata.simulate.classes import column_name
from napari_strata.simulate.contamination import CARBON, scatter_carbon
from napari_strata.simulate.crystals import Crystal, atomic_number
from napari_strata.simulate.draws import Look, Matter, Structure, draw_matter, draw_structure
from napari_strata.simulate.layers import Columns
from napari_strata.simulate.occupation import atoms_per_column, brightest, occupy
from napari_strata.simulate.scan import ScanDistortion, draw_drift
from napari_strata.simulate.stack import place_columns
from napari_strata.types import BACKGROUND, NOT_LABELLED


@dataclass(frozen=True, slots=True)
class Sources:
    """Random generators, one for each subject.

    Attributes
    ----------
    disorder : Generator
        Of vacancies and displacements.
    structure : Generator
        Of strain, grains, holes and edges.
    matter : Generator
        Of dopants, adatoms and contamination.
    scan : Generator
        Of drift.
    """

    disorder: np.random.Generator
    structure: np.random.Generator
    matter: np.random.Generator
    scan: np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """Columns, or single atoms, that are seen.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        (y, x): from the centre of the field of view [Å], or in the image [px].
    brightness : ndarray, shape (n,)
        Sum of Z^n.
    code : ndarray of uint8, shape (n,)
        Mask code; 0 of what has no label.
    """

    positions: NDArray[np.float64]
    brightness: NDArray[np.float64]
    code: NDArray[np.uint8]

    def where(self, chosen: NDArray[np.bool_]) -> "Atoms":
        """Return some of them."""
        return Atoms(self.positions[chosen], self.brightness[chosen], self.code[chosen])

    def labelled_from(self, brightness: float) -> "Atoms":
        """Return them with no label where they are fainter than that."""
        return replace(self, code=np.where(self.brightness < brightness, NOT_LABELLED, self.code).astype(np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Specimen:
    """Atoms as the scan shows them [px].

    Attributes
    ----------
    layers : tuple of Atoms
        Columns of each layer, from below.
    adatoms : Atoms
        What lies on the last layer.
    carbon : Atoms
        Amorphous carbon.
    unit : float
        Brightness of the brightest perfect column.
    structure : Structure
        What was drawn of the layers.
    matter : Matter
        What was drawn of their atoms.
    drift : ndarray, shape (2,)
        Drift (y, x), in parts of the image's height.
    """

    layers: tuple[Atoms, ...]
    adatoms: Atoms
    carbon: Atoms
    unit: float
    structure: Structure
    matter: Matter
    drift: NDArray[np.float64]

    def labelled(self) -> list[tuple[NDArray[np.float64], NDArray[np.uint8]]]:
        """Return positions and codes of each layer's columns, and with the last also of labelled adatoms."""
        named = self.adatoms.where(self.adatoms.code != NOT_LABELLED)
        *lower, last = ((layer.positions, layer.code) for layer in self.layers)
        return [*lower, (np.concatenate([last[0], named.positions]), np.concatenate([last[1], named.code]))]

    def describe(self) -> dict[str, Any]:
        """Return what was drawn, ready for JSON."""
        structure, matter = self.structure, self.matter
        return {
            "strain": structure.strains.tolist(),
            "relaxation": structure.relaxation,
            "grains": [
                grain and {"misorientation": grain.misorientation, **asdict(grain.region)}
                for grain in structure.grains
            ],
            "missing": [[asdict(region) for region in regions] for regions in structure.missing],
            "z_exponent": matter.z_exponent,
            "alloy": matter.alloy,
            "dopants": {f"{one.element} for {one.host}": one.part for one in matter.dopants},
            "adatoms": dict(matter.adatoms),
            "amorphous": matter.amorphous,
            "coverage": matter.coverage,
            "drift": self.drift.tolist(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Which part of the specimen counts, and where the image shows it.

    Attributes
    ----------
    size : int
        Side of the image [px].
    pixel_size : float
        Pixel size [Å/px].
    scan : ScanDistortion
        Where atoms are shown.
    reach : float
        How far outside the image atoms still count [Å].
    """

    size: int
    pixel_size: float
    scan: ScanDistortion
    reach: float

    def half_width(self, config: SimulationConfig) -> float:
        """Return half the side of a square that holds all that can be brought into view [Å]."""
        scan, stacking = config.scan, config.stacking
        wave = stacking.strain_field[1] * stacking.strain_wavelength[1]
        farthest = (1 + scan.drift[1]) / (1 - 2 * scan.affine)  # what the largest distortion brings to a corner
        spread = max(1 + 2.5 * scan.affine + 2 * scan.drift[1], farthest)
        return self._half * spread + self.reach + 3 * scan.distortion + 0.5 * wave + stacking.relaxation[1]

    def show(self, atoms: Atoms) -> Atoms:
        """Return the atoms that count, where they are in the image."""
        scanned = self.scan(atoms.positions)
        counts = np.asarray((np.abs(scanned) <= self._half + self.reach).all(axis=1))
        return replace(atoms, positions=scanned / self.pixel_size + (self.size - 1) / 2).where(counts)

    @property
    def _half(self) -> float:
        return self.size * self.pixel_size / 2


def make_specimen(
    config: SimulationConfig,
    crystals: Sequence[Crystal],
    look: Look,
    size: int,
    pixel_size: float,
    classes: Sequence[str],
    sources: Sources,
) -> Specimen:
    """Place all atoms of one image.

    Parameters
    ----------
    config : SimulationConfig
        The ranges to draw from.
    crystals : sequence of Crystal
        Crystal of each layer, from below.
    look : Look
        What was drawn of layers and scan.
    size : int
        Side of the image [px].
    pixel_size : float
        Pixel size [Å/px].
    classes : sequence of str
        Names of the mask codes 2, 3, ...
    sources : Sources
        Random generators.
    """
    structure = draw_structure(config, size * pixel_size / 2, sources.structure)
    matter, drift = draw_matter(config, sources.matter), draw_drift(config.scan.drift, sources.scan)
    view = _View(size, pixel_size, replace(look.distortion, drift=drift), look.probe.reach)
    half_width = view.half_width(config)
    unit = brightest(crystals, config.crystal.thickness, matter.z_exponent)
    layers = [
        view.show(_disturb(crystal, columns, config, look, matter, classes, sources)).labelled_from(
            config.faintest * unit
        )
        for crystal, columns in zip(crystals, place_columns(crystals, look, structure, half_width), strict=True)
    ]
    adatoms = scatter_adatoms(matter.adatoms, structure.missing[-1], half_width, sources.matter)
    named = classes if config.defects.name_foreign else ()
    carbon = scatter_carbon(matter.amorphous, matter.coverage, half_width, sources.matter)
    return Specimen(
        layers=tuple(layers),
        adatoms=view.show(_lit(adatoms, matter.z_exponent, named, config.classes)),
        carbon=view.show(_carbon(carbon, matter.z_exponent)),
        unit=unit,
        structure=structure,
        matter=matter,
        drift=drift,
    )


def _disturb(
    crystal: Crystal,
    columns: Columns,
    config: SimulationConfig,
    look: Look,
    matter: Matter,
    classes: Sequence[str],
    sources: Sources,
) -> Atoms:
    """Displace columns and fill them with atoms; those that have none left are left out."""
    thickness, count = config.crystal.thickness, len(columns.site)
    is_there = sources.disorder.random((count, atoms_per_column(crystal, thickness))) >= look.vacancies
    moved = columns.positions + sources.disorder.normal(0.0, look.displacement, columns.positions.shape)
    brightness, code = occupy(
        crystal,
        columns.site,
        thickness=thickness,
        substitutions=matter.substitutions(crystal),
        is_there=is_there,
        z_exponent=matter.z_exponent,
        classes=classes,
        classes_by=config.classes,
        rng=sources.matter,
    )
    return Atoms(moved, brightness, code).where(brightness > 0)


def _lit(adatoms: Adatoms, z_exponent: float, classes: Sequence[str], by: ClassesBy) -> Atoms:
    """Return adatoms with their brightness and, if there are classes, their codes."""
    codes = [
        classes.index(column_name([str(element)], by)) + BACKGROUND + 1 if classes else NOT_LABELLED
        for element in adatoms.element
    ]
    return Atoms(adatoms.positions, adatoms.brightness(z_exponent), np.array(codes, dtype=np.uint8))


def _carbon(positions: NDArray[np.float64], z_exponent: float) -> Atoms:
    brightness = np.full(len(positions), float(atomic_number(CARBON)) ** z_exponent)
    return Atoms(positions, brightness, np.full(len(positions), NOT_LABELLED, dtype=np.uint8))
