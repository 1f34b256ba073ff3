"""napari-strata: U-Net and Gomb-Net training, per-layer atoms and saliency in napari."""

__version__ = "0.1.0"
