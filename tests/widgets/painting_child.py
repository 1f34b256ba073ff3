"""A napari of its own that paints until it is killed: ``python painting_child.py IMAGE SEED``.

With each stroke it adds an atom in the same place, and then prints the number of strokes and the time.
"""

import sys
import time

import numpy as np

SHAPE = (2, 700, 900)
BRUSH = 15


def places(seed: int):
    """Yield where to paint: slice, y, x."""
    rng = np.random.default_rng(seed)
    while True:
        yield tuple(int(rng.integers(n)) for n in SHAPE)


def main() -> None:
    import napari
    from qtpy.QtCore import QTimer

    from napari_strata.widgets.label.dock import LabelDock

    viewer = napari.Viewer()
    viewer.open(sys.argv[1], plugin="napari-strata")
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    dock.new_button.click()
    labels = dock.labels.layer
    dock.atoms_button.click()
    atoms = dock.labels.layer
    labels.brush_size = BRUSH
    strokes = enumerate(places(int(sys.argv[2])), start=1)

    def paint() -> None:
        number, place = next(strokes)
        labels.paint(place, 2)
        atoms.add(place)
        print(number, time.monotonic(), flush=True)

    timer = QTimer()
    timer.timeout.connect(paint)
    timer.start(20)
    napari.run()


if __name__ == "__main__":
    main()
