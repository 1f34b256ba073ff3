"""How training patches are varied; image, labels, weights and points always together."""

from napari_strata.config.base import Config, setting


class AugmentationConfig(Config):
    """Random changes of every training patch; 0 leaves one out."""

    symmetries: bool = setting(True, "Quarter turns and mirror images.", advanced=True)
    rotation: float = setting(
        0.0, "Free rotation by up to this angle.", unit="degrees", ge=0, le=180, advanced=True
    )
    zoom: float = setting(
        0.0,
        "Magnified or shrunk by up to this part; keep it within the pixel size's own doubt.",
        ge=0,
        le=0.5,
        advanced=True,
    )
    elastic: float = setting(
        0.0, "Smooth displacements of this size (standard deviation).", unit="px", ge=0, le=20, advanced=True
    )
    elastic_length: float = setting(
        16.0, "Distance over which smooth displacements change.", unit="px", ge=2, le=512, advanced=True
    )
    scan_jitter: float = setting(
        0.0, "Scan lines shifted sideways (standard deviation).", unit="px", ge=0, le=5, advanced=True
    )
    contrast: float = setting(0.1, "Contrast changed by up to this part.", ge=0, lt=1, advanced=True)
    brightness: float = setting(
        0.1, "Brightness changed by up to this part of the image's standard deviation.", ge=0, le=5, advanced=True
    )
    gamma: float = setting(
        0.0, "Exponent of the grey values changed by up to this factor less 1.", ge=0, le=2, advanced=True
    )
    gaussian_noise: float = setting(
        0.0, "Noise added, up to this part of the image's standard deviation.", ge=0, le=5, advanced=True
    )
    poisson_noise: float = setting(
        0.0,
        "Shot noise added as if the brightest pixel had this many counts; 0 adds none.",
        unit="counts",
        ge=0,
        le=1e6,
        advanced=True,
    )
    blur: float = setting(
        0.0, "Blurred by up to this (standard deviation of a Gaussian).", unit="px", ge=0, le=10, advanced=True
    )
    background: float = setting(
        0.0,
        "Smooth background added, up to this part of the image's standard deviation.",
        ge=0,
        le=5,
        advanced=True,
    )
    dropout: float = setting(
        0.0, "Part of a patch covered by grey squares; their labels stay.", ge=0, le=0.5, advanced=True
    )
