"""The options of commands that ask a model about one image: how it is read, with which settings, what is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.model_options import OnDevice
from napari_strata.cli.options import (
    AnalysisFile,
    AsJson,
    PixelSize,
    SignalName,
    ToGrey,
    Verbose,
    read_analysis,
    with_options,
)
from napari_strata.config import AnalysisConfig

if TYPE_CHECKING:
    from napari_strata.types import ImageStack


@dataclass(frozen=True)
class ImageOptions:
    """The options, named as they are typed."""

    pixel_size: PixelSize = None
    device: OnDevice = None
    config: AnalysisFile = None
    to_grey: ToGrey = False
    signal: SignalName = None
    as_json: AsJson = False
    verbose: Verbose = False

    def read(self, image: Path, display: Display) -> "ImageStack":
        """Read the image.

        Raises
        ------
        ImageError, CalibrationError, ExtraError
            If the file cannot be used.
        """
        (stack,) = read_stacks(
            [image], display, pixel_size=self.pixel_size, to_grey=self.to_grey, signal=self.signal
        )
        return stack

    def settings(self, **explaining: object) -> AnalysisConfig:
        """Return the settings of the file with the device, and what else is given of how to explain.

        Raises
        ------
        ConfigError
            If the file cannot be read or does not fit the schema.
        typer.BadParameter
            If a value is out of its range.
        """
        settings = read_analysis(self.config)
        explain = with_options(settings.explain, **explaining, device=self.device)
        return settings.model_copy(update={"explain": explain})
