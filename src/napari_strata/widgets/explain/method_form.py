"""Rows to choose a method, by the names of the papers, and the settings that it reads."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.config import ExplainConfig, ExplainMethod, ModelCard, ModelConfig
from napari_strata.explain.able import why_unable
from napari_strata.explain.catalogue import METHODS
from napari_strata.widgets.explain.method_words import FAMILIES, SHOWS
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.words import Words

_DEFAULT: ExplainMethod = "input-gradient"
_USUAL = "the usual one"
_OWN = ("method", "feature_map")
"""Settings that have rows of their own."""
_OF_CHANCE = {"samples", "noise", "subsets", "baseline"}
"""Methods that read one of these draw random numbers."""


class MethodForm(QWidget):
    """Offers the methods that a network can do; the others say what they need.

    A method whose network lacks something is given up for the default one.
    """

    changed = Signal()
    """Emitted when the method or a setting is another one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_atom = True
        self._model: ModelConfig | None = None
        self.box, self.feature_map = ChoiceBox(), ChoiceBox()
        self.words = Words()
        fields = [name for name in ExplainConfig.model_fields if name not in _OWN]
        self.settings = ConfigForm(ExplainConfig, fields=fields)
        self._fill()
        self._lay_out()
        self.box.currentIndexChanged.connect(self._on_method)
        self.feature_map.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.settings.changed.connect(self.changed)
        self._on_method()

    @property
    def method(self) -> ExplainMethod:
        """The chosen method."""
        method: ExplainMethod = self.box.currentData()
        return method

    def choose(self, method: ExplainMethod) -> None:
        """Choose a method by its name in the settings."""
        self.box.setCurrentIndex(self.box.findData(method))

    def values(self) -> ExplainConfig:
        """Return the validated settings.

        Raises
        ------
        ConfigError
            Naming each setting that cannot be as it is.
        """
        feature_map = self.feature_map.currentData() if self._reads("feature_map") else ""
        return self.settings.values(method=self.method, feature_map=feature_map or "")

    def fit(self, card: ModelCard | None) -> None:
        """Offer what a model can do."""
        for index in range(self.box.count()):
            method = self.box.itemData(index)
            if not method:
                continue  # the title of a family
            lacks = why_unable(method, card.model) if card else ""
            self.box.setItemText(index, f"{METHODS[method].title} ({lacks})" if lacks else METHODS[method].title)
            self.box.model().item(index).setEnabled(not lacks)
            if lacks and method == self.method:
                self.choose(_DEFAULT)
        model = card.model if card else None
        if model != self._model:
            self._model = model
            self.offer_feature_maps(())

    def offer_feature_maps(self, names: Sequence[str]) -> None:
        """Offer the feature maps that a network has; the one that was chosen stays, if it is one of them."""
        if list(names) == [self.feature_map.itemData(index) for index in range(1, self.feature_map.count())]:
            return
        kept = self.feature_map.currentData()
        blocked = self.feature_map.blockSignals(True)
        self.feature_map.clear()
        self.feature_map.addItem(_USUAL, "")
        for name in names:
            self.feature_map.addItem(name, name)
        self.feature_map.setCurrentIndex(max(self.feature_map.findData(kept), 0))
        self.feature_map.blockSignals(blocked)

    def set_target(self, *, is_atom: bool) -> None:
        """Show the settings that concern atoms, or do not."""
        self._is_atom = is_atom
        self._show_settings()

    def _fill(self) -> None:
        family, bold = None, QFont(self.font())
        bold.setBold(True)
        for method, facts in METHODS.items():
            if facts.family != family:
                family = facts.family
                self.box.addItem(FAMILIES[family], "")
                self.box.model().item(self.box.count() - 1).setEnabled(False)
                self.box.setItemData(self.box.count() - 1, bold, Qt.ItemDataRole.FontRole)
            self.box.addItem(facts.title, method)
            self.box.setItemData(self.box.count() - 1, SHOWS[method], Qt.ItemDataRole.ToolTipRole)
        self.box.setMaxVisibleItems(self.box.count())
        self.choose(_DEFAULT)
        self.feature_map.addItem(_USUAL, "")

    def _lay_out(self) -> None:
        self.box.setToolTip("How to find out which pixels matter.")
        self.feature_map.setToolTip("Layer of the network; the usual one is what the method is best known for.")
        rows = form_layout()
        self._map_label = row_label("Feature map")
        rows.addRow(row_label("Method"), self.box)
        rows.addRow(self.words)
        rows.addRow(self._map_label, self.feature_map)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        layout.addWidget(self.settings)

    def _reads(self, name: str) -> bool:
        return name in METHODS[self.method].settings

    def _on_method(self, _index: int = 0) -> None:
        if self._reads("feature_map"):
            self.offer_feature_maps(())  # other methods may have other ones
        self.words.setText(SHOWS[self.method])
        self._show_settings()
        self.changed.emit()

    def _show_settings(self) -> None:
        """Show the settings that the target and the method read."""
        read = {"device", *METHODS[self.method].settings}
        read |= {"tolerance", "target_radius"} if self._is_atom else set()
        read |= {"seed"} if read & _OF_CHANCE else set()
        for name in ExplainConfig.model_fields:
            if name not in _OWN:
                self.settings.show_field(name, name in read)
        for row in (self._map_label, self.feature_map):
            row.setVisible(self._reads("feature_map"))
