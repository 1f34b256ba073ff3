import hashlib

import numpy as np
import pytest
from napari.layers import Points
from qtpy.QtCore import Qt

import tiny_sam
from file_server import FileServer, serving
from napari_strata.inference.promptable import checkpoint
from napari_strata.inference.promptable.prompts import Prompts
from napari_strata.inference.promptable.segmenter import Answer, Segmenter
from napari_strata.widgets.label_tools import checkpoints
from napari_strata.widgets.label_tools.checkpoints import FetchDialog, checkpoints_folder, folder_for
from napari_strata.widgets.layers.preview_overlay import NAME


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tiny_sam.save_sam(tmp_path_factory.mktemp("sam") / "tiny")


@pytest.fixture
def page(dock):
    dock.tool.setCurrentText("Segment Anything")
    return dock.segment


@pytest.fixture
def opened(page, saved):
    page.checkpoint.open(saved)
    return page


@pytest.fixture
def asked(monkeypatch):
    """Let the network answer with 3 x 3 pixels around the first point, and note what it is asked."""
    prompts = []

    def answer(_self, embedding, asked):
        prompts.append(asked)
        mask = np.zeros(embedding.grid.shape, bool)
        y, x = (round(value) for value in (asked.points[0] if len(asked.points) else asked.box[:2]))
        mask[y - 1 : y + 2, x - 1 : x + 2] = True
        return Answer(mask, 0.875)

    monkeypatch.setattr(Segmenter, "answer", answer)
    return prompts


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def click_at(qtbot, page, y, x, *, frame=1, held=()):
    page.picker._held = frozenset(held)
    with qtbot.waitSignal(page.panel.runner.ended, timeout=20_000):
        page.picker.clicked.emit((frame, y * 0.5, x * 0.5))


def test_without_a_network_the_page_says_exactly_what_to_fetch(page):
    assert page.panel.words.text() == (
        "Press 'Download…', or fetch the files model.safetensors and config.json of facebook/sam-vit-base from "
        "huggingface.co into one folder and press 'Open…'."
    )
    assert FetchDialog(page).address.currentText().startswith("https://huggingface.co/facebook/sam-vit-base/")
    assert not page.panel.start_button.isEnabled()
    assert not page.box_button.isEnabled()


def test_without_the_extra_the_page_says_what_to_install(monkeypatch, opened):
    monkeypatch.setattr(checkpoint, "find_spec", lambda _name: None)
    opened._refresh()
    assert 'Run: pip install "napari-strata[segment-anything]", then start napari' in opened.panel.words.text()
    assert not opened.panel.start_button.isEnabled()


def test_a_real_network_proposes_a_mask_on_the_shown_slice(qtbot, viewer, opened, labels):
    click_at(qtbot, opened, 6, 8)
    shown = viewer.layers[NAME]
    assert shown.data.shape == (1, 16, 24)
    assert tuple(shown.data_to_world((0, 0, 0))) == tuple(labels.data_to_world((1, 0, 0)))
    assert "pixels proposed, score" in opened.panel.words.text()
    assert not labels.data.any()
    proposed = (shown.data[0] > 0).copy()
    click(qtbot, opened.accept_button)
    assert ((labels.data[1] == 2) == proposed).all()
    assert not labels.data[[0, 2]].any()


def test_an_accepted_mask_is_one_step_and_the_next_object_can_follow(qtbot, viewer, opened, asked, labels):
    click_at(qtbot, opened, 6, 8)
    assert opened.panel.words.text().startswith("9 pixels proposed, score 0.88. Accept")
    click(qtbot, opened.accept_button)
    assert opened.panel.words.text() == "Class 1: 9 pixels painted."
    assert (labels.data[1, 5:8, 7:10] == 2).all()
    assert not opened.prompts
    assert [layer.name for layer in viewer.layers] == ["a", "a labels"]
    assert not opened.accept_button.isEnabled()
    labels.undo()
    assert not labels.data.any()


def test_accepting_spares_paint_where_only_unlabelled_pixels_are_painted(qtbot, opened, asked, labels):
    labels.data[1, 6, 8] = 1
    labels.preserve_labels = True
    click_at(qtbot, opened, 6, 8)
    click(qtbot, opened.accept_button)
    assert opened.panel.words.text() == "Class 1: 8 pixels painted."
    assert labels.data[1, 6, 8] == 1


def test_a_rejected_mask_leaves_nothing(qtbot, viewer, opened, asked, labels):
    click_at(qtbot, opened, 6, 8)
    click(qtbot, opened.reject_button)
    assert not labels.data.any()
    assert [layer.name for layer in viewer.layers] == ["a", "a labels"]
    assert opened.prompts == Prompts()


@pytest.mark.parametrize("held", ["Shift", "Alt"])
def test_a_key_held_down_turns_the_meaning_of_a_click(qtbot, viewer, opened, asked, held):
    click_at(qtbot, opened, 6, 8)
    click_at(qtbot, opened, 2, 3, held=[held])
    assert asked[-1] == Prompts(inside=((6, 8),), outside=((2, 3),))
    marks = next(layer for layer in viewer.layers if isinstance(layer, Points))
    assert marks.data.tolist() == [[1, 6, 8], [1, 2, 3]]
    assert marks.face_color[0].tolist() != marks.face_color[1].tolist()


def test_the_choice_turns_the_meaning_of_clicks_too(qtbot, opened, asked):
    click_at(qtbot, opened, 6, 8)
    opened.meaning.setCurrentIndex(1)
    click_at(qtbot, opened, 2, 3)
    click_at(qtbot, opened, 4, 4, held=["Shift"])
    assert asked[-1] == Prompts(inside=((6, 8), (4, 4)), outside=((2, 3),))


def test_a_click_beside_the_object_alone_asks_for_one_on_it(opened):
    opened.meaning.setCurrentIndex(1)
    opened.picker.clicked.emit((1, 2, 3))
    assert opened.panel.words.text() == "Click on the object, too."


def test_a_click_in_another_slice_begins_anew(qtbot, viewer, opened, asked):
    click_at(qtbot, opened, 6, 8)
    viewer.dims.set_current_step(0, 2)
    click_at(qtbot, opened, 9, 9, frame=2)
    assert asked[-1] == Prompts(inside=((9, 9),))
    assert viewer.layers[NAME].translate[0] == 2


def test_clicks_made_while_the_network_works_are_answered_together(qtbot, opened, asked):
    answers = []
    opened.panel.brought.connect(lambda _result: answers.append(opened.prompts))
    for x in (3, 5, 7):
        opened.picker.clicked.emit((1, 4.0, x * 0.5))
    qtbot.waitUntil(lambda: opened.accept_button.isEnabled(), timeout=20_000)
    assert asked[-1].inside == ((8, 3), (8, 5), (8, 7))
    assert len(asked) == 2


def test_a_box_that_is_dragged_is_a_prompt(qtbot, viewer, opened, asked, labels):
    click(qtbot, opened.box_button)
    shapes = opened.marks.box_layer
    assert viewer.layers.selection.active == shapes
    assert shapes.mode == "add_rectangle"
    with qtbot.waitSignal(opened.panel.runner.ended, timeout=20_000):
        shapes.add_rectangles([[1, 3, 4], [1, 3, 30], [1, 9, 30], [1, 9, 4]])
    assert asked == [Prompts(box=(3, 4, 9, 23.5))]
    assert viewer.layers.selection.active == labels
    click(qtbot, opened.accept_button)
    assert (labels.data[1, 2:5, 3:6] == 2).all()


def test_another_image_or_another_tool_drops_what_was_proposed(qtbot, viewer, dock, opened, asked):
    click_at(qtbot, opened, 6, 8)
    viewer.add_image(np.random.default_rng(0).random((8, 9)), name="b")
    assert NAME not in viewer.layers
    assert not opened.accept_button.isEnabled()


def test_a_result_that_comes_after_reject_is_dropped(qtbot, viewer, opened, asked):
    with qtbot.waitSignal(opened.panel.runner.ended, timeout=20_000):
        opened.picker.clicked.emit((1, 3.0, 4.0))
        click(qtbot, opened.reject_button)
    assert NAME not in viewer.layers
    assert not opened.accept_button.isEnabled()


def test_a_pickle_is_refused_in_words(tmp_path, monkeypatch, qtbot, page):
    (tmp_path / "sam_vit_b.pth").touch()
    monkeypatch.setattr(checkpoints.QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path))
    click(qtbot, page.checkpoint.open_button)
    assert "sam_vit_b.pth is a pickle" in page.panel.words.text()
    assert page.checkpoint.folder is None


@pytest.fixture
def server(saved):
    files = {f"owner/sam/resolve/main/{file.name}": file.read_bytes() for file in saved.iterdir()}
    weights = "owner/sam/resolve/main/model.safetensors"
    stated = {weights: hashlib.sha256(files[weights]).hexdigest()}
    with serving(FileServer(files=files, stated=stated)) as running:
        yield running


def fetch(qtbot, monkeypatch, page, server, checksum=""):
    def accept(dialog):
        dialog.address.setCurrentText(f"{server.url}/owner/sam/resolve/main")
        dialog.checksum.setText(checksum)
        return FetchDialog.DialogCode.Accepted

    monkeypatch.setattr(FetchDialog, "exec", accept)
    with qtbot.waitSignal(page.panel.runner.ended, timeout=20_000):
        click(qtbot, page.checkpoint.fetch_button)


def test_a_fetched_network_is_chosen_and_what_was_verified_is_said(qtbot, monkeypatch, page, server):
    fetch(qtbot, monkeypatch, page, server)
    (stated,) = server.stated.values()
    assert page.panel.words.text() == f"Fetched. SHA-256 {stated} agrees with what 127.0.0.1 stated."
    assert page.checkpoint.folder == checkpoints_folder() / "owner--sam"
    assert page.panel.start_button.isEnabled()


def test_a_network_with_a_wrong_checksum_is_refused_and_removed(qtbot, monkeypatch, page, server):
    fetch(qtbot, monkeypatch, page, server, checksum="1" * 64)
    assert "was thrown away: its SHA-256 is" in page.panel.words.text()
    assert page.checkpoint.folder is None
    assert not (checkpoints_folder() / "owner--sam" / "model.safetensors").exists()


def test_nothing_is_fetched_before_download_is_pressed(qtbot, monkeypatch, page, server):
    monkeypatch.setattr(FetchDialog, "exec", lambda _dialog: FetchDialog.DialogCode.Rejected)
    click(qtbot, page.checkpoint.fetch_button)
    assert server.asked == []
    assert not page.panel.runner.is_busy


def test_the_dialog_shows_where_the_files_go(qtbot):
    dialog = FetchDialog()
    qtbot.addWidget(dialog)
    assert str(checkpoints_folder() / "facebook--sam-vit-base") in dialog.words.text()
    dialog.address.setCurrentText("https://example.org/my models/sam")
    assert str(checkpoints_folder() / "my-models--sam") in dialog.words.text()


@pytest.mark.parametrize("address", ["https://a.org/x/../..", "https://a.org", "..", "https://a.org/%2e%2e/", ""])
def test_no_address_leads_out_of_the_folder(address):
    assert folder_for(address).parent == checkpoints_folder()
    assert folder_for(address).name not in ("", ".", "..")
