"""Label sets for tests: followed layers, and a journal that does one pass when it is told to."""

import numpy as np

from napari_strata.annotation.provenance import EMPTY
from napari_strata.annotation.store.card import ImageCard, LayerCard, Placement
from napari_strata.annotation.store.chunks import SIDE
from napari_strata.annotation.store.followed import FollowedLabels
from napari_strata.annotation.store.home import LabelHome
from napari_strata.annotation.store.journal import SetJournal
from napari_strata.annotation.store.zarr_labels import LabelArrays

KEY = "a-labels"
SHAPE = (2, SIDE + 100, SIDE + 200)
PLACE = Placement(
    scale=(1, 0.2, 0.1),
    translate=(0, 3, 4),
    rotate=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    shear=(0, 0, 0),
    affine=tuple(tuple(map(float, row)) for row in np.eye(4)),
    units=("pixel", "nanometer", "nanometer"),
    axis_labels=("t", "y", "x"),
)
CLASSES = [{"name": "bubble", "color": "#ff0000"}]


def followed(codes=None, *, birth=EMPTY, key=KEY) -> FollowedLabels:
    codes = np.zeros(SHAPE, np.uint8) if codes is None else codes
    card = LayerCard(
        key=key,
        name="a labels",
        kind="labels",
        shape=codes.shape,
        placement=PLACE,
        memory={"classes": CLASSES, "group": "g", "crystal_layer": 0},
        born=birth.provenance,
    )
    return FollowedLabels(card, codes, birth)


def journal(*layers, project=None) -> SetJournal:
    made = SetJournal(LabelHome(project), ImageCard(name="a", path="a.tif"))
    for layer in layers:
        made.follow(layer)
    return made


def paint(layer, box, code) -> None:
    layer.codes[box] = code
    layer.dirty.note(box)


def on_disk(folder, key=KEY):
    return LabelArrays(folder).read(key)
