"""What the settings before a training are for, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_strata.widgets.train.settings import TrainSettings


def explain(settings: "TrainSettings") -> None:
    """Give the settings their tool tips."""
    settings.image.setToolTip("The slice that is shown is predicted live; with 'My labels' it is learned from.")
    simulated, labelled = (settings.source.itemText(index) for index in range(2))
    settings.source.setToolTip(
        f"{simulated}: no labels needed; the crystal is simulated while the network trains.\n"
        f"{labelled}: learn from what was painted, or from the atoms that were clicked, in the Label dock."
    )
    settings.layers.setToolTip("Number of overlapping crystal layers.")
    settings.without_model.setToolTip(
        "Learn from what was painted, imported or corrected; where a network's mask was left as it was, count "
        "nothing."
    )
    settings.name.setToolTip(
        "Under this name the model is offered in the Predict dock; a number follows it where it is taken."
    )
    for choice in settings.labels:
        choice.setToolTip("Painted labels of this layer, or its atoms; unpainted pixels are ignored.")
