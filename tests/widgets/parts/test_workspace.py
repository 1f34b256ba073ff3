import subprocess
import sys

from qtpy.QtCore import Qt

from napari_strata.widgets.explain.map_row import MapRow
from napari_strata.widgets.parts.workspace import DOCKS, open_workspace

NAMES = [f"{name} (napari-strata)" for name in DOCKS]


def test_all_docks_open_tabbed_with_the_first_in_front(viewer):
    viewer.window.resize(1500, 900)
    open_workspace(viewer)
    docks = [viewer.window.dock_widgets[name].parent() for name in NAMES]
    main = docks[0].parent()
    assert {dock.windowTitle() for dock in [docks[0], *main.tabifiedDockWidgets(docks[0])]} == set(DOCKS)


def test_opening_the_workspace_twice_opens_nothing_twice(viewer):
    open_workspace(viewer)
    first = [viewer.window.dock_widgets[name] for name in NAMES]
    open_workspace(viewer)
    assert [viewer.window.dock_widgets[name] for name in NAMES] == first


def test_hidden_docks_are_shown_again(viewer):
    open_workspace(viewer)
    docks = [viewer.window.dock_widgets[name].parent() for name in NAMES]
    docks[2].hide()
    open_workspace(viewer)
    assert not any(dock.isHidden() for dock in docks)


def test_docks_opened_from_the_menu_or_by_buttons_take_turns_and_the_window_stays_as_high_as_it_was(
    qtbot, make_napari_viewer
):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 700)
    frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", "Label")
    for button in dock.links.buttons.values():
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    last, _ = viewer.window.add_plugin_dock_widget("napari-strata", "Simulate")
    main = frame.parent()
    qtbot.waitUntil(lambda: len(main.tabifiedDockWidgets(frame)) == len(dock.links.buttons) + 1)
    titles = {one.windowTitle() for one in main.tabifiedDockWidgets(frame)}
    assert titles == {*dock.links.buttons, "Simulate"}
    qtbot.waitUntil(lambda: last.widget().visibleRegion().isEmpty() is False)
    assert main.height() == 700


def test_docks_that_go_on_from_a_map_take_turns_with_the_explain_dock(qtbot, viewer):
    open_workspace(viewer)
    frame = viewer.window.dock_widgets[NAMES[3]].parent()
    frame.raise_()
    qtbot.mouseClick(frame.widget().findChild(MapRow).links.buttons["What if"], Qt.MouseButton.LeftButton)
    opened = viewer.window.dock_widgets["What if (napari-strata)"].parent()
    assert opened in frame.parent().tabifiedDockWidgets(frame)


def test_opening_all_docks_imports_none_of_the_heavy_libraries():
    code = (
        "import sys, napari; from napari_strata.widgets.label.dock import LINKS;"
        "from napari_strata.widgets.parts.workspace import open_workspace;"
        "viewer = napari.Viewer(show=False); open_workspace(viewer);"
        "[viewer.window.add_plugin_dock_widget('napari-strata', name) for _, name, _ in LINKS];"
        "heavy = {'torch', 'captum', 'lightning_fabric', 'pyqtgraph', 'transformers', 'scipy.ndimage'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr
