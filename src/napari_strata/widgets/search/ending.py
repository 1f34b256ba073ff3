"""How a search ended, in words."""

from napari_strata.events import JobEnded
from napari_strata.widgets.parts.notify import in_words
from napari_strata.widgets.parts.setting_names import setting_name

_ENDED_BY = {"trials": "All trials are done", "time limit": "The time is over", "stop": "Stopped"}


def ending_words(ended: JobEnded) -> str:
    """Say how a search ended, which trial is the best, and what matters most."""
    if ended.error is not None:
        return in_words(ended.error)
    if ended.result is None:
        return "Stopped before the first trial had a score; there is no model."
    figures = ended.result.figures
    how = _ENDED_BY.get(figures["ended_by"], "Finished")
    if figures.get("best_trial") is None:
        return f"{how}; no trial came to a score."
    lines = [f"{how}. Best: trial {figures['best_trial']}, {figures['score']:.4f}."]
    if figures["importances"]:
        name, share = next(iter(figures["importances"].items()))
        lines.append(f"What matters most: {setting_name(name)} ({share:.0%}).")
    return "\n".join(lines)
