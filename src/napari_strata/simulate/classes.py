"""Names of columns, and which classes the labels of a simulation have.

A column is named by its elements, the heaviest first: ``W``, ``S`` (of however many atoms), ``Ti/O``, ``Se/S``; or
by their kinds: ``metal``, ``chalcogen``, ``metal/chalcogen``, and ``C``, since all else is a kind of its own.
Its name is that of its place and of what was put there: a column that has lost some of its atoms keeps it.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations_with_replacement, product

from napari_strata.config import SimulationConfig
from napari_strata.config.simulation import ClassesBy
from napari_strata.errors import ConfigError
from napari_strata.simulate.crystal_choice import possible_crystals
from napari_strata.simulate.crystals import Crystal, atomic_number

MOST_CLASSES = 253
"""Codes 2 to 254 are left for classes."""
COLUMN = "column"
"""Name of every column where classes are not told apart."""
CHALCOGENS = frozenset({"O", "S", "Se", "Te"})
NEITHER = frozenset("H He B C N F Ne Si P Cl Ar Ge As Br Kr Sb I Xe At Rn".split())  # noqa: SIM905
"""Elements that are neither metals nor chalcogens."""


def class_names(config: SimulationConfig) -> tuple[str, ...]:
    """Return the names of the mask codes 2, 3, ...: the columns of each layer from below, then adatoms.

    Parameters
    ----------
    config : SimulationConfig
        What is simulated.

    Raises
    ------
    ConfigError
        If an element does not exist, a dopant finds no place, or there are too many classes.
    """
    crystals = possible_crystals(config)
    _check_dopants(config, crystals)
    if config.classes == "columns":
        return (COLUMN,)
    names = [name for crystal in crystals for name in _names_in(crystal, config)]
    if config.defects.name_foreign:
        names += [column_name([adatom.element], config.classes) for adatom in config.defects.adatoms]
    different = tuple(dict.fromkeys(names))
    if len(different) > MOST_CLASSES:
        raise ConfigError(
            f"The simulated columns have {len(different)} different names, more than {MOST_CLASSES}.",
            remedy="Turn off “Name foreign atoms”, or take fewer dopants.",
        )
    return different


def column_name(elements: Iterable[str], by: ClassesBy = "elements") -> str:
    """Name a column by its elements or by their kinds, the heaviest first."""
    if by == "columns":
        return COLUMN
    ordered = sorted(set(elements), key=atomic_number, reverse=True)
    return "/".join(ordered if by == "elements" else dict.fromkeys(map(kind_of, ordered)))


def kind_of(element: str) -> str:
    """Return metal, chalcogen (oxygen is one), or the element itself if it is neither."""
    if element in CHALCOGENS:
        return "chalcogen"
    return element if element in NEITHER else "metal"


def substitutes(crystal: Crystal, config: SimulationConfig, *, named_only: bool = False) -> dict[str, list[str]]:
    """Return which elements can take the place of each element: those of an alloy first, then dopants.

    Parameters
    ----------
    crystal : Crystal
        A layer's crystal.
    config : SimulationConfig
        Names the dopants.
    named_only : bool
        Only what changes a column's name.
    """
    pairs = [] if crystal.alloy is None else [crystal.alloy]
    if config.defects.name_foreign or not named_only:
        pairs += [(dopant.element, dopant.host) for dopant in config.defects.dopants if dopant.amount[1] > 0]
    found: dict[str, list[str]] = {}
    for element, host in pairs:
        found.setdefault(host, []).append(element)
    return found


def _names_in(crystal: Crystal, config: SimulationConfig) -> Iterable[str]:
    """Return the names of all columns that a layer can have."""
    foreign = substitutes(crystal, config, named_only=True)
    for column in crystal.columns:
        counts = {host: column.count(host) * config.crystal.thickness for host in dict.fromkeys(column)}
        contents = []
        for host, count in counts.items():
            occupants = _occupants(host, foreign)
            contents.append(list(combinations_with_replacement(occupants, min(count, len(occupants)))))
        yield from dict.fromkeys(column_name(sum(parts, ()), config.classes) for parts in product(*contents))


def _occupants(host: str, foreign: Mapping[str, list[str]]) -> list[str]:
    """Return what can be in the place of an element: itself, an element instead, and one instead of that."""
    occupants = [host]
    for one in occupants:  # grows while it is read
        occupants += [other for other in foreign.get(one, []) if other not in occupants]
    return occupants


def _check_dopants(config: SimulationConfig, crystals: Iterable[Crystal]) -> None:
    present = {element for crystal in crystals for column in crystal.columns for element in column}
    present |= {crystal.alloy[0] for crystal in crystals if crystal.alloy}
    present |= {dopant.element for dopant in config.defects.dopants}
    for dopant in config.defects.dopants:
        if dopant.host not in present:
            raise ConfigError(
                f"No layer holds {dopant.host}, which {dopant.element} is to replace.",
                remedy=f"Name one of {', '.join(sorted(present - {dopant.element}))}.",
            )
