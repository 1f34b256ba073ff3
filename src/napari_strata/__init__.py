"""napari-strata: U-Net and Gomb-Net training, per-layer atoms and saliency in napari."""

import os

__version__ = "0.1.0"

# Threads of torch that wait for each other shall sleep. Those that spin take the cores from a viewer that draws,
# and make a training that shares its cores several times slower. torch reads this when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
