"""``python -m benchmarks [PART ...]``: print the figures of all parts, or of those named, as JSON lines."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figure import Figure

Part = Callable[[argparse.Namespace], Iterator[Figure]]


def main() -> int:
    """Run the parts; return the exit code."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        arguments.out = arguments.out or Path(folder) / "run"
        arguments.model = arguments.model or arguments.out
        for name in arguments.parts:
            for figure in PARTS[name](arguments):
                print(figure.as_json(), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    from benchmarks.bundled import GRAPHENE
    from benchmarks.real_image import IMAGE
    from napari_strata.io.bundled import FOLDER

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print figures as JSON lines.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: {' '.join(DEFAULT)}"
    )
    scoring = ", ".join(SCORING)
    parser.add_argument(
        "--model",
        type=Path,
        help=f"model or run folder for {scoring} (default: what training leaves), lattice, sweeps and"
        f" uncertainties (default: {GRAPHENE})",
    )
    parser.add_argument("--image", type=Path, help="the experimental image (default: where RESULTS.md says)")
    parser.add_argument("--images", type=int, default=100, help="bilayers that dice makes (default %(default)s)")
    parser.add_argument("--atoms", type=int, default=6, help="atoms that occlusion covers (default %(default)s)")
    parser.add_argument("--minutes", type=float, help="time limit of training (default: the recipe's)")
    parser.add_argument("--repeats", type=int, default=1, help="trainings, with seeds 0, 1, ... (default 1)")
    parser.add_argument("--out", type=Path, help="folder in which training leaves its run (default: none is left)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="time for which gui_stall, engines train (default %(default)s)",
    )
    parser.add_argument(
        "--curves", type=Path, help="file that gets the curves of time_to_iou or of sweeps (default: none)"
    )
    arguments = parser.parse_args()
    arguments.parts = arguments.parts or list(DEFAULT)
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    if arguments.model is None and any(part in SCORING for part in _before_training(arguments.parts)):
        parser.error(f"{scoring} need --model, or training before them")
    if arguments.image is not None and not arguments.image.is_file():
        parser.error(f"there is no file {arguments.image}")
    arguments.image = arguments.image or IMAGE
    arguments.bundled = arguments.model or FOLDER / GRAPHENE
    return arguments


def _before_training(parts: list[str]) -> list[str]:
    return parts[: parts.index("training")] if "training" in parts else parts


def _import_time(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.import_time import measure

    return measure()


def _training(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.training import measure

    return measure(
        arguments.out,
        minutes=arguments.minutes,
        images=arguments.images,
        image=arguments.image,
        repeats=arguments.repeats,
    )


def _real_image(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.real_image import measure

    return measure(arguments.model, image=arguments.image)


def _lattice(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.lattice import measure

    return measure(arguments.bundled, image=arguments.image)


def _dice(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.dice import measure

    return measure(arguments.model, images=arguments.images)


def _bundled(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.bundled import measure

    return measure()


def _randomisation(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.randomisation import measure

    return measure()


def _sweeps(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.sweeps import measure

    return measure(arguments.bundled, curves=arguments.curves)


def _occlusion(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.occlusion import measure

    return measure(arguments.model, image=arguments.image, atoms=arguments.atoms)


def _probe(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.probe import measure

    return measure(arguments.bundled)


def _explain_cost(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.explain_cost import measure

    return measure(arguments.bundled)


def _explain_stop(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.explain_stop import measure

    return measure(arguments.bundled)


def _by_hand(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.by_hand import measure

    return measure()


def _gui_stall(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.gui_stall import measure

    return measure(arguments.seconds)


def _first_atoms(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.first_atoms import measure

    return measure(image=arguments.image)


def _dichalcogenides(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.dichalcogenides import measure

    return measure()


def _label_import(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.label_import import measure

    return measure()


def _throughput(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.throughput import measure

    return measure()


def _time_to_iou(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.time_to_iou import measure

    return measure(minutes=arguments.minutes or 10, images=arguments.images, curves=arguments.curves)


def _feeding(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.feeding import measure

    return measure()


def _footprint(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.footprint import measure

    return measure()


def _journal(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.journal import measure

    return measure()


def _hostile_files(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.hostile_files import measure

    return measure()


def _engines(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.engines import measure

    return measure(arguments.seconds)


def _positions(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.positions import measure

    return measure()


def _columns(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.columns import measure

    return measure()


def _vacancies(_arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.vacancies import measure

    return measure()


def _uncertainties(arguments: argparse.Namespace) -> Iterator[Figure]:
    from benchmarks.uncertainties import measure

    return measure(arguments.bundled)


PARTS: dict[str, Part] = {
    "import_time": _import_time,
    "training": _training,
    "real_image": _real_image,
    "lattice": _lattice,
    "dice": _dice,
    "bundled": _bundled,
    "columns": _columns,
    "vacancies": _vacancies,
    "dichalcogenides": _dichalcogenides,
    "sweeps": _sweeps,
    "occlusion": _occlusion,
    "randomisation": _randomisation,
    "probe": _probe,
    "by_hand": _by_hand,
    "explain_cost": _explain_cost,
    "explain_stop": _explain_stop,
    "first_atoms": _first_atoms,
    "gui_stall": _gui_stall,
    "engines": _engines,
    "footprint": _footprint,
    "throughput": _throughput,
    "feeding": _feeding,
    "time_to_iou": _time_to_iou,
    "journal": _journal,
    "label_import": _label_import,
    "hostile_files": _hostile_files,
    "positions": _positions,
    "uncertainties": _uncertainties,
}
DEFAULT = tuple(part for part in PARTS if part not in ("real_image", "dice"))
"""What runs without arguments; training scores its model as real_image and dice do."""
SCORING = ("real_image", "dice", "occlusion")
"""What needs a trained model."""


if __name__ == "__main__":
    raise SystemExit(main())
