"""Measure the experimental image of twisted bilayer graphene from located atoms, and renew its page.

``python -m docs.plot_real_image ATOMS.csv --model MODEL --commit HASH``: writes the pictures, the numbers and the
table of them. No pixel of the image goes into any of these: it is not ours to publish.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.jobs import result_of
from benchmarks.real_image import IMAGE
from napari_strata.config import AtomsConfig, ReportConfig
from napari_strata.control import JobControl
from napari_strata.io.atom_tables import read_atoms
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.io.images import ImageFile, read_image
from napari_strata.jobs.fit_lattice import fit_lattice, plain_figures
from napari_strata.numbers import plain, uncertain
from napari_strata.report.axes import FONT, letter, small_text
from napari_strata.report.distances import layer_bonds
from napari_strata.report.figure import INCH, WIDTH, spacing_of, whole_field
from napari_strata.report.mapped import SYMBOLS, measure_maps
from napari_strata.report.panels import DOT, draw_atoms, draw_distances, draw_map
from napari_strata.report.subject import Known, Subject, examine

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "images"
NUMBERS = DOCS / "explanation" / "real-image.json"
WORDS = DOCS / "explanation" / "real-image.inc"
BOND = 2.46 / 3**0.5
"""Bond of graphene [Å]."""
DPI = 150
STRAINS = ("exx", "eyy", "exy")


def main() -> None:
    """Read what the command line names, and write the page's parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("atoms", type=Path, help="table of the image's atoms")
    parser.add_argument("--model", type=Path, required=True, help="the model that located them")
    parser.add_argument("--commit", required=True, help="commit of this project that trained it")
    parser.add_argument("--refine", default="centroid", choices=["centroid", "probability", "image"])
    parser.add_argument("--image", type=Path, default=IMAGE, help="the image; for its size and Fourier transform")
    given = parser.parse_args()
    file, atoms = read_image(given.image), read_atoms(given.atoms)
    known = Known(file.calibration.source, read_card(find_bundle(given.model)), AtomsConfig(refine=given.refine))
    subject = examine(file.stack, atoms, known)
    numbers = measure(subject, file, commit=given.commit)
    NUMBERS.write_text(json.dumps(plain_figures(numbers), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    WORDS.write_text(in_words(numbers), encoding="utf-8")
    for name, figure in draw(subject):
        figure.savefig(PICTURES / f"real-image-{name}.png", dpi=DPI, metadata={"Software": None})


def measure(subject: Subject, file: ImageFile, *, commit: str) -> dict[str, Any]:
    """Return everything that the page says in numbers."""
    assert subject.known.card is not None and subject.known.settings is not None, "main names both"
    card = subject.known.card
    fitted = result_of(fit_lattice(JobControl(), subject.atoms, images=[file.stack])).figures["frames"][0]
    for layer in fitted["fourier"]["layers"]:
        del layer["spots"]  # they are more of the image than a page needs
    return {
        "model": card.name,
        "weights_sha256": card.weights_sha256,
        "trained_on": card.trained_on,
        "trained_steps": card.figures.get("step"),
        "trained_seconds": card.figures.get("seconds"),
        "refine": subject.known.settings.refine,
        "commit": commit,
        "measured_at_commit": _commit(),
        "pixel_size_A": subject.pixel_size,
        "shape": list(subject.pixels.shape),
        "interior": interior_counts(subject, fitted["fourier"]),
        **fitted,
    }


def interior_counts(subject: Subject, fourier: Mapping[str, Any]) -> dict[str, Any]:
    """Count the atoms farther than half a bond from the border, and how many the area should hold.

    The cell's area comes from the Fourier transform, so it does not depend on the atoms.
    """
    margin = BOND / 2
    (top, left), (bottom, right) = whole_field(subject)
    atoms = subject.atoms
    inside = atoms["y_A"].between(top + margin, bottom - margin) & atoms["x_A"].between(
        left + margin, right - margin
    )
    area = float(np.mean([layer["cell_area_A2"] for layer in fourier["layers"]]))
    return {
        "margin_A": margin,
        "cell_area_A2": area,
        "expected_atoms": 2 * (bottom - top - 2 * margin) * (right - left - 2 * margin) / area,
        "atoms": {str(layer): int(inside[atoms["layer"] == layer].sum()) for layer in subject.layers},
    }


def in_words(numbers: Mapping[str, Any]) -> str:
    """Write what is included into the page: where the numbers come from, and a table of them."""
    minutes = numbers["trained_seconds"] / 60
    rows = [("", "layer 0", "layer 1", "wanted"), ("---",) * 4, *_rows(numbers)]
    return "\n".join(
        [
            "<!-- Written by docs/plot_real_image.py; change that, not this. -->",
            "",
            f"Atoms from the model *{numbers['model']}* (SHA-256 of its weights"
            f" `{numbers['weights_sha256'][:12]}`…), trained on {numbers['trained_on']} for {minutes:.1f} minutes"
            f" ({numbers['trained_steps']} steps); positions refined by *{numbers['refine']}*. Trained with"
            f" commit `{numbers['commit']}`, located and measured with commit `{numbers['measured_at_commit']}`.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
        ]
    )


def draw(subject: Subject) -> Iterator[tuple[str, Figure]]:
    """Draw positions, distances and strain."""
    assert subject.lattices is not None, "this image has lattices"
    yield "positions", _positions(subject)
    figure = Figure(figsize=(0.6 * WIDTH["two"] / INCH, 2.8), layout="constrained")
    draw_distances(figure.subplots(), layer_bonds(subject.lattices), BOND)
    yield "distances", figure
    yield "strain", _strain(subject)


def _positions(subject: Subject) -> Figure:
    width = WIDTH["two"] / INCH
    figure = Figure(figsize=(width, width / 2 + 0.2), layout="constrained")
    for axes, layer in zip(figure.subplots(1, 2), subject.layers, strict=True):
        rows = subject.atoms[subject.atoms["layer"] == layer]
        draw_atoms(axes, rows, whole_field(subject), diameter=0.6 * spacing_of(subject), filled=True)
    return figure


def _strain(subject: Subject) -> Figure:
    assert subject.lattices is not None, "this image has lattices"
    width, box, size = WIDTH["two"] / INCH, whole_field(subject), DOT * spacing_of(subject)
    figure = Figure(figsize=(width, 0.68 * width), layout="constrained")
    grid = figure.subplots(2, len(STRAINS))
    maps = [measure_maps(subject.lattices, ReportConfig(quantity=one)) for one in STRAINS]
    end = max(one.limits[1] for one in maps)
    for column, one in enumerate(maps):
        for axes, layer in zip(grid[:, column], one.layers, strict=True):
            drawn = draw_map(axes, layer.positions, layer.values, box, limits=(-end, end), diameter=size)
            axes.set_title(f"layer {layer.layer}", loc="right", fontsize=FONT, pad=4)
            letter(axes, SYMBOLS[one.quantity].removeprefix("strain ").removesuffix(" [%]"))
    bar = figure.colorbar(drawn, ax=grid, extend="both", aspect=40)
    bar.set_label("strain [%]")
    small_text(bar.ax)
    return figure


def _rows(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    interior, layers = numbers["interior"], numbers["layers"]
    wanted = interior["expected_atoms"]
    counts = [f"{count} ({100 * (count / wanted - 1):+.1f} %)" for count in interior["atoms"].values()]
    margin = f"{interior['margin_A']:.2f} Å"
    yield f"atoms farther than {margin} from the border", *counts, f"{wanted:.0f} by the area ± 3 %"
    yield "all atoms", *(str(layer["atoms"]) for layer in layers), ""
    yield "coherence of bond orientations", *(f"{layer['coherence']:.3f}" for layer in layers), "≥ 0.95"
    yield "mean bond of interior atoms [Å]", *(f"{layer['bond_A']:.4f}" for layer in layers), "1.42 ± 0.015"
    shared, twist, field = numbers["shared_affine"], numbers["twists"][0], numbers["smooth_field"]
    ideal = [uncertain(layer["a_A"], layer["a_A_sigma"]) for layer in shared["layers"]]
    yield "*a* under one affine distortion [Å]", *ideal, "equal within 1 %"
    stretches = [
        uncertain(shared[name], shared[f"{name}_sigma"]) for name in ("stretch_larger", "stretch_smaller")
    ]
    yield "stretches of that distortion", ", ".join(stretches), "", "their product is 1"
    freedom = shared["degrees_of_freedom"]
    yield f"chi-square for {freedom} degrees of freedom", plain(shared["chi_square"]), "", f"about {freedom}"
    yield (
        f"twist [degrees, modulo {twist['modulo_deg']:g}]",
        uncertain(*_pair(twist, "twist_deg")),
        "",
        "28.9 ± 0.3",
    )
    before, after = (plain(field[f"median_residual_{when}_A"]) for when in ("before", "after"))
    yield "median residual of held-out atoms [Å]", before, "", ""
    yield f"with one field of {field['degrees_of_freedom']} degrees of freedom [Å]", after, "", "≤ 0.12"
    factor = plain(float(np.sqrt(field["variance_ratio"])))
    yield "factor of uncertainties, as neighbours have errors in common", factor, "", ""
    yield from _fourier_rows(numbers["fourier"])


def _fourier_rows(fourier: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if shared := fourier["shared_affine"]:
        ideal = [uncertain(layer["a_A"], layer["a_A_sigma"]) for layer in shared["layers"]]
        yield "*a* from the Fourier transform [Å]", *ideal, ""
    for twist in fourier["twists"]:
        yield "twist from the Fourier transform [degrees]", uncertain(*_pair(twist, "twist_deg")), "", ""


def _pair(figures: Mapping[str, Any], name: str) -> tuple[float, float]:
    return figures[name], figures[f"{name}_sigma"]


def _commit() -> str:
    words = ["git", "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(words, cwd=DOCS, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
