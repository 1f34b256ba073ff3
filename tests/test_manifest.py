import inspect
from pathlib import Path

import pytest
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

ROOT = Path(__file__).parents[1]
MANIFEST = PluginManifest.from_file(ROOT / "src" / "napari_strata" / "napari.yaml")
COMMANDS = {command.id: command for command in MANIFEST.contributions.commands}


def test_the_plugin_bears_the_name_of_the_package():
    assert MANIFEST.name == "napari-strata"
    assert PluginManifest.from_distribution("napari-strata").name == "napari-strata"


def test_the_link_at_the_top_leads_to_the_manifest():
    assert (ROOT / "napari.yaml").resolve() == ROOT / "src" / "napari_strata" / "napari.yaml"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_leads_to_something_that_can_be_called(command):
    assert callable(import_python_name(command.python_name))


def test_every_dock_gets_the_viewer():
    for widget in MANIFEST.contributions.widgets:
        dock = import_python_name(COMMANDS[widget.command].python_name)
        annotation = inspect.signature(dock.__init__).parameters["viewer"].annotation
        assert annotation == "napari.viewer.Viewer" or annotation.__name__ == "Viewer"


def test_the_menus_lead_to_the_docks_and_the_workspace():
    menus = {menu: [item.command for item in items] for menu, items in MANIFEST.contributions.menus.items()}
    assert menus == {
        "napari/file/io_utilities": ["napari-strata.open_zspy"],
        "napari/layers/segment": ["napari-strata.workspace", "napari-strata.train", "napari-strata.predict"],
        "napari/layers/annotate": [
            "napari-strata.label",
            "napari-strata.label_tools",
            "napari-strata.label_files",
            "napari-strata.doctor",
            "napari-strata.history",
        ],
        "napari/layers/visualize": [
            "napari-strata.explain",
            "napari-strata.inside",
            "napari-strata.explain_many",
            "napari-strata.map_to_labels",
            "napari-strata.what_if",
            "napari-strata.compare_maps",
        ],
    }


@pytest.mark.parametrize("sample", [s.key for s in MANIFEST.contributions.sample_data])
def test_every_sample_opens(viewer, sample):
    (layer,) = viewer.open_sample("napari-strata", sample)
    assert layer.units[-1] in ("angstrom", "nanometer")


def test_microscopes_files_are_claimed_by_their_endings_and_folders_are_not():
    from napari_strata.io.microscope.endings import ENDINGS

    (reader,) = (one for one in MANIFEST.contributions.readers if one.command == "napari-strata.read_microscope")
    assert reader.filename_patterns == [f"*{ending}" for ending in ENDINGS]
    assert not reader.accepts_directories
