"""Opens files of microscopes and of HyperSpy as images, with the axes that they state."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_error, show_warning

from napari_strata.errors import StrataError
from napari_strata.io.microscope.endings import is_microscope_file
from napari_strata.io.microscope.signals import Signal, read_signals
from napari_strata.widgets.opening.signal_choice import choose_signals, is_window_open

LayerData = list[tuple[Any, ...]]
_NOTHING: LayerData = [(None,)]
"""What npe2 takes for a file that was handled and brings no layer."""


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], LayerData] | None:
    """Return a reader for a microscope's file, as npe2 asks for; only the reader opens it.

    Parameters
    ----------
    path : str or sequence of str
        File to open; several that shall become one stack are left to napari.

    Returns
    -------
    callable or None
        None for what has another ending.
    """
    if not isinstance(path, str) or not is_microscope_file(Path(path)):
        return None
    return lambda _path: _read(Path(path))


def _read(path: Path) -> LayerData:
    try:
        signals, said = read_signals(path)
    except StrataError as error:
        if not is_window_open():
            raise
        show_error(str(error))  # napari would only say that the plugin failed
        return _NOTHING
    for text in said:
        show_warning(f"{path.name}: {text}.")
    chosen = choose_signals(signals, path.name)
    return [_layer_data(signal, path, alone=len(signals) == 1) for signal in chosen] or _NOTHING


def _layer_data(signal: Signal, path: Path, *, alone: bool) -> tuple[Any, dict[str, Any], str]:
    settings = {
        "name": path.stem if alone else f"{path.stem} {signal.name}",
        "rgb": False,
        "scale": tuple(axis.scale for axis in signal.axes),
        "translate": tuple(axis.offset for axis in signal.axes),
        "units": tuple(axis.unit for axis in signal.axes),
        "axis_labels": _labels(signal),
    }
    return signal.data, settings, "image"


def _labels(signal: Signal) -> tuple[str, ...]:
    """Return the names of the axes in the file; where one has none, what it is to this plugin."""
    leading = len(signal.axes) - 2
    ours = (*(("frame",) if leading == 1 else (f"axis {place}" for place in range(leading))), "y", "x")
    names = tuple(axis.name or own for axis, own in zip(signal.axes, ours, strict=True))
    return names if len(set(names)) == len(names) else ours
