"""Which class a proposal is painted in: the map's, unless a person says otherwise."""

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_strata.types import NOT_LABELLED
from napari_strata.widgets.layers.label_target import LabelTarget
from napari_strata.widgets.maps.asked import EXPLANATION, MapChoice
from napari_strata.widgets.parts.editors import ChoiceBox

if TYPE_CHECKING:
    from napari.layers import Labels

_NONE = "choose a class"


class ClassChoice(ChoiceBox):
    """Offers the classes of labels.

    At first it is the class that the map is about, where the labels have one of that name, else none. A class that
    is chosen in the Label dock from then on is taken, too; the brush is left as it is.

    Parameters
    ----------
    target : LabelTarget
        The labels.
    maps : MapChoice
        The map.
    """

    chosen = Signal()
    """Emitted when it is another class."""

    def __init__(self, target: LabelTarget, maps: MapChoice) -> None:
        super().__init__()
        self._target, self._maps = target, maps
        self._of: tuple[object, object] | None = None
        self._names: dict[int, str] = {}
        self._brush = NOT_LABELLED
        self.setToolTip("What is painted: the class of the map, unless you choose another one.")
        target.changed.connect(self._follow)
        maps.chosen.connect(self._follow)
        self.currentIndexChanged.connect(lambda _index: self.chosen.emit())
        self._follow()

    @property
    def code(self) -> int:
        """Code of the chosen class, 0 where none is."""
        code = self.currentData()
        return NOT_LABELLED if code is None else int(code)

    def _follow(self, _layer: object = None) -> None:
        labels: Labels | None = self._target.labels
        names = {code: name for code, name in self._target.names.items() if code != NOT_LABELLED}
        brush, code = self._target.code, self.code
        if (labels, self._maps.layer) != self._of:
            code = self._code_of_map(names)
        elif brush != self._brush:
            code = brush
        elif names == self._names:
            return
        self._of, self._brush, self._names = (labels, self._maps.layer), brush, names
        blocked = self.blockSignals(True)
        self.clear()
        for number, name in ({NOT_LABELLED: _NONE} | names).items():
            self.addItem(f"{number}  {name}" if number else name, number)
        self.setCurrentIndex(max(self.findData(code), 0))
        self.blockSignals(blocked)
        self.setEnabled(labels is not None)
        self.chosen.emit()

    def _code_of_map(self, names: dict[int, str]) -> int:
        """Return the code of the class that the map is about; what is wrong by a correction is not proposed."""
        map_layer = self._maps.layer
        if map_layer is None or map_layer.metadata[EXPLANATION].get("against", {}).get("kind") == "correction":
            return NOT_LABELLED
        wanted = str(map_layer.metadata[EXPLANATION].get("class", "")).casefold()
        return next((code for code, name in names.items() if name.casefold() == wanted), NOT_LABELLED)
