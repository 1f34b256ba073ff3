"""Which crystals there are in an image: those of the settings, or some that every image draws."""

from dataclasses import dataclass

import numpy as np

from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import AnyCrystal
from napari_strata.errors import ConfigError
from napari_strata.simulate.cif import read_cif
from napari_strata.simulate.crystals import CRYSTALS, Crystal
from napari_strata.simulate.random_crystals import draw_random_crystal


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The crystals of one image.

    Attributes
    ----------
    names : tuple of str
        Name of each layer's crystal, from below.
    crystals : tuple of Crystal
        Crystal of each layer.
    """

    names: tuple[str, ...]
    crystals: tuple[Crystal, ...]

    @property
    def layers(self) -> list[tuple[str, Crystal]]:
        """Name and crystal of each layer."""
        return list(zip(self.names, self.crystals, strict=True))

    @property
    def subject(self) -> str:
        """Names of the crystals in words, the upper ones first, each once."""
        return " on ".join(dict.fromkeys(reversed(self.names)))


def crystals_of(config: SimulationConfig) -> tuple[Crystal, ...]:
    """Return the crystal of each layer, from below, where it is the same in every image.

    Raises
    ------
    ConfigError
        If every image draws its own, or the CIF file cannot be read.
    """
    if config.crystal.any_of:
        raise ConfigError(
            f"Every image draws its crystal ({config.subject}), so that it is not known which one is looked at.",
            remedy="Empty “Any of” under Crystals, and choose the material.",
        )
    return _filled(config, _own(config))


def possible_crystals(config: SimulationConfig) -> tuple[Crystal, ...]:
    """Return all crystals that an image can hold, but for those made up at random.

    Raises
    ------
    ConfigError
        If the CIF file cannot be read.
    """
    if not config.crystal.any_of:
        return tuple(dict.fromkeys(crystals_of(config)))
    drawn = [CRYSTALS[name] for name in config.crystal.any_of if name != "random"]
    upper = [CRYSTALS[name] for name in config.crystal.upper[: config.layers - 1]]
    return tuple(dict.fromkeys(drawn + upper))


def draw_crystals(config: SimulationConfig, rng: np.random.Generator) -> Stack:
    """Draw the crystals of one image.

    Parameters
    ----------
    config : SimulationConfig
        Names the crystals.
    rng : Generator
        Not used where every image has the same ones.

    Raises
    ------
    ConfigError
        If the CIF file cannot be read.
    """
    if not config.crystal.any_of:
        names = _names(config, config.material if config.crystal.cif is None else config.crystal.cif.stem)
        return Stack(names, crystals_of(config))
    is_mixed = rng.random() < config.crystal.mixed
    drawn = [_draw(config, rng) for _ in range(config.layers if is_mixed and not config.crystal.upper else 1)]
    if len(drawn) > 1:
        names, crystals = zip(*drawn, strict=True)
        return Stack(names, crystals)
    name, crystal = drawn[0]
    return Stack(_names(config, name), _filled(config, crystal))


def _draw(config: SimulationConfig, rng: np.random.Generator) -> tuple[AnyCrystal, Crystal]:
    name = config.crystal.any_of[rng.integers(len(config.crystal.any_of))]
    return name, draw_random_crystal(rng) if name == "random" else CRYSTALS[name]


def _own(config: SimulationConfig) -> Crystal:
    cif = config.crystal.cif
    return CRYSTALS[config.material] if cif is None else read_cif(cif, config.crystal.zone_axis)


def _filled(config: SimulationConfig, lowest: Crystal) -> tuple[Crystal, ...]:
    """Return a crystal and those above it; the last one goes on to the top."""
    stack = [lowest, *(CRYSTALS[material] for material in config.crystal.upper[: config.layers - 1])]
    return tuple(stack + [stack[-1]] * (config.layers - len(stack)))


def _names(config: SimulationConfig, lowest: str) -> tuple[str, ...]:
    stack = [lowest, *config.crystal.upper[: config.layers - 1]]
    return tuple(stack + [stack[-1]] * (config.layers - len(stack)))
