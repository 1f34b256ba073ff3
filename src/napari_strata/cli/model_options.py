"""Arguments and options that commands share which apply a model to images, or tell of atoms that one located."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.options import option
from napari_strata.config import AtomsConfig, InferenceConfig
from napari_strata.config.inference import Refine, SpeciesBy
from napari_strata.config.training import Device

IMAGE_FILES = "tif, npy, npz, png, dm3, dm4, emd, ser, emi, mrc, hspy or zspy"
"""Files that are read as images."""

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="Name of a model that comes with the program (see the command models), a model's folder or card.yaml,"
        " or the folder of a training run.",
    ),
]
Images = Annotated[list[Path], typer.Argument(metavar="IMAGE", help=f"Images: {IMAGE_FILES}.")]
OneImage = Annotated[Path, typer.Argument(metavar="IMAGE", help=f"Image: {IMAGE_FILES}.")]
TileSize = Annotated[int | None, option(InferenceConfig, "tile_size")]
OnDevice = Annotated[Device | None, option(InferenceConfig, "device")]

MinDistance = Annotated[float | None, option(AtomsConfig, "min_distance")]
MinProbability = Annotated[float | None, option(AtomsConfig, "min_probability")]
RefineOn = Annotated[Refine | None, option(AtomsConfig, "refine")]
SpeciesFrom = Annotated[SpeciesBy | None, option(AtomsConfig, "species")]
