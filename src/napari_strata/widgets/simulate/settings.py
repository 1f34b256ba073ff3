"""The settings of the simulation: what is changed most often first, all the rest folded away."""

from qtpy.QtCore import QObject, Signal

from napari_strata.config import SimulationConfig
from napari_strata.widgets.parts.form import ConfigForm

FACE = ("material", "layers", "twist", "dose")


class SimulationSettings(QObject):
    """Two forms of one settings model, for two places of a dock.

    Parameters
    ----------
    parent : QObject
        What they belong to.
    """

    changed = Signal()
    """Emitted when any field changes."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        others = [name for name in SimulationConfig.model_fields if name not in FACE]
        self.face = ConfigForm(SimulationConfig, FACE)
        self.rest = ConfigForm(SimulationConfig, others, advanced_title="Advanced: simulation")
        for form in (self.face, self.rest):
            form.changed.connect(self.changed)
        self.rest.changed.connect(self._on_rest)

    def _on_rest(self) -> None:
        """Let a material be chosen only where it is what is drawn."""
        crystal = self.rest.editor("crystal")
        assert isinstance(crystal, ConfigForm), "it is a section"
        is_drawn = crystal.value("cif") is None and not crystal.value("any_of")
        self.face.editor("material").setEnabled(is_drawn)

    def values(self) -> SimulationConfig:
        """Return the validated settings.

        Raises
        ------
        ConfigError
            Naming each field that cannot be as it is.
        """
        return self.rest.values(**{name: self.face.value(name) for name in FACE})

    def set_values(self, config: SimulationConfig) -> None:
        """Show given settings."""
        self.face.set_values(config)
        self.rest.set_values(config)
