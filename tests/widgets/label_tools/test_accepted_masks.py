"""A mask that a person accepted from a Segment Anything network counts as that person's."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

import tiny_sam
from napari_strata.annotation.provenance import Provenance
from napari_strata.inference.promptable.segmenter import Answer, Segmenter
from napari_strata.widgets.layers.label_birth import provenance_of, remember_birth
from napari_strata.widgets.layers.label_memory import class_table_of
from napari_strata.widgets.live.learned_labels import copy_learned


@pytest.mark.parametrize(
    ("born", "over_born"), [(None, Provenance.HUMAN), (Provenance.MODEL, Provenance.CORRECTED)]
)
def test_an_accepted_mask_counts_as_painted_by_a_person(
    qtbot, monkeypatch, tmp_path, dock, image, labels, born, over_born
):
    labels.data[1, 5, 7:10] = 1
    labels.data[1, 6, 8] = 2
    if born is not None:
        remember_birth(labels, born)
    mask = np.zeros((16, 24), bool)
    mask[5:8, 7:10] = True
    monkeypatch.setattr(Segmenter, "answer", lambda *_args: Answer(mask, 0.9))
    dock.tool.setCurrentText("Segment Anything")
    page = dock.segment
    page.checkpoint.open(tiny_sam.save_sam(tmp_path / "tiny"))
    with qtbot.waitSignal(page.panel.runner.ended, timeout=20_000):
        page.picker.clicked.emit((1, 3.0, 4.0))
    qtbot.mouseClick(page.accept_button, Qt.MouseButton.LeftButton)

    provenance = provenance_of(labels)[1]
    assert (labels.data[1][mask] == 2).all()
    assert (provenance[5, 7:10] == over_born).all()
    assert provenance[6, 8] == (born or Provenance.HUMAN), "the network had drawn it so before"
    assert (provenance[7, 7:10] == Provenance.HUMAN).all()
    assert not provenance[~mask].any()
    labels.data_setitem((np.array([1]), np.array([0]), np.array([0])), 1)
    learned = copy_learned(image, [labels], class_table_of(labels), without_model=True)
    assert (learned.codes[0, 0] == 2).sum() == (9 if born is None else 8)
