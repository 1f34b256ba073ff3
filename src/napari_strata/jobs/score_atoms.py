"""Explain many atoms, and say of each in numbers what its map rests on."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import ExplainConfig
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import OutputError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.many.atom_scores import Disks, score_columns
from napari_strata.explain.question import Question
from napari_strata.explain.quick import QUICK
from napari_strata.explain.targets import AtomTarget
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.check_scored import check_belonging, check_count, check_known
from napari_strata.jobs.inquiry import take_frames
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration
from napari_strata.jobs.stoppable import stoppable
from napari_strata.jobs.time_left import TimeLeft
from napari_strata.types import FloatImage, ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.probe import Prober
    from napari_strata.explain.sightings import Sightings
    from napari_strata.models.registry import LoadedModel

MANY = 10
"""From so many atoms of a frame on the network looks at all that are near them together."""
SKETCH = 1.0
"""What is done is shown at most so often [s]."""

Window = tuple[slice, slice]


@job
def score_atoms(
    control: JobControl,
    model: Path,
    image: ImageStack,
    atoms: "DataFrame",
    *,
    config: ExplainConfig,
    scoring: AtomScoresConfig,
    chosen: Sequence[int] | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Score atoms as `napari_strata.explain.many.atom_scores` defines it.

    Within a frame the atoms come in random order, so that the picture grows dense everywhere at once.

    Parameters
    ----------
    control : JobControl
        A stop keeps the atoms that are done.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        The stack.
    atoms : DataFrame
        All predicted atoms of the image: they make up the lattices. Columns frame, layer, species, y_px and x_px;
        where y_A and x_A are among them, the pixel size of the image has to be theirs.
    config : ExplainConfig
        Method and settings, radius of an atom's footprint.
    scoring : AtomScoresConfig
        Radius of the disks, and how many atoms are allowed.
    chosen : sequence of int, optional
        Labels, in the table's index, of the atoms to score; all by default.
    out : Path, optional
        CSV file for the chosen atoms that are done, with all columns of the table and the scores.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Progress`, and `Sketched` with the scores so far.

    Returns
    -------
    JobResult
        ``value`` is a DataFrame with the index of `atoms` and the columns of
        `napari_strata.explain.many.atom_scores.score_columns`; ``figures`` hold their means.

    Raises
    ------
    TableError
        If there are no atoms, too many, or not those of this image.
    TargetError
        If the model has no such layer or class.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError, OutputError
        If an input cannot be used or the file cannot be written.
    """
    from napari_strata.io.atoms.belonging import common_size
    from napari_strata.io.calibration import require
    from napari_strata.io.folders import check_new
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    if out is not None and out.is_dir():
        raise OutputError(f"{out} is a folder.", remedy="Give the name of a CSV file, for example why.csv.")
    check_new((out,), overwrite=overwrite)
    require(image.pixel_size, name=image.name)
    loaded = abandonable(control, lambda: load_network(model, resolve_device(config.device)))
    check_calibration((image,), loaded.card)
    wanted = atoms if chosen is None else atoms.loc[list(chosen)]
    check_count(len(wanted), scoring.most)
    check_belonging(atoms, image)
    if "y_A" in atoms and atoms["y_A"].notna().all():
        common_size(atoms, image.name, image.pixel_size)
    check_known(wanted, loaded)
    control.run()
    yield StateChanged(control.state)
    work = _Work(control, loaded, image, atoms, wanted, config, scoring)
    yield from work.score()
    table = work.table()
    paths = {} if out is None else {"scores": str(_write(wanted.loc[table.index].join(table), out))}
    return JobResult(work.figures(table), paths, table)


@dataclass(slots=True, eq=False)
class _Work:
    """The atoms to score, and the scores so far."""

    control: JobControl
    loaded: "LoadedModel"
    image: ImageStack
    atoms: "DataFrame"
    wanted: "DataFrame"
    config: ExplainConfig
    scoring: AtomScoresConfig
    scores: dict[int, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_signed(self) -> bool:
        return METHODS[self.config.method].signed

    def score(self) -> Generator[JobEvent, None, None]:
        count, begun, clock = len(self.wanted), time.monotonic(), TimeLeft()
        shown = begun
        yield Progress(0.0, f"Explaining {count} atoms")
        for label, found in self._each():
            self.scores[label] = found
            done, now = len(self.scores), time.monotonic()
            self.seconds = now - begun
            yield Progress(done / count, f"{done} of {count} atoms", clock.after(done / count))
            if now - shown > SKETCH:
                shown = now
                yield Sketched(self.table(), done / count)
            if self.control.stop_requested:
                return
            self.control.wait_while_paused()

    def table(self) -> "DataFrame":
        """Return the scores so far, in the order of the atoms."""
        import pandas as pd

        columns = list(score_columns(signed=self.is_signed))
        labels = [label for label in self.wanted.index if label in self.scores]
        return pd.DataFrame([self.scores[label] for label in labels], index=labels, columns=columns, dtype=float)

    def figures(self, table: "DataFrame") -> dict[str, Any]:
        means = {name: float(values.mean()) for name, values in table.items() if values.notna().any()}
        done = max(len(table), 1)
        return {
            "atoms": len(table),
            "chosen": len(self.wanted),
            "without_map": int(table["why_own"].isna().sum()),
            "method": self.config.method,
            "disk_A": self.scoring.disk,
            "means": means,
            "seconds_per_atom": self.seconds / done,
        }

    def _each(self) -> Iterator[tuple[int, Any]]:
        """Yield the label and the scores of one atom after another; it ends early where a stop is asked for."""
        rng = np.random.default_rng(self.config.seed)
        for frame, group in self.wanted.groupby("frame"):
            shown = take_frames(self.image, int(frame), int(frame))
            here = self.atoms[self.atoms["frame"] == frame]
            assert shown.pixel_size is not None, "checked before"
            disks = Disks(
                here,
                (shown.data.shape[1], shown.data.shape[2]),
                layers=self.loaded.network.layers,
                pixel_size=shown.pixel_size,
                radius=self.scoring.disk,
            )
            prober, sightings = self._shared(shown, here, for_many=len(group) >= MANY)
            for row in rng.permutation(len(group)):
                atom = group.iloc[int(row)]
                y, x, layer = float(atom["y_px"]), float(atom["x_px"]), int(atom["layer"])
                question = Question(AtomTarget(y, x, self.config.target_radius), layer, str(atom["species"]))
                try:
                    with stoppable(self.loaded.network, self.control):
                        found = self._map(question, shown, here, prober, sightings)
                except JobCanceled:
                    return
                scores = disks.score(*found, y=y, x=x, layer=layer, signed=self.is_signed)
                yield int(group.index[int(row)]), scores

    def _shared(
        self, shown: ImageStack, here: "DataFrame", *, for_many: bool
    ) -> "tuple[Prober | None, Sightings | None]":
        """Return what atoms of a frame have in common: what answers quickly, else what the network saw of them."""
        if self.config.method in QUICK:
            from napari_strata.explain.probe import Prober

            return Prober(self.loaded, shown, self.config, atoms=here, for_many=for_many), None
        from napari_strata.explain.prepare import share_sightings

        return None, share_sightings(self.loaded, shown, here, for_many=for_many)

    def _map(
        self,
        question: Question,
        shown: ImageStack,
        here: "DataFrame",
        prober: "Prober | None",
        sightings: "Sightings | None",
    ) -> tuple[FloatImage, Window]:
        """Return the map of an atom and where it lies; a stop cancels it."""
        if prober is not None:
            glimpse = prober.answer(question)
            return glimpse.map, glimpse.window
        from napari_strata.explain.explainer import explain
        from napari_strata.explain.prepare import prepare

        prepared = abandonable(
            self.control,
            lambda: prepare(self.loaded, shown, question, self.config, atoms=here, sightings=sightings),
        )
        data = np.zeros((1, 1), np.float32)
        for found in explain(prepared):
            data = found.data
            self.control.checkpoint()
        window = _where_not_0(data)
        return data[window], window


def _where_not_0(map_: FloatImage) -> Window:
    """Return the smallest window with all of a map that is not 0; one pixel of a map that is 0."""
    rows, columns = (np.flatnonzero(map_.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _write(table: "DataFrame", path: Path) -> Path:
    from napari_strata.io.files import replacing

    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    return path
