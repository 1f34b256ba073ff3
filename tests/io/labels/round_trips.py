"""Pixels of what a format read, and of what it wrote and read again."""

import numpy as np

from napari_strata.io.labels.annotations import AnnotatedImage, AnnotationSet, classes_of
from napari_strata.io.labels.drawing import draw_codes
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polygon, Polyline, from_corner

SIZE = (48, 64)
ISLAND = np.zeros((20, 20), bool)
ISLAND[2:18, 2:18] = True
ISLAND[5:15, 5:15] = False
ISLAND[8:12, 8:12] = True
SCATTERED = np.random.default_rng(3).random((15, 17)) < 0.5
SQUARE = from_corner(np.array([(4, 4), (24, 4), (24, 24), (4, 24)], float))
HOLE = from_corner(np.array([(8, 8), (14, 8), (14, 14), (8, 14)], float))
FAR = from_corner(np.array([(40, 30), (50, 30), (45.25, 39.75)], float))
SHAPES = {
    "polygon": Polygon((FAR,)),
    "self-crossing polygon": Polygon((FAR[[0, 1, 2, 1]] + [(0, 0), (3, 1), (-2, 4), (1, -3)],)),
    "polygon with a hole": Polygon((SQUARE,), (HOLE,)),
    "polygon of two parts": Polygon((SQUARE, FAR), (HOLE,)),
    "overlapping parts with a hole": Polygon((SQUARE, SQUARE + 3), (HOLE + 2,)),
    "box": Box(4.5, 5.5, 14.5, 15.5),
    "box of any size": Box(4.3, 5.2, 14.1, 15.7),
    "turned box": Box(10, 20, 22, 40, 33.0),
    "box beyond the image": Box(-6.5, 50.5, 10.5, 70.5),
    "circle": Ellipse(20, 30, 7.25, 7.25),
    "ellipse": Ellipse(20, 30, 5.25, 9.5),
    "turned ellipse": Ellipse(20, 30, 9.5, 5.25, 25.0),
    "line": Polyline(np.array([(3.0, 4.0), (30.0, 40.0)])),
    "path": Polyline(np.array([(3.0, 4.0), (30.0, 40.0), (10.5, 50.25)])),
    "point": Points(np.array([(3.0, 4.0)])),
    "points": Points(np.array([(3.0, 4.0), (7.25, 8.5)])),
    "mask": PixelMask(5, 6, SCATTERED),
    "mask with an island in a hole": PixelMask(3, 8, ISLAND),
}
"""One of every kind."""


def set_of(*annotations, name="micrograph.tif", size=SIZE, frame=0):
    image = AnnotatedImage(name, size, annotations, frame)
    return AnnotationSet(classes_of([image]), (image,))


def pixels(image, label=None, size=SIZE):
    """Where something is drawn; of one class, if it is named."""
    labels = {one.label for one in image.annotations} if label is None else {label}
    return draw_codes(image.annotations, size, dict.fromkeys(labels, 1), outside=0).astype(bool)


def square(top, left, bottom, right, size=SIZE):
    filled = np.zeros(size, bool)
    filled[top:bottom, left:right] = True
    return filled


def written_and_read(label_format, annotations, folder, sizes=None):
    """Write into a folder, and read the first of it that the format recognises."""
    files = label_format.write(annotations, folder)
    path = next(path for path in (folder, *files) if label_format.recognises(path))
    return label_format.read(path, sizes or {})
