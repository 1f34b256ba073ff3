"""The command line's one entrance: which commands there are."""

from typing import Annotated

import typer

from napari_strata import __version__
from napari_strata.cli.convert_atoms import convert_atoms
from napari_strata.cli.doctor import doctor
from napari_strata.cli.evaluate import evaluate
from napari_strata.cli.explain import explain
from napari_strata.cli.explain_layers import explain_layers
from napari_strata.cli.find_rate import find_rate
from napari_strata.cli.judge import judge
from napari_strata.cli.labels import app as labels
from napari_strata.cli.lattice import lattice
from napari_strata.cli.match import match
from napari_strata.cli.models import models
from napari_strata.cli.predict import atoms, predict
from napari_strata.cli.score_atoms import score_atoms
from napari_strata.cli.search import search
from napari_strata.cli.simulate import simulate
from napari_strata.cli.smallest_change import smallest_change
from napari_strata.cli.train import train
from napari_strata.cli.what_if import what_if
from napari_strata.cli.write_report import report

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: [Å/px] is a unit and no markup
    help="Train U-Net and Gomb-Net on microscopy images; get masks, per-layer atoms and saliency.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143 stopped by SIGINT and SIGTERM.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"napari-strata {__version__}")
        raise typer.Exit


@app.callback()
def _napari_strata(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


for _command in (
    simulate,
    match,
    train,
    find_rate,
    search,
    predict,
    atoms,
    explain,
    judge,
    what_if,
    smallest_change,
    score_atoms,
    explain_layers,
    evaluate,
    lattice,
    report,
    convert_atoms,
    models,
    doctor,
):
    app.command()(_command)
app.add_typer(labels, name="labels")
