"""Draw the curves of ``python -m benchmarks sweeps --curves FILE``: ``python -m docs.plot_sweeps FILE``."""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure

IMAGE = Path(__file__).resolve().parent / "images" / "sweeps.png"
AXES = {"twist": "twist [degrees]", "dose": "dose [counts/Å²]"}


def main() -> None:
    """Draw F1 and RMSE over the twist and over the dose."""
    curves = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    figure = Figure(figsize=(8, 5), layout="constrained")
    grid = figure.subplots(2, 2, sharex="col", sharey="row")
    for column, (name, label) in enumerate(AXES.items()):
        at = [point["at"] for point in curves[name]]
        for axes, score, words in zip(grid[:, column], ("f1", "rmse"), ("F1", "RMSE [Å]"), strict=True):
            axes.plot(at, [point[score] for point in curves[name]], marker="o")
            axes.grid(alpha=0.3)
            if column == 0:
                axes.set_ylabel(words)
        grid[1, column].set_xlabel(label)
    grid[0, 0].set_ylim(0, 1.02)
    grid[1, 0].set_ylim(bottom=0)
    for axes in grid[:, 1]:
        axes.set_xscale("log")
    figure.savefig(IMAGE, dpi=150)


if __name__ == "__main__":
    main()
