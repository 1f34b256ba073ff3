"""What a methods text says of the image."""

from napari_strata.io.calibration import CalibrationSource
from napari_strata.numbers import plain
from napari_strata.report.passage import Passage
from napari_strata.report.subject import Subject

SOURCES = {
    CalibrationSource.TYPED: "as stated by the operator",
    CalibrationSource.LAYER: "as the image layer in napari states",
    CalibrationSource.FILE: "as the header of its file states",
}
"""Who states a pixel size, in words."""


def about_image(subject: Subject) -> Passage:
    """Tell size, pixel size and where that comes from."""
    height, width = subject.pixels.shape
    which = f"Frame {subject.frame} (of {subject.frames}, counted from 0) of the" if subject.frames > 1 else "The"
    source = SOURCES.get(subject.known.source) if subject.known.source is not None else None
    said = f", {source}" if source else ""
    tall, wide = subject.extent
    sentence = (
        f"{which} image “{subject.name}” has {width} × {height} pixels of {subject.pixel_size:.5g} Å{said}, a"
        f" field of view of {plain(wide)} Å × {plain(tall)} Å (width × height)."
    )
    unknown = ["How the image was recorded: microscope, voltage, detector, dose, dwell time, processing."]
    if not source:
        unknown.append("Where the pixel size comes from: it is the one that the table of atoms was made with.")
    if subject.doubt:
        unknown.insert(0, f"Whether these are the atoms of this image. {subject.doubt}")
    return Passage((sentence,), tuple(unknown))
