"""What a text cites: by key in braces while it is written, by number once it is whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from napari_strata import __version__
from napari_strata.config.model import Architecture


@dataclass(frozen=True, slots=True)
class Reference:
    """A work that is cited.

    Attributes
    ----------
    text : str
        Authors, title and place.
    link : str
        Address of it; empty where there is none.
    """

    text: str
    link: str = ""


REFERENCES = {
    "napari-strata": Reference(f"The napari-strata developers, napari-strata, version {__version__}."),
    "gombnet": Reference(
        "A. C. Houston, S. B. Harris, H. Wang, Y.-C. Lin, D. B. Geohegan, K. Xiao and G. Duscher, Atom"
        " Identification in Bilayer Moiré Materials with Gomb-Net, Nano Letters 25, 9277 (2025),"
        " doi:10.1021/acs.nanolett.5c01460, arXiv:2502.09791.",
        "https://arxiv.org/abs/2502.09791",
    ),
    "unet": Reference(
        "O. Ronneberger, P. Fischer and T. Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation,"
        " MICCAI 2015, arXiv:1505.04597.",
        "https://arxiv.org/abs/1505.04597",
    ),
    "attention-unet": Reference(
        "O. Oktay et al., Attention U-Net: Learning Where to Look for the Pancreas, MIDL 2018, arXiv:1804.03999.",
        "https://arxiv.org/abs/1804.03999",
    ),
    "resnet": Reference(
        "K. He, X. Zhang, S. Ren and J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016,"
        " arXiv:1512.03385.",
        "https://arxiv.org/abs/1512.03385",
    ),
    "monai": Reference(
        "M. J. Cardoso et al., MONAI: An open-source framework for deep learning in healthcare, arXiv:2211.02701.",
        "https://arxiv.org/abs/2211.02701",
    ),
}
"""All that a report may cite, by key."""

NETWORKS: dict[Architecture, str] = {
    "gombnet": "a Gomb-Net {gombnet}",
    "unet": "a U-Net {unet}",
    "residual-unet": "a U-Net with residual units {unet} of MONAI {monai}",
    "attention-unet": "an attention U-Net {attention-unet} of MONAI {monai}",
    "resnet-unet": "a U-Net {unet} on a ResNet {resnet} of MONAI {monai}",
}
"""What to call each network, with whom to cite for it."""

_KEY = re.compile("|".join(f"{{{re.escape(key)}}}" for key in REFERENCES))


def number_citations(texts: Sequence[str]) -> tuple[tuple[str, ...], tuple[Reference, ...]]:
    """Put numbers in brackets for the keys in braces, in the order in which they are first cited.

    Parameters
    ----------
    texts : sequence of str
        Parts of one text; braces around other words stay.

    Returns
    -------
    tuple of str
        The parts, with numbers from 1.
    tuple of Reference
        What they cite.
    """
    keys = list(dict.fromkeys(key[1:-1] for text in texts for key in _KEY.findall(text)))
    numbered = tuple(_KEY.sub(lambda found: f"[{keys.index(found[0][1:-1]) + 1}]", text) for text in texts)
    return numbered, tuple(REFERENCES[key] for key in keys)
