from lattice_scene import honeycombs, put_atoms

from napari_strata.widgets.atoms.atom_features import AtomFeatures


def test_where_the_selected_atoms_differ_that_is_said(qtbot, light_viewer):
    points = put_atoms(light_viewer, honeycombs()).points
    first = {layer: int((points.features["layer"] == layer).to_numpy().argmax()) for layer in (0, 1)}
    features = AtomFeatures()
    qtbot.addWidget(features)
    points.selected_data = set(first.values())
    features.show_atoms(points)
    assert features.layer.currentIndex() == -1
    assert features.layer.placeholderText() == "several"
    assert features.species.currentText() == "C"
    points.selected_data = {first[1]}
    features.show_atoms(points)
    assert features.layer.currentText() == "1"
