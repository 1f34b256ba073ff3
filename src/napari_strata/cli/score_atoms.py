"""``napari-strata score-atoms``."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.image_options import ImageOptions
from napari_strata.cli.model_options import Model, OneImage
from napari_strata.cli.option_groups import with_groups
from napari_strata.cli.options import Overwrite, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl
from napari_strata.errors import TableError
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from pandas import DataFrame


@with_groups
def score_atoms(
    model: Model,
    image: OneImage,
    atoms: Annotated[
        Path,
        typer.Argument(
            metavar="ATOMS.csv", help="All atoms that the model found in the image, as atoms writes them."
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="SCORES.csv", help="The scored atoms with their scores.", show_default=False),
    ] = None,
    layer: Annotated[
        int | None, typer.Option(min=0, help="Score the atoms of this crystal layer only.", show_default=False)
    ] = None,
    frame: Annotated[
        int | None, typer.Option(min=0, help="Score the atoms of this frame only.", show_default=False)
    ] = None,
    method: Annotated[ExplainMethod | None, option(ExplainConfig, "method")] = None,
    disk: Annotated[float | None, option(AtomScoresConfig, "disk")] = None,
    most: Annotated[int | None, option(AtomScoresConfig, "most")] = None,
    overwrite: Overwrite = False,
    options: ImageOptions,
) -> int:
    """Say of every atom what its map rests on: its own lattice, the other layers, the background.

    A map is made of each atom. Stopped by a signal it keeps the atoms that are done.
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.io.atom_tables import read_atoms
        from napari_strata.jobs.score_atoms import score_atoms as job

        config, stack = options.settings(method=method).explain, options.read(image, display)
        table = _of_image(read_atoms(atoms, pixel_size=stack.pixel_size), stack.name, atoms)
        is_chosen = table["frame"].notna()
        for column, wanted in (("layer", layer), ("frame", frame)):
            if wanted is not None:
                is_chosen &= table[column] == wanted
        chosen = [int(label) for label in table.index[is_chosen]]
        if not chosen:
            raise _none_of(table, layer, frame)
        return job(
            control,
            model,
            stack,
            table,
            config=config,
            scoring=with_options(AtomScoresConfig(), disk=disk, most=most),
            chosen=chosen,
            out=out,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=options.as_json, verbose=options.verbose, words=_words)


def _of_image(table: "DataFrame", name: str, path: Path) -> "DataFrame":
    """Return the atoms of an image, where a table names several."""
    found = table[table["image"] == name].reset_index(drop=True)
    if found.empty and len(table):
        named = ", ".join(sorted({str(one) for one in table["image"]})[:5])
        raise TableError(f"{path} has no atoms of {name}, but of {named}.", remedy="Give the atoms of this image.")
    return found


def _none_of(table: "DataFrame", layer: int | None, frame: int | None) -> TableError:
    """Say of which crystal layer or frame there are no atoms, and of which there are."""
    for column, wanted in (("layer", layer), ("frame", frame)):
        there = sorted({int(one) for one in table[column].dropna()})
        if wanted is not None and wanted not in there:
            others = ", ".join(map(str, there[:10])) or "none"
            return TableError(f"There are no atoms of {column} {wanted}.", remedy=f"There are atoms of: {others}.")
    return TableError("There are no atoms of this layer in this frame.", remedy="Choose another layer or frame.")


def _words(figures: Mapping[str, Any]) -> list[str]:
    done = f"{figures['atoms']} of {figures['chosen']} atoms, {figures['seconds_per_atom']:.2g} s each"
    return [done, *(f"{name}: {value:.3g} on average" for name, value in figures["means"].items())]
