"""The layers of an experimental image of twisted bilayer graphene, as a model sees them.

What is known about the image: about 1143 atoms per layer in the field of view, a twist of 28.9 degrees, and bonds
of 1.42 Å. The pilot's figures are those after 45 minutes of training.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of

IMAGE = Path(__file__).parents[2] / "shared" / "data" / "twisted_bilayer_graphene.npz"
"""Where the image is looked for; its licence is not stated, so it is no part of this project."""
LAYERS = 2
ATOMS = 1143
PILOT_ATOMS = (1161, 1159)
PILOT_COHERENCE = (0.951, 0.961)
PILOT_BOND = (1.420, 1.417)
PILOT_TWIST = 28.92


def measure(model: Path, *, image: Path = IMAGE) -> Iterator[Figure]:
    """Measure atoms, coherence and bonds of each layer, and the twist."""
    if not image.is_file():
        where = "in ../shared/data beside this checkout; name it with --image"
        yield Figure("real_image: skipped", f"there is no {image.name} {where}")
        return
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.io.images import read_image
    from napari_strata.jobs.locate_atoms import locate_atoms
    from napari_strata.lattice.order import describe_layers

    stack = read_image(image).stack
    found = result_of(locate_atoms(JobControl(), model, [stack], InferenceConfig(), AtomsConfig())).value
    lattice, device = describe_layers(found.table), computing_device()
    if len(lattice.layers) != LAYERS:
        yield Figure("real_image: layers with atoms", len(lattice.layers), "", str(LAYERS), device=device)
        return
    low, high = round(0.94 * ATOMS), round(1.06 * ATOMS)
    for i, layer in enumerate(lattice.layers):
        for what, value, unit, target, pilot in (
            ("atoms", layer.atoms, "", f"{low} to {high}", PILOT_ATOMS[i]),
            ("coherence", layer.coherence, "", ">= 0.9", PILOT_COHERENCE[i]),
            ("mean bond", layer.bond_length, "Å", "1.42 ± 0.03", PILOT_BOND[i]),
        ):
            yield Figure(f"real_image: {what}, layer {layer.layer}", value, unit, target, {"pilot": pilot}, device)
    twist = lattice.twists[0]
    yield Figure("real_image: twist", twist, "degrees", "28.9 ± 0.6", {"pilot": PILOT_TWIST}, device)
