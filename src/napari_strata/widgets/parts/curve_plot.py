"""pyqtgraph's plots in the colours of napari's theme; they are imported where one is made, which takes a while."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.utils.theme import Theme

COLOURS = ("#8aa0ff", "#ffb05c", "#6ee787", "#ff7a9a", "#5fd8e8", "#d9a5ff", "#e6d35c", "#b0b8c0")
"""Of curves, in the order of the rows that they belong to."""


def themed_plot(theme: "Theme", **settings: Any) -> Any:
    """Return an empty `pyqtgraph.PlotWidget` with plain axes.

    Parameters
    ----------
    theme : Theme
        Whose colours to wear.
    **settings
        Of the plot.
    """
    import pyqtgraph as pg

    plot = pg.PlotWidget(background=theme.background.as_hex(), **settings)
    plot.hideButtons()
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.secondary.as_hex())
        axis.setTextPen(theme.text.as_hex())
        axis.enableAutoSIPrefix(False)
    return plot


def curve_plot(theme: "Theme", **labels: str) -> Any:
    """Return an empty plot for curves, without a menu, its axes labelled by side."""
    plot = themed_plot(theme)
    plot.setMenuEnabled(False)
    plot.showGrid(y=True, alpha=0.2)
    for side, label in labels.items():
        plot.setLabel(side, label, color=theme.text.as_hex())
    return plot
