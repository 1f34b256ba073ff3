"""A viewer without canvas or menus, which is made in milliseconds: enough for what looks at layers and docks."""

from napari.components import ViewerModel
from pydantic import PrivateAttr
from qtpy.QtWidgets import QMainWindow, QWidget


class BareMenu:
    """Stands for the menu bar, by which docks find the window."""

    def __init__(self) -> None:
        self._window = QMainWindow()

    def window(self) -> QMainWindow:
        return self._window


class BareWindow:
    """Holds dock widgets as far as tests look at them."""

    def __init__(self) -> None:
        self.main_menu = BareMenu()

    def add_dock_widget(self, widget: QWidget, **_kwargs: object) -> None:
        self.main_menu.window().setCentralWidget(widget)
        self.main_menu.window().show()


class BareViewer(ViewerModel):
    """A viewer model with a window."""

    _window: BareWindow = PrivateAttr(default_factory=BareWindow)

    @property
    def window(self) -> BareWindow:
        return self._window

    def close(self) -> None:
        self.window.main_menu.window().close()
        self.window.main_menu.window().deleteLater()
