import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Points
from napari.layers._layer_actions import _duplicate_layer

from analysed import card
from napari_strata.config import AtomsConfig, ClassTable, ModelConfig
from napari_strata.jobs.locate_atoms import AtomsFound
from napari_strata.widgets.atoms.accepting import accept
from napari_strata.widgets.atoms.choice import AtomsChoice
from napari_strata.widgets.layers.atom_memory import edits_of
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.predict.found_atoms import show_atoms

PLACES = np.array([(5.0, 5), (5, 15), (15, 5), (15, 15)])


@pytest.fixture
def show(light_viewer):
    """Show atoms as a model of some classes and layers finds them; return what is said."""
    image = Image(np.zeros((30, 30)), name="a", scale=(0.2, 0.2), units=("angstrom",) * 2)
    light_viewer.add_layer(image)

    def show(*classes: str, layers: int = 2, candidates: pd.DataFrame | None = None) -> str:
        of = ModelConfig(architecture="gombnet" if layers > 1 else "unet", layers=layers)
        model = card(name=classes[0], classes=ClassTable.from_names(classes), model=of)
        y, x = PLACES.T
        at = {"y_px": y, "x_px": x, "y_A": 0.2 * y, "x_A": 0.2 * x, "probability": 0.9, "flag": ""}
        table = pd.DataFrame({"image": "a", "frame": 0, "layer": 0, "species": classes[0]} | at)
        found = AtomsFound((), table, candidates)
        return show_atoms(light_viewer, Origin(image, 0.2, model, classes[0]), found, AtomsConfig(), is_whole=True)

    return show


def atoms_in(viewer) -> list[Points]:
    return [layer for layer in viewer.layers if isinstance(layer, Points)]


def test_edits_with_species_that_another_model_lacks_are_kept_aside_and_told(light_viewer, show):
    assert show("metal", "chalcogen") == ""
    [earlier] = atoms_in(light_viewer)
    earlier.add([[25, 25]])
    earlier.selected_data = {0}
    earlier.remove_selected()
    said = show("C")
    assert said == (
        " Not done again: the edit with metal (1 added), as this model does not know metal. Kept in"
        f" '{earlier.name}'. Your other edits are done again. Earlier atoms of this image are hidden: switch them"
        " on with the eye in the layer list."
    )
    [kept, fresh] = atoms_in(light_viewer)
    assert kept is earlier and len(earlier.data) == 4
    assert set(fresh.features["species"]) == {"C"} and len(fresh.data) == 3
    assert edits_of(fresh)["edited"].tolist() == ["deleted"]


PROPOSED = pd.DataFrame(
    {
        "kind": ["missing", "missing", "empty"],
        "frame": 0,
        "layer": 0,
        "species": "C",
        "y_px": [25.0, 25, 5],
        "x_px": [5.0, 25, 15],
        "score": 1.0,
        "reason": "",
    }
)


def test_what_was_accepted_is_not_proposed_again_and_leaves_no_layer(light_viewer, show):
    said = show("C", candidates=PROPOSED)
    assert said.startswith(" Candidates: 2 missing, 1 empty. At 1 atom the image shows none")
    [atoms, candidates] = atoms_in(light_viewer)
    candidates.selected_data = {0, 2}
    accept(atoms, candidates)
    assert show("C", candidates=PROPOSED) == " Candidates: 1 missing. Your edits are kept."
    [atoms, candidates] = atoms_in(light_viewer)
    assert candidates.data.tolist() == [[25, 25]]
    assert candidates.features["kind"].tolist() == ["missing"]
    accepted = accept(atoms, candidates)
    accepted.take_back()
    accept(atoms, candidates)
    assert show("C", candidates=PROPOSED) == " No candidates but those you decided on. Your edits are kept."
    [atoms] = atoms_in(light_viewer)
    assert len(atoms.data) == 5


def test_candidates_that_a_person_sorted_by_hand_are_not_taken_away(light_viewer, show):
    show("C", candidates=PROPOSED)
    [_, candidates] = atoms_in(light_viewer)
    candidates.selected_data = {1}
    candidates.remove_selected()
    assert show("C", candidates=PROPOSED[:0]) == " No atom seems to be missing or extra."
    assert candidates in light_viewer.layers


def test_candidates_that_were_renamed_or_copied_are_not_taken_away(light_viewer, show):
    show("C", candidates=PROPOSED)
    [_, candidates] = atoms_in(light_viewer)
    light_viewer.layers.selection = {candidates}
    _duplicate_layer(light_viewer.layers)
    candidates.name = "to discuss"
    show("C", candidates=PROPOSED[:1])
    show("C", candidates=PROPOSED[:0])
    assert [layer.name for layer in atoms_in(light_viewer)[1:]] == ["to discuss", "Candidates - C - a copy"]


def test_edits_of_a_model_of_other_layers_are_kept_aside_and_told(light_viewer, show):
    show("C")
    [earlier] = atoms_in(light_viewer)
    earlier.add([[25, 25]])
    said = show("column", layers=1)
    assert said.startswith(
        " Your edits are not in these atoms: they are of 2 layers, and this model finds 1 layer."
    )
    assert f"Kept in '{earlier.name}'." in said
    assert earlier in light_viewer.layers and len(atoms_in(light_viewer)[-1].data) == 4


def test_atoms_of_another_model_are_shown_and_chosen_in_place_of_earlier_ones(qtbot, light_viewer, show):
    show("C")
    choice = AtomsChoice(light_viewer)
    qtbot.addWidget(choice)
    [first] = atoms_in(light_viewer)
    light_viewer.layers.selection.active = first
    said = show("metal")
    [_, second] = atoms_in(light_viewer)
    assert (first.visible, second.visible, choice.layer) == (False, True, second)
    assert light_viewer.layers.selection.active is second
    assert said == " Earlier atoms of this image are hidden: switch them on with the eye in the layer list."
    show("C")
    assert [one.visible for one in atoms_in(light_viewer)].count(True) == 1
    assert choice.layer.visible and choice.layer is not second
