"""Atoms are opened from files onto the image that they belong to, and onto no other."""

import numpy as np
import pandas as pd
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_strata.config import AtomsConfig
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, TableError
from napari_strata.io.atom_tables import write_atoms
from napari_strata.jobs.read_atom_file import read_atom_file
from napari_strata.widgets.atoms.dock import AtomsDock
from napari_strata.widgets.atoms.from_file import images_for, place_atoms
from napari_strata.widgets.layers.atom_memory import MEMORY, edits_of
from napari_strata.widgets.predict.atom_export import atom_table

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def table(image="bright", scale=PIXEL_SIZE, **columns) -> pd.DataFrame:
    """Return the known atoms, in two layers by turns and of two species."""
    places = np.asarray(ATOMS, float)[:, -2:]
    rows = pd.DataFrame(
        {
            "image": image,
            "frame": 0,
            "layer": np.arange(len(places)) % 2,
            "species": np.where(np.arange(len(places)) % 2, "S", "W"),
            "y_px": places[:, 0],
            "x_px": places[:, 1],
            "y_A": places[:, 0] * scale,
            "x_A": places[:, 1] * scale,
            "probability": 0.75,
            "sigma_y": 0.0123,
            "sigma_x": 0.0456,
            "flag": "",
            "edited": "",
        }
    )
    rows.loc[0, "flag"] = "border"
    return rows.assign(**columns)


def read(path):
    *_, last = read_atom_file(JobControl(), path)
    assert last.error is None
    return last.result.value


def open_atoms(viewer, path, image):
    return place_atoms(viewer, read(path), image)


def origin(side: int, name="bright") -> AtomOrigin:
    return AtomOrigin(
        model="some_net",
        weights_sha256="0" * 64,
        settings=AtomsConfig(),
        images=(LocatedImage(name=name, frames=1, height=side, width=side, pixel_size=PIXEL_SIZE),),
        software={},
        located="2026-01-02T03:04:05+00:00",
    )


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".extxyz", ".cif", ".geojson"])
def test_what_is_exported_and_opened_again_is_the_same(viewer, tmp_path, ending):
    image, path = add_bright(viewer), tmp_path / f"atoms{ending}"
    write_atoms(table(), path, origin=origin(image.data.shape[0]))
    points, words = open_atoms(viewer, path, image)
    again = atom_table(points, image)
    expected = table().sort_values("layer", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(again, expected, check_dtype=False, atol=1e-6)
    assert points.metadata[MEMORY].origin == origin(image.data.shape[0])
    assert "located by some_net" in words
    assert points.name == f"Atoms - atoms{ending} - bright"
    assert (points.scale == image.scale).all()


def test_edits_that_a_file_tells_of_are_kept_and_can_be_undone_no_further(viewer, tmp_path):
    image, path = add_bright(viewer), tmp_path / "atoms.csv"
    write_atoms(table(edited=["added", "moved", *[""] * (len(ATOMS) - 2)], sigma_y=np.nan), path)
    points, _ = open_atoms(viewer, path, image)
    assert sorted(edits_of(points)["edited"]) == ["added", "moved"]
    assert sorted(atom_table(points, image)["edited"])[-2:] == ["added", "moved"]


def test_positions_alone_are_atoms_that_the_file_is_sure_of(viewer, tmp_path):
    image, path = add_bright(viewer), tmp_path / "atoms.xyz"
    write_atoms(table()[list(table().columns[:8])], path)
    points, _ = open_atoms(viewer, path, image)
    assert set(points.features["probability"]) == {1.0}
    np.testing.assert_allclose(points.data, np.asarray(ATOMS)[:, -2:], atol=1e-9)


def test_another_pixel_size_is_refused_also_where_the_file_has_positions_in_angstrom_alone(viewer, tmp_path):
    image = add_bright(viewer)
    for ending in (".csv", ".xyz"):
        write_atoms(table(scale=2 * PIXEL_SIZE).iloc[:, :8], tmp_path / f"atoms{ending}")
        with pytest.raises(CalibrationError, match=r"was made with .* Å per pixel, and bright has"):
            open_atoms(viewer, tmp_path / f"atoms{ending}", image)
    assert len(viewer.layers) == 1


def test_an_image_without_a_pixel_size_is_refused_with_that_of_the_file(viewer, tmp_path):
    image = add_bright(viewer, units=("pixel",) * 2, scale=(1, 1))
    write_atoms(table(), tmp_path / "atoms.csv")
    with pytest.raises(CalibrationError, match=rf"not known. atoms.csv was made with {PIXEL_SIZE:g} Å"):
        open_atoms(viewer, tmp_path / "atoms.csv", image)


def test_atoms_of_a_larger_image_are_refused(viewer, tmp_path):
    image = add_bright(viewer)
    write_atoms(
        table(y_px=lambda t: t["y_px"] + 500, y_A=lambda t: t["y_A"] + 500 * PIXEL_SIZE), tmp_path / "a.csv"
    )
    with pytest.raises(TableError, match=f"{len(ATOMS)} of the {len(ATOMS)} atoms in a.csv lie outside"):
        open_atoms(viewer, tmp_path / "a.csv", image)


def test_atoms_of_an_image_of_another_size_are_refused_even_where_they_would_fit(viewer, tmp_path):
    image = add_bright(viewer)
    write_atoms(table(), tmp_path / "a.csv", origin=origin(31))
    with pytest.raises(TableError, match="is of an image of 31 × 31 pixels, and bright has"):
        open_atoms(viewer, tmp_path / "a.csv", image)


def test_atoms_of_slices_that_an_image_lacks_are_refused(viewer, tmp_path):
    image = add_bright(viewer)
    write_atoms(table(frame=3), tmp_path / "a.csv")
    with pytest.raises(TableError, match="slice 3, counted from 0, and bright has 1"):
        open_atoms(viewer, tmp_path / "a.csv", image)


def test_of_several_images_in_a_file_only_the_own_atoms_are_shown(viewer, tmp_path):
    image = add_bright(viewer)
    write_atoms(pd.concat([table(image="other"), table()]), tmp_path / "a.csv")
    points, _ = open_atoms(viewer, tmp_path / "a.csv", image)
    assert len(points.data) == len(ATOMS)
    assert set(points.features["probability"]) == {0.75}
    write_atoms(pd.concat([table(image="one"), table(image="other")]), tmp_path / "b.csv")
    with pytest.raises(TableError, match="no atoms of bright; it has those of 'one', 'other'"):
        open_atoms(viewer, tmp_path / "b.csv", image)


def test_atoms_located_under_another_name_are_opened_and_that_is_said(viewer, tmp_path):
    image = add_bright(viewer)
    write_atoms(table(image="scan 7"), tmp_path / "a.csv")
    assert open_atoms(viewer, tmp_path / "a.csv", image)[1].endswith("in an image named 'scan 7'.")


def test_a_file_that_is_opened_again_replaces_only_what_nobody_edited(viewer, tmp_path):
    image, path = add_bright(viewer), tmp_path / "a.csv"
    write_atoms(table(), path)
    open_atoms(viewer, path, image)
    points, _ = open_atoms(viewer, path, image)
    assert len(viewer.layers) == 2
    points.selected_data = {0}
    points.remove_selected()
    open_atoms(viewer, path, image)
    assert len(viewer.layers) == 3


def test_the_image_is_found_by_the_name_in_the_file(viewer, tmp_path):
    image = add_bright(viewer)
    other = viewer.add_image(np.zeros((20, 20)), name="other")
    write_atoms(table(), tmp_path / "a.csv")
    assert images_for(viewer, read(tmp_path / "a.csv")) == [image]
    write_atoms(table(image="unknown"), tmp_path / "b.xyz")
    assert images_for(viewer, read(tmp_path / "b.xyz")) == [image, other]


@pytest.fixture
def dock(qtbot, viewer):
    dock = AtomsDock(viewer)
    qtbot.addWidget(dock)
    dock.show()
    return dock


def test_a_file_is_opened_by_the_button_and_can_be_edited(qtbot, viewer, dock, tmp_path, monkeypatch):
    add_bright(viewer)
    viewer.add_image(np.zeros((20, 20)), name="other")
    write_atoms(table(image="unknown"), tmp_path / "a.csv")
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.csv"), ""))
    monkeypatch.setattr(QInputDialog, "getItem", lambda *all: (asked.append(all[3]), ("bright", True))[1])
    with qtbot.waitSignal(dock.open_button.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.open_button, LEFT)
    assert asked == [["bright", "other"]]
    assert len(dock.points.data) == len(ATOMS)
    assert dock.counts.rowCount() == 2
    assert viewer.layers.selection.active is dock.points
    dock.editing.select([0])
    qtbot.mouseClick(dock.delete_button, LEFT)
    qtbot.mouseClick(dock.undo_button, LEFT)
    assert len(dock.points.data) == len(ATOMS)


def test_a_file_that_is_dropped_on_the_dock_is_opened_or_refused_in_words(qtbot, viewer, dock, tmp_path):
    write_atoms(table(), tmp_path / "a.csv")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.csv"))])
    actions, nothing = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), actions, mime, LEFT, nothing)
    with qtbot.waitSignal(dock.open_button.runner.ended, timeout=60_000):
        dock.dropEvent(event)
    assert "There is no image to put atoms on." in dock.words.text()
    add_bright(viewer)
    with qtbot.waitSignal(dock.open_button.runner.ended, timeout=60_000):
        dock.dropEvent(event)
    assert len(dock.points.data) == len(ATOMS)


def test_a_file_that_cannot_be_read_is_refused_in_words(qtbot, viewer, dock, tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with qtbot.waitSignal(dock.open_button.runner.ended, timeout=60_000):
        dock.open_button.open(tmp_path / "a.csv")
    assert "a.csv lacks image" in dock.words.text()


def test_positions_in_angstrom_of_another_program_are_put_by_the_pixel_size_of_the_image(viewer, tmp_path):
    image = add_bright(viewer)
    (tmp_path / "flake.xyz").write_text("1\nmade elsewhere\nC 2.0 -3.0 0.0\n")
    points, _ = open_atoms(viewer, tmp_path / "flake.xyz", image)
    np.testing.assert_allclose(points.data * image.scale, [[3.0, 2.0]])
