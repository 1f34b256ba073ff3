"""The values that one image draws from its ranges.

What the first simulator drew comes from the image's own generator in the order it always had. Each subject that
came later has a child of it, so that ranges that draw nothing of it give the images they always gave.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import DefectsConfig
from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.detector import Readout
from napari_strata.simulate.fields import WaveField, draw_strain_field
from napari_strata.simulate.layers import Grain, strain_tensor
from napari_strata.simulate.occupation import Substitution
from napari_strata.simulate.probes import Probe, draw_probe
from napari_strata.simulate.regions import Region, draw_disks, draw_half_plane
from napari_strata.simulate.scan import ScanDistortion, draw_distortion

HUNDRED_NM2 = 1e4
"""[Å²]."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How layers lie and how they are seen: what every image draws.

    Attributes
    ----------
    rotations, contrast : ndarray, shape (layer,)
        Rotation [degrees] and relative brightness of each layer.
    shifts : ndarray, shape (layer, 2)
        Shift of each layer in fractions of its lattice vectors.
    dose : float
        Dose, as the settings count it.
    probe : Probe
        Image of one atom.
    displacement, vacancies, background : float
        As in the settings.
    distortion : ScanDistortion
        Scan distortion.
    """

    rotations: NDArray[np.float64]
    contrast: NDArray[np.float64]
    shifts: NDArray[np.float64]
    dose: float
    probe: Probe
    displacement: float
    vacancies: float
    background: float
    distortion: ScanDistortion


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """What is particular about the layers.

    Attributes
    ----------
    strains : ndarray, shape (layer, 2, 2)
        Uniform strain of each layer.
    strain_fields : tuple of WaveField or None
        Varying strain of each layer.
    relaxation : float
        Largest displacement of the moiré's relaxation [Å].
    grains : tuple of Grain or None
        Second grain of each layer.
    missing : tuple of tuple of Region
        Where each layer is not.
    """

    strains: NDArray[np.float64]
    strain_fields: tuple[WaveField | None, ...]
    relaxation: float
    grains: tuple[Grain | None, ...]
    missing: tuple[tuple[Region, ...], ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """What columns and contamination are made of.

    Attributes
    ----------
    z_exponent : float
        Exponent of the atomic number.
    alloy : float
        Part of an alloy's second element.
    dopants : tuple of Substitution
        Dopants with their part.
    adatoms : tuple of (str, float)
        Elements with their number per nm².
    amorphous, coverage : float
        Thickness of amorphous carbon [Å], and the part of the image that it covers.
    """

    z_exponent: float
    alloy: float
    dopants: tuple[Substitution, ...]
    adatoms: tuple[tuple[str, float], ...]
    amorphous: float
    coverage: float

    def substitutions(self, crystal: Crystal) -> list[Substitution]:
        """Return what replaces what in a layer: first an alloy, of which dopants may then replace both."""
        alloy = [] if crystal.alloy is None else [Substitution(*crystal.alloy, self.alloy, is_named=True)]
        return alloy + list(self.dopants)


def draw_look(config: SimulationConfig, field_of_view: float, rng: np.random.Generator) -> Look:
    """Draw how layers lie and how they are seen."""
    twists = rng.uniform(*config.twist, config.layers - 1) * rng.choice([-1.0, 1.0], config.layers - 1)
    contrast = rng.uniform(*config.stacking.layer_contrast, config.layers)
    low, high = config.stacking.shift
    return Look(
        rotations=rng.uniform(0, 360) + np.concatenate([[0.0], np.cumsum(twists)]),
        contrast=contrast / contrast.max(),
        shifts=low + (high - low) * rng.random((config.layers, 2)),
        dose=float(np.exp(rng.uniform(*np.log(config.dose)))),
        probe=draw_probe(config.probe, rng),
        displacement=rng.uniform(*config.defects.displacement),
        vacancies=rng.uniform(*config.defects.vacancies),
        background=rng.uniform(*config.contamination.background),
        distortion=draw_distortion(config.scan.affine, config.scan.distortion, field_of_view, rng),
    )


def draw_structure(config: SimulationConfig, half_width: float, rng: np.random.Generator) -> Structure:
    """Draw strain, relaxation, grains, holes and edges."""
    stacking, layers = config.stacking, range(config.layers)
    strains = [
        strain_tensor((rng.uniform(*stacking.strain), rng.uniform(*stacking.strain)), rng.uniform(0, 180))
        for _ in layers
    ]
    fields = [
        draw_strain_field(rng.uniform(*stacking.strain_field), rng.uniform(*stacking.strain_wavelength), rng)
        for _ in layers
    ]
    is_strained = stacking.strain_field[1] > 0
    return Structure(
        strains=np.array(strains),
        strain_fields=tuple(field if is_strained else None for field in fields),
        relaxation=rng.uniform(*stacking.relaxation),
        grains=tuple(_draw_grain(config.defects, half_width, rng) for _ in layers),
        missing=_draw_missing(config.defects, config.layers, half_width, rng),
    )


def draw_matter(config: SimulationConfig, rng: np.random.Generator) -> Matter:
    """Draw what columns and contamination are made of."""
    defects, contamination = config.defects, config.contamination
    return Matter(
        z_exponent=rng.uniform(*config.crystal.z_exponent),
        alloy=rng.uniform(*config.crystal.alloy),
        amorphous=rng.uniform(*contamination.amorphous),
        coverage=rng.uniform(*contamination.coverage),
        dopants=tuple(
            Substitution(dopant.element, dopant.host, rng.uniform(*dopant.amount), defects.name_foreign)
            for dopant in defects.dopants
        ),
        adatoms=tuple((adatom.element, rng.uniform(*adatom.amount)) for adatom in defects.adatoms),
    )


def draw_readout(config: SimulationConfig, rng: np.random.Generator) -> tuple[float, Readout]:
    """Draw the detector's even background, relative to the brightest atom, and how it is read."""
    detector = config.detector
    ranges = (detector.background, detector.gain, detector.offset, detector.read_noise)
    background, gain, offset, noise = (float(rng.uniform(*bounds)) for bounds in ranges)
    return background, Readout(gain, offset, noise)


def _draw_grain(defects: DefectsConfig, half_width: float, rng: np.random.Generator) -> Grain | None:
    has_grain = rng.random() < defects.grain_boundaries
    angle = rng.uniform(*defects.misorientation) * rng.choice([-1.0, 1.0])
    grain = Grain(draw_half_plane(half_width, rng), float(angle), rng.random(2))
    return grain if has_grain else None


def _draw_missing(
    defects: DefectsConfig, layers: int, half_width: float, rng: np.random.Generator
) -> tuple[tuple[Region, ...], ...]:
    """Return the holes of each layer, and where it ends."""
    has_edge, has_vacuum = rng.random(2) < (defects.edges, defects.vacuum)
    ending = int(rng.integers(layers))
    edge, vacuum = draw_half_plane(half_width, rng), draw_half_plane(half_width, rng)
    density = rng.uniform(*defects.holes) / HUNDRED_NM2
    missing = []
    for layer in range(layers):
        regions: list[Region] = list(draw_disks(density, defects.hole_radius, half_width, rng))
        regions += [edge] if has_edge and layer == ending else []
        regions += [vacuum] if has_vacuum else []
        missing.append(tuple(regions))
    return tuple(missing)
