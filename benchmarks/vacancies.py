"""Vacancies, also those that a network fills: how many are proposed, and how many atoms are by mistake."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of

if TYPE_CHECKING:
    from pandas import DataFrame

RECIPE = "recipes/bundled/unet-columns.yaml"
"""What it learned from: images as in its training."""
PIXEL, SIDE = 0.2, 256
IMAGES = 2
"""Per crystal."""
DOSES = (200, 1000)
"""Mean counts per Å² of the images with known vacancies."""
WIDTH, TAIL, TAIL_WIDTH, BACKGROUND = 0.4, 0.1, 0.88, 0.1
"""Standard deviation of their peaks [Å], part of each in a wide tail, that one's; background by the peaks."""
DISPLACEMENT, ANGLE, TWIST = 0.03, 9.0, 12.0
ORDERS = np.arange(-60, 61)
VACANCIES, APART, MARGIN = 12, 5.0, 5.0
"""Per layer, and how far they are from each other and the border at least [Å]."""
NEAR = 0.5
"""An atom within this distance is the one that is or was there [Å]."""
Refine = Literal["centroid", "image"]


@dataclass(frozen=True, slots=True)
class Case:
    """A crystal some of whose columns are gone.

    Attributes
    ----------
    name, model : str
        Of the crystal, and what locates its atoms.
    cell : ndarray, shape (2, 2)
        Lattice vectors [Å].
    sites : tuple of (float, float, float)
        Place in parts of these vectors, and brightness.
    gone : int
        Index of the site whose columns are gone.
    layers : int
        1, or 2 of a twisted bilayer.
    """

    name: str
    model: str
    cell: NDArray[np.float64]
    sites: tuple[tuple[float, float, float], ...]
    gone: int
    layers: int = 1


def _hexagonal(a: float) -> NDArray[np.float64]:
    return a * np.array([[1, 0], [-0.5, 3**0.5 / 2]])


def _honeycomb(one: float, other: float) -> tuple[tuple[float, float, float], ...]:
    return (1 / 3, 2 / 3, one), (2 / 3, 1 / 3, other)


S2 = 2 * (16 / 74) ** 1.7
CASES = (
    Case("graphene", "unet-columns", _hexagonal(2.46), _honeycomb(1, 1), 0),
    Case("WS2, S2 columns", "unet-columns", _hexagonal(3.153), _honeycomb(1, S2), 1),
    Case("WS2, W columns", "unet-columns", _hexagonal(3.153), _honeycomb(1, S2), 0),
    Case("square lattice of 2.8 Å", "unet-columns", 2.8 * np.eye(2), ((0, 0, 1),), 0),
    Case("SrTiO3 without its oxygen, Ti", "unet-columns", 3.905 * np.eye(2), ((0, 0, 1), (0.5, 0.5, 0.4)), 1),
    Case("bilayer of graphene", "gombnet-graphene", _hexagonal(2.46), _honeycomb(1, 1), 0, layers=2),
    Case("bilayer of WS2, S2 columns", "gombnet-tmd", _hexagonal(3.153), _honeycomb(1, S2), 1, layers=2),
)


def measure() -> Iterator[Figure]:
    """Measure what is proposed as empty of atoms that are there, and what is proposed of vacancies."""
    from napari_strata.io.bundled import FOLDER

    if not (FOLDER / "unet-columns").is_dir():
        yield Figure("vacancies: skipped", "there is no unet-columns")
        return
    refines: tuple[Refine, ...] = ("centroid", "image")
    for refine in refines:
        yield from _of_atoms_there(refine)
        for case in CASES:
            for dose in DOSES:
                yield _of_vacancies(case, dose, refine)


def _of_atoms_there(refine: Refine) -> Iterator[Figure]:
    """Simulate images as in the training of the model; atoms are empty by mistake where there is a column."""
    from typing import get_args

    import yaml

    from napari_strata.config import SimulationConfig
    from napari_strata.config.crystal import AnyCrystal
    from napari_strata.simulate.scene import simulate_image

    with open(RECIPE, encoding="utf-8") as file:
        settings = yaml.safe_load(file)["data"]["simulation"] | {"faintest": 0.0}
    wrong = there = right = 0
    crystals = [name for one in get_args(AnyCrystal) for name in (get_args(one) or (one,))]
    for index, name in enumerate(crystals):
        config = SimulationConfig.parse(settings | {"crystal": settings["crystal"] | {"any_of": [name]}})
        for number in range(IMAGES):
            rng = np.random.default_rng([11, index, number])
            scene = simulate_image(config, size=SIDE, pixel_size=PIXEL, rng=rng)
            table, empty = located(scene.image, "unet-columns", refine)
            columns = np.concatenate(scene.positions) * PIXEL
            there += int(_is_near(table, columns).sum())
            wrong += int(_is_near(empty, columns).sum())
            right += len(empty) - int(_is_near(empty, columns).sum())
    yield Figure(
        f"vacancies: unet-columns, refine {refine}, images as in its training, atoms there proposed as empty",
        wrong / there,
        "",
        "<= 0.01",
        {"of atoms": there, "empty where no column is": right},
        computing_device(),
    )


def _of_vacancies(case: Case, dose: float, refine: Refine) -> Figure:
    filled = proposed = wrong = offered = count = 0
    for number in range(IMAGES):
        rng = np.random.default_rng([7, number])
        image, columns, gone = with_vacancies(case, dose, rng)
        table, empty, missing = located(image, case.model, refine, with_missing=True)
        was = [_is_near(one, gone) & ~_is_near(one, columns) for one in (table, empty)]
        filled, proposed = filled + int(was[0].sum()), proposed + int(was[1].sum())
        wrong += int((~_is_near(empty, gone)).sum())
        offered += int(_is_near(missing, gone).sum()) + int(was[1].sum())
        count += len(gone)
    more = {"filled": filled, "of these empty": proposed, "of vacancies": count, "other atoms empty": wrong}
    name = f"vacancies: {case.name}, {dose} counts/Å², {case.model}, refine {refine}, proposed as missing or empty"
    target = ">= 0.9" if dose >= 200 and case.layers == 1 else ""
    return Figure(name, offered / count, "", target, more, computing_device())


def located(
    image: NDArray[np.float32], model: str, refine: Refine, *, with_missing: bool = False
) -> "tuple[DataFrame, ...]":
    """Return all atoms, those proposed as empty and, if asked, places of missing ones."""
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.io.bundled import FOLDER
    from napari_strata.jobs.locate_atoms import locate_atoms
    from napari_strata.types import ImageStack

    stack, atoms = ImageStack(image[None], PIXEL, "image"), AtomsConfig(refine=refine, candidates=True)
    found = result_of(locate_atoms(JobControl(), FOLDER / model, [stack], InferenceConfig(), atoms)).value
    kinds = ("empty", "missing")[: 1 + with_missing]
    return found.table, *(found.candidates[found.candidates["kind"] == kind] for kind in kinds)


def with_vacancies(
    case: Case, dose: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Return an image (y, x), its columns (column, 2), and places of those that are gone (vacancy, 2) [Å]."""
    clean, there, gone = np.zeros((SIDE, SIDE)), [], []
    for layer in range(case.layers):
        turn = np.deg2rad(ANGLE + layer * TWIST)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        for site, (v, u, brightness) in enumerate(case.sites):
            orders = np.stack(np.meshgrid(ORDERS, ORDERS), axis=-1).reshape(-1, 2) + np.array([v, u])
            places = orders @ case.cell @ rotation + SIDE * PIXEL / 2
            places = places[((places > -3) & (places < SIDE * PIXEL + 3)).all(axis=1)]
            places = places + rng.normal(0, DISPLACEMENT, places.shape)
            is_gone = _apart(places, rng) if site == case.gone else np.zeros(len(places), bool)
            gone.append(places[is_gone])
            there.append(places[~is_gone])
            clean += brightness * _draw(places[~is_gone])
    clean += BACKGROUND * clean.max()
    image = rng.poisson(clean * dose * PIXEL**2 / clean.mean()).astype(np.float32)
    return image, np.concatenate(there), np.concatenate(gone)


def _apart(places: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose places for vacancies that are isolated and well inside."""
    chosen: list[int] = []
    for one in rng.permutation(len(places)):
        is_inside = ((places[one] > MARGIN) & (places[one] < SIDE * PIXEL - MARGIN)).all()
        if is_inside and all(np.hypot(*(places[one] - places[other])) > APART for other in chosen):
            chosen.append(int(one))
        if len(chosen) == VACANCIES:
            break
    return np.isin(np.arange(len(places)), chosen)


def _draw(places: NDArray[np.float64]) -> NDArray[np.float64]:
    grid, drawn = np.arange(SIDE) * PIXEL, np.zeros((SIDE, SIDE))
    for width, part in ((WIDTH, 1 - TAIL), (TAIL_WIDTH, TAIL)):
        y, x = (np.exp(-((grid[:, None] - place) ** 2) / (2 * width**2)) for place in places.T)
        drawn += part * (y @ x.T)
    return drawn


def _is_near(table: "DataFrame", places: NDArray[np.float64]) -> NDArray[Any]:
    """Tell which atoms or candidates lie where places (place, 2) [Å] are."""
    from scipy.spatial import KDTree

    if not len(table) or not len(places):
        return np.zeros(len(table), bool)
    return np.asarray(KDTree(places).query(table[["y_px", "x_px"]].to_numpy(np.float64) * PIXEL)[0] < NEAR)
