"""Which network: plain words for what the settings call an architecture."""

from qtpy.QtCore import Qt

from napari_strata.config.model import Architecture
from napari_strata.widgets.parts.editors import ChoiceBox

GOMBNET, UNET = "Gomb-Net (layer masks)", "U-Net (one mask)"
NETWORKS: dict[str, Architecture] = {
    GOMBNET: "gombnet",
    UNET: "unet",
    "Residual U-Net (one mask)": "residual-unet",
    "Attention U-Net (one mask)": "attention-unet",
    "ResNet U-Net (one mask)": "resnet-unet",
}
_WORDS = {architecture: words for words, architecture in NETWORKS.items()}
_TOOLTIPS: dict[Architecture, str] = {
    "gombnet": "Gomb-Net gives one mask for each of several overlapping crystal layers.",
    "unet": "U-Net gives one mask, for any image.",
    "residual-unet": "Residual U-Net: the same with a shortcut around every block; many levels learn well.",
    "attention-unet": "Attention U-Net: the same, but it learns which places of the finer levels matter.",
    "resnet-unet": "ResNet U-Net: the same with a larger first half, for many labels and much to tell apart.",
}


class NetworkChoice(ChoiceBox):
    """A drop-down list of architectures."""

    def __init__(self) -> None:
        super().__init__()
        for words, architecture in NETWORKS.items():
            self.addItem(words)
            self.setItemData(self.count() - 1, _TOOLTIPS[architecture], Qt.ItemDataRole.ToolTipRole)
        self.setToolTip("\n".join(_TOOLTIPS.values()))

    @property
    def architecture(self) -> Architecture:
        """The chosen architecture."""
        return NETWORKS[self.currentText()]

    @property
    def has_one_mask(self) -> bool:
        """Whether it gives one mask whatever the number of crystal layers."""
        return self.architecture != "gombnet"

    def choose(self, architecture: Architecture) -> None:
        """Choose an architecture."""
        self.setCurrentText(_WORDS[architecture])


def name_of(architecture: Architecture) -> str:
    """Return what people call an architecture."""
    return _WORDS[architecture].partition(" (")[0]
