"""Random changes of training patches.

Own code, where kornia and MONAI have transforms, for three reasons. Theirs interpolate once per transform, and
every interpolation blurs atoms and thins out noise; here all changes of place are composed into one map. Theirs
draw for a whole batch, so that a patch would depend on how a batch is split; here each has a generator of its own.
And here the positions of atoms follow exactly (`Warp.warp_points`).
"""

from napari_strata.data.augmentation.batch import augment
from napari_strata.data.augmentation.changes import Changes, draw_changes
from napari_strata.data.augmentation.warp import Warp, margin

__all__ = ["Changes", "Warp", "augment", "draw_changes", "margin"]
