import pytest
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_strata.widgets.parts.save_place import may_write


@pytest.mark.parametrize("answer", [QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No])
def test_a_file_is_replaced_only_if_the_dialog_or_this_has_asked(qtbot, monkeypatch, tmp_path, answer):
    parent, asked = QWidget(), []
    qtbot.addWidget(parent)
    monkeypatch.setattr(QMessageBox, "question", lambda *words: asked.append(words[1:]) or answer)
    path = tmp_path / "trust.json"
    assert may_write(parent, "Save", path, typed=str(tmp_path / "trust"))  # there is none
    path.write_text("old")
    assert may_write(parent, "Save", path, typed=str(path))
    assert asked == []
    assert may_write(parent, "Save", path, typed=str(tmp_path / "trust")) == (
        answer == QMessageBox.StandardButton.Yes
    )
    assert asked == [("Save", "trust.json exists. Replace it?")]
