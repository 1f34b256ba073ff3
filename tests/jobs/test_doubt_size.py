"""A pixel size that the fitted lattice of a known crystal contradicts is doubted."""

from pathlib import Path

import pandas as pd
import pytest

from bright_network import save_bright
from lattices import atoms, cell
from napari_strata.config import AtomsConfig
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.control import JobControl
from napari_strata.io import bundled
from napari_strata.io.bundle import read_card
from napari_strata.jobs.fit_lattice import fit_lattice
from napari_strata.jobs.map_lattice import map_lattice

TRUE = 0.1
"""Pixel size by which the crystal is drawn [Å/px]."""
EXTENT = 20.0
GRAPHENE = "simulated graphene, 2 layers; started from another"


def located(constants: tuple[float, ...], pixel_size: float) -> pd.DataFrame:
    """Return atoms of layers of these lattice constants [Å], measured by another pixel size."""
    layers = []
    for layer, constant in enumerate(constants):
        y, x = (atoms(cell(constant, angle=20.0 * layer), EXTENT)[0] / TRUE).T
        at = {"y_px": y, "x_px": x, "y_A": pixel_size * y, "x_A": pixel_size * x}
        layers.append(pd.DataFrame({"image": "i", "frame": 0, "layer": layer, "species": "C", **at}))
    return pd.concat(layers, ignore_index=True).assign(probability=1.0)


def origin(model: Path, checksum: str = "") -> AtomOrigin:
    return AtomOrigin(
        model=model.name,
        weights_sha256=checksum or read_card(model).weights_sha256,
        settings=AtomsConfig(),
        images=(LocatedImage(name="i", frames=1, height=200, width=200, pixel_size=TRUE),),
        software={},
        located="2026-11-22T00:00:00+00:00",
    )


def net(trained_on: str) -> Path:
    return save_bright(bundled.FOLDER / "net", trained_on=trained_on)


def gaps(table: pd.DataFrame, of: AtomOrigin | None) -> list[str]:
    """Return what the command says, which is what the dock says."""
    [frame] = list(fit_lattice(JobControl(), table, origin=of))[-1].result.figures["frames"]
    mapped = list(map_lattice(JobControl(), table, origin=of, fourier=False))[-1].result.value
    assert tuple(frame["gaps"]) == (*filter(None, [mapped.doubt]), *mapped.gaps)
    return [gap for gap in frame["gaps"] if "pixel size" in gap]


@pytest.mark.parametrize(
    ("pixel_size", "said"),
    [
        (0.11, "a is 10 % longer than that of graphene (2.46 Å): the pixel size may be wrong; 0.1 Å would give"),
        (0.095, "a is 5 % shorter than that of graphene (2.46 Å): the pixel size may be wrong; 0.1 Å would give"),
    ],
)
def test_a_wrong_pixel_size_shows_in_the_constant_of_a_known_crystal(pixel_size: float, said: str) -> None:
    assert gaps(located((2.46, 2.46), pixel_size), origin(net(GRAPHENE))) == [f"{said} 2.46 Å."]


@pytest.mark.parametrize(
    ("constants", "pixel_size", "trained_on"),
    [
        ((2.46, 2.46), 0.102, GRAPHENE),
        ((2.46, 2.46), 0.14, GRAPHENE),
        ((2.46, 2.71), 0.1, GRAPHENE),
        ((3.16, 3.16), 0.11, "simulated MoS2, WS2, MoSe2 or WSe2, 2 layers"),
        ((2.46, 2.46), 0.11, "strokes on graphene.tif"),
    ],
    ids=["strained", "another crystal", "one layer of two", "several crystals", "unknown crystal"],
)
def test_nothing_is_said_where_it_would_be_a_guess(
    constants: tuple[float, ...], pixel_size: float, trained_on: str
) -> None:
    assert gaps(located(constants, pixel_size), origin(net(trained_on))) == []


def test_nothing_is_said_of_atoms_of_another_model_or_of_none() -> None:
    table = located((2.46,), 0.11)
    assert gaps(table, origin(net(GRAPHENE), "f" * 64)) == gaps(table, None) == []


def test_the_bundled_model_of_graphene_knows_its_crystal(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(bundled.__file__).resolve().parents[1] / "bundled"
    monkeypatch.setattr(bundled, "FOLDER", package)
    [said] = gaps(located((2.46,), 0.11), origin(package / "gombnet-graphene"))
    assert "than that of graphene (2.46 Å)" in said
