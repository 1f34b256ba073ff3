import numpy as np
import torch

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation import augment
from napari_strata.types import Truth


def test_image_and_labels_turn_together():
    codes = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4).repeat(32, 1, 1, 1)
    rngs = [np.random.default_rng(i) for i in range(32)]
    images, truth = augment(codes.float(), Truth(codes), AugmentationConfig(), rngs=rngs)
    variants = set()
    for image, labels in zip(images.numpy(), truth.labels.numpy(), strict=True):
        slope, offset = np.polyfit(labels[0].ravel(), image[0].ravel(), 1)
        assert np.abs(slope * labels[0] + offset - image[0]).max() < 1e-4
        variants.add(labels.tobytes())
    assert len(variants) == 8
