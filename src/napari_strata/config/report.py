"""What a report for a paper shows."""

from typing import Literal

from napari_strata.config.base import Config, setting
from napari_strata.config.crystal import Material

Columns = Literal["one", "two"]
MapQuantity = Literal["exx", "eyy", "exy", "rotation", "displacement"]


class ReportConfig(Config):
    """The figure of a report, and what is known of the sample."""

    crystal: Material | None = setting(
        None, "What the sample is known to be; its bond length is then marked as the expected one."
    )
    columns: Columns = setting(
        "two", "Width of the figure: one column of a journal, 89 mm, or two, 183 mm.", title="Journal columns"
    )
    quantity: MapQuantity = setting(
        "exx",
        "What the maps show of each layer, against its fitted lattice: strain, rotation, or distance from it.",
        title="Map",
    )
    keep_field: bool = setting(
        False,
        "Leave in the maps the smooth distortion that the layers share. It may be the scan's.",
        title="Keep shared field",
        advanced=True,
    )
    seed: int = setting(
        0, "Decides which atoms are held out to judge that distortion.", ge=0, le=2**31 - 1, advanced=True
    )
