"""``python -m benchmarks [PART ...]``: print the figures of all parts, or of those named, as JSON lines."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figure import Figure

Part = Callable[[argparse.Namespace], Iterator[Figure]]


def main() -> int:
    """Run the parts; return the exit code."""
    arguments = _arguments()
    for name in arguments.parts or DEFAULT:
        for figure in PARTS[name](arguments):
            print(figure.as_json(), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print figures as JSON lines.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: {' '.join(DEFAULT)}"
    )
    parser.add_argument("--model", type=Path, help="model or run folder that real_image and dice score")
    parser.add_argument("--images", type=int, default=100, help="bilayers that dice makes (default %(default)s)")
    parser.add_argument("--minutes", type=float, help="time limit of training (default: the recipe's)")
    parser.add_argument("--out", type=Path, help="folder in which training leaves its run (default: none is left)")
    parser.add_argument(
        "--seconds", type=float, default=60, help="time for which gui_stall trains (default %(default)s)"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    if arguments.model is None and {"real_image", "dice"} & set(arguments.parts):
        parser.error("real_image and dice need --model; training makes one and scores it")
    return arguments


def _import_time(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.import_time import measure

    return measure()


def _training(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.training import measure

    return measure(minutes=arguments.minutes, images=arguments.images, out=arguments.out)


def _real_image(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.real_image import measure

    return measure(arguments.model)


def _dice(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.dice import measure

    return measure(arguments.model, images=arguments.images)


def _gui_stall(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.gui_stall import measure

    return measure(arguments.seconds)


PARTS: dict[str, Part] = {
    "import_time": _import_time,
    "training": _training,
    "real_image": _real_image,
    "dice": _dice,
    "gui_stall": _gui_stall,
}
DEFAULT = ("import_time", "training", "gui_stall")
"""What runs without arguments; training scores its model as real_image and dice do."""


if __name__ == "__main__":
    raise SystemExit(main())
