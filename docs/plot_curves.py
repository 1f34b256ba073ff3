"""Draw the curves of ``python -m benchmarks time_to_iou --curves FILE``: ``python -m docs.plot_curves FILE``."""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.time_to_iou import PUBLISHED_IOU

IMAGE = Path(__file__).resolve().parent / "images" / "time-to-iou.png"
WORDS = {"ours": "this package, from scratch", "published": "the published training"}


def main() -> None:
    """Draw both curves and the IoU that was published."""
    curves = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        seconds, ious = zip(*points, strict=True)
        axes.plot([s / 60 for s in seconds], ious, marker="o", label=WORDS[name])
    axes.axhline(PUBLISHED_IOU, color="grey", linestyle="--", label=f"published: {PUBLISHED_IOU}")
    axes.set(xlabel="training time [min]", ylabel="IoU", ylim=(0, 1))
    axes.legend(loc="lower right")
    figure.savefig(IMAGE, dpi=150)


if __name__ == "__main__":
    main()
