from types import SimpleNamespace

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.explain.growing_map import GrowingMap


@pytest.fixture
def growing(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    source = SimpleNamespace(why_dropped=lambda _viewer: "")
    request = SimpleNamespace(asked=SimpleNamespace(source=source))
    yield GrowingMap(SimpleNamespace(layers=[]), request, keep_earlier=False, parent=parent)


def test_maps_are_shown_the_less_often_the_longer_it_takes(growing, monkeypatch):
    monkeypatch.setattr(GrowingMap, "_add", lambda _self, heatmap: heatmap)
    rest, rests = growing.findChild(QTimer), []
    for number in range(8):
        growing.sketch(f"map {number}")
        if number:
            rest.timeout.emit()
        rests.append(rest.interval())
    assert rests == [225, 338, 506, 759, 1139, 1500, 1500, 1500]
