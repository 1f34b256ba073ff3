"""Where the bundled model finds the atoms of twisted bilayers of graphene, and where it does not.

Bilayers after the published recipe, which share no code with the simulator that trains: over twists at a dose at
which noise hardly matters, and over doses at twists at which the layers are easily told apart. Each point is F1
and RMSE of atoms with a tolerance of 0.4 Å; F1 is a mean over images and layers, RMSE is pooled over all pairs.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.device import computing_device
from benchmarks.dice import atom_scores, locate
from benchmarks.figure import Figure
from benchmarks.published_recipe import Bilayer, make_bilayer

TWISTS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 30.0)
"""Angles between the layers [degrees]."""
DOSES = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Mean counts per Å²."""
DOSE_OF_TWISTS = 2000.0
"""Dose of the images of the sweep over twists [counts/Å²]."""
TWISTS_OF_DOSES = (10.0, 30.0)
"""Range of the twists in the sweep over doses [degrees]."""
IMAGES = 10
"""Images of every point."""
SEED = 20250219


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve: the twist [degrees] or dose [counts/Å²], F1, and RMSE [Å]."""

    at: float
    f1: float
    rmse: float


def measure(model: Path, *, curves: Path | None = None) -> Iterator[Figure]:
    """Measure both curves, and write them as JSON."""
    found = {"twist": sweep_twists(model), "dose": sweep_doses(model)}
    if curves is not None:
        plain = {name: [asdict(point) for point in points] for name, points in found.items()}
        curves.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    for name, unit in (("twist", "degrees"), ("dose", "counts/Å²")):
        for point in found[name]:
            words = f"sweep: {name} of {point.at:g} {unit}"
            yield Figure(f"{words}, atom F1 at 0.4 Å", point.f1, device=computing_device())
            yield Figure(f"{words}, atom RMSE", point.rmse, "Å", device=computing_device())


def sweep_twists(model: Path) -> list[Point]:
    """Score images of every twist."""
    return [
        score(model, at, [make_bilayer(rng, twist=at, dose=DOSE_OF_TWISTS) for rng in generators(at)])
        for at in TWISTS
    ]


def sweep_doses(model: Path) -> list[Point]:
    """Score images of every dose; each point has the same crystals."""
    twists = np.linspace(*TWISTS_OF_DOSES, IMAGES)
    return [
        score(
            model,
            at,
            [make_bilayer(rng, twist=twist, dose=at) for rng, twist in zip(generators(0), twists, strict=True)],
        )
        for at in DOSES
    ]


def generators(of: float) -> list[np.random.Generator]:
    """Return one generator of random numbers for each image of a point."""
    return [np.random.default_rng([SEED, round(of), index]) for index in range(IMAGES)]


def score(model: Path, at: float, bilayers: Sequence[Bilayer]) -> Point:
    """Locate the atoms of some images, their pixel sizes known, and score them."""
    f1, rmse = atom_scores(locate(model, bilayers, known=True).table, bilayers)
    return Point(at, f1, rmse)
