"""Every claim of the text stands and falls with what it says."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysed import bilayer, card, everything_known, origin
from napari_strata.config import ModelConfig, ReportConfig
from napari_strata.config.card import Seen
from napari_strata.io.calibration import CalibrationSource
from napari_strata.report.methods import Methods, write_methods
from napari_strata.report.references import REFERENCES, number_citations
from napari_strata.report.subject import Known, examine
from napari_strata.types import ImageStack

STACK, TABLE = bilayer()
VERSIONS = {"napari-strata": "0.1.0", "numpy": "2.0.0"}
SEEN = Seen(window=64, spacing=(10, 12), order=(1, 2), noise=(0.1, 0.5), skewness=(0, 1))


def methods(known=None, atoms=TABLE, stack=STACK, config=None, **options) -> Methods:
    known = everything_known() if known is None else known
    return write_methods(examine(stack, atoms, known, **options), config or ReportConfig(), VERSIONS)


def known_and_unknown(text: str) -> tuple[str, str]:
    known, _, unknown = text.partition("Not known")
    return known, unknown


@pytest.fixture(scope="module")
def whole() -> str:
    return methods().text


@pytest.fixture(scope="module")
def bare() -> tuple[str, str]:
    return known_and_unknown(methods(Known(), stack=ImageStack(STACK.data, None, "moire")).text)


def test_the_image_has_its_size_and_who_says_so(whole):
    assert "“moire” has 128 × 128 pixels of 0.2 Å, as the header of its file states" in whole
    assert "25.6 Å × 25.6 Å" in whole


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (CalibrationSource.TYPED, "as stated by the operator"),
        (CalibrationSource.LAYER, "as the image layer in napari"),
    ],
)
def test_each_source_of_a_pixel_size_has_its_words(source, words):
    assert words in methods(everything_known(source=source)).text


def test_a_model_of_two_trainings_is_told_with_both():
    figures = {"step": 600, "seconds": 488.0, "first_step": 5800, "first_seconds": 3968.3}
    twice = card(trained_on="graphene; started from net-first", figures=figures)
    text = methods(everything_known(card=twice)).text
    assert (
        "trained on graphene; started from net-first; its weights are those after 600 steps and 8.1 minutes"
        in text
    )
    assert (
        "8.1 minutes that went on from the weights after 5,800 steps and 66.1 minutes of a first training" in text
    )


def test_the_model_is_told_from_its_card(whole):
    assert "“my_net” (SHA-256 of its weights 0123456789ab…), a Gomb-Net [1] with one decoder for each of" in whole
    assert "trained on simulated graphene, 2 layers; its weights are those after 542 steps and 4.0 min" in whole
    assert "a Dice coefficient of 0.815 at its own validation" in whole
    assert "(Python 3.11.7, napari-strata 0.0.9 and PyTorch 2.4.0)" in whole


def test_settings_that_are_known_are_told(whole):
    assert "of at least 0.4 and no closer than 0.9 Å" in whole
    assert "centroid of the probability within 0.5 Å" in whole
    assert "fit of Gaussian peaks" not in whole


def test_the_distance_that_species_keep_is_told_beside_the_least_one(whole):
    assert "no closer than 0.9 Å, or than 0.55 of the usual distance of atoms of their species" in whole


def test_atoms_are_counted_by_layer_and_species(whole):
    in_layer = [int((TABLE["layer"] == layer).sum()) for layer in (0, 1)]
    assert f"There are {in_layer[0]} atoms in layer 0 (all C) and {in_layer[1]} atoms in layer 1 (all C)." in whole


def test_several_species_are_counted_apart():
    mixed = TABLE.assign(species=["B" if i < 5 else "N" for i in range(len(TABLE))])
    assert re.search(r"atoms in layer 0 \(\d+ N and 5 B\)", methods(atoms=mixed).text)


def test_lattice_constants_and_twist_are_right_within_what_is_stated(whole):
    for layer in (0, 1):
        a, sigma = map(float, re.search(rf"a = (2\.4\d+) ± (0\.0\d+) Å in layer {layer}", whole).groups())
        assert abs(a - 2.46) < 5 * sigma
    twist, sigma = map(float, re.search(r"twist of layers 0 and 1 is ([\d.]+) ± ([\d.]+)°", whole).groups())
    assert abs(twist - 28.9) < 5 * sigma
    assert "known modulo 60° and folded to 0° to 30°" in whole


def test_the_field_states_its_freedom_or_that_there_is_none(whole):
    assert re.search(r"degrees of freedom, was fitted|none did better on held-out atoms than none at all", whole)


def test_what_is_not_known_is_listed_and_not_claimed(bare):
    known, unknown = bare
    assert "of 0.2 Å, a field of view" in known
    for claim in ("model", "Gomb-Net", "decoder", "probability of an atom", "flagged", "by hand", "expected"):
        assert claim not in known
    for gap in (
        "Where the pixel size comes",
        "Which model located",
        "With which settings",
        "What the sample is",
    ):
        assert gap in unknown


def test_only_what_is_mentioned_is_cited(whole, bare):
    assert "arXiv:2502.09791" in whole
    assert "2502.09791" not in bare[0]
    assert "[1] The napari-strata developers" in bare[0]


@pytest.mark.parametrize(
    ("architecture", "words"),
    [("unet", "a U-Net [1]"), ("resnet-unet", "a U-Net [1] on a ResNet [2] of MONAI [3]")],
)
def test_each_network_cites_its_authors(architecture, words):
    one_layer = TABLE[TABLE["layer"] == 0]
    model = ModelConfig(architecture=architecture, layers=1)
    text = methods(everything_known(card=card(model=model)), atoms=one_layer).text
    assert f"), {words}, which sees" in text
    assert "Gomb-Net" not in text


def test_an_ensemble_says_so():
    assert (
        "an ensemble of 5 networks whose probabilities are averaged"
        in methods(everything_known(card=card(members=5))).text
    )


def test_a_card_without_scores_claims_none():
    text = methods(everything_known(card=card(figures={"validation_dice": None}))).text
    known, unknown = known_and_unknown(text)
    assert "Dice" not in known
    assert "How well the model does on held-out data" in unknown


def test_an_unfamiliar_image_is_said_to_be_one():
    doubt = "moire is outside what the model my_net has seen, because it is noisier."
    unfamiliar = methods(everything_known(card=card(seen=SEEN), doubts=doubt)).text
    familiar = methods(everything_known(card=card(seen=SEEN), doubts="")).text
    assert doubt in unfamiliar
    assert "are within the ranges" not in unfamiliar
    assert "does not tell whether it knows this crystal" in familiar


def test_flags_are_counted_in_words():
    flags = ["border", "border crowded", *[""] * (len(TABLE) - 2)]
    text = methods(atoms=TABLE.assign(flag=flags)).text
    assert "2 are cut by the border of the image and 1 overlaps others so much" in text
    assert "only those at the border are left out of what follows" in text
    assert "2 atoms were left out of lattices and maps, as the border of the image cuts them." in text
    assert "No atom is flagged" in methods(atoms=TABLE.assign(flag="")).text


def test_edits_are_told_with_what_they_leave_open():
    edited = TABLE.assign(edited=["added", "moved", "moved", *[""] * (len(TABLE) - 3)])
    known, unknown = known_and_unknown(methods(atoms=edited).text)
    assert "By hand, atoms were edited: 2 moved and 1 added." in known
    assert "How many atoms were deleted by hand" in unknown


def test_fitted_positions_state_their_uncertainty_and_what_they_were_fitted_to():
    fitted = TABLE.assign(sigma_y=0.02, sigma_x=0.04)
    text = methods(everything_known(origin=origin(refine="image")), atoms=fitted).text
    assert "median standard uncertainty of a position is 0.03 Å" in text
    assert "fit to the image, of all atoms of all layers together" in text
    assert "independently, as stated for each of them" in text


def test_the_shape_of_fitted_peaks_is_told():
    fitted = TABLE.assign(sigma_y=0.02, sigma_x=0.04)
    for peaks, words in (
        ("round", "together: Gaussian peaks"),
        ("elliptical", "together: elliptical Gaussian peaks"),
    ):
        settings = origin(refine="image", peaks=peaks)
        assert words in methods(everything_known(origin=settings), atoms=fitted).text


def test_fits_of_which_nobody_told_what_they_were_fitted_to_leave_that_open():
    fitted = TABLE.assign(sigma_y=0.02, sigma_x=0.02)
    known, unknown = known_and_unknown(methods(everything_known(origin=None), atoms=fitted).text)
    assert "Gaussian" not in known
    assert "Whether positions were fitted to the image or to the probability maps." in unknown


def test_one_layer_claims_neither_twist_nor_distortion_of_the_scan():
    known, unknown = known_and_unknown(methods(Known(), atoms=TABLE[TABLE["layer"] == 0]).text)
    assert "twist" not in known
    assert "affine" not in known
    assert "there is no twist" in unknown


def test_layers_that_do_not_share_a_distortion_are_said_to_differ():
    stretched = TABLE.copy()
    stretched.loc[stretched["layer"] == 1, ["y_A", "y_px"]] *= 0.98
    text = methods(atoms=stretched).text
    assert "the layers differ by more than their uncertainties explain" in text
    assert "times as large would make them agree" in text


def test_without_a_lattice_the_text_has_none():
    known, unknown = known_and_unknown(methods(atoms=TABLE[:3]).text)
    assert "lattice" not in known.lower().replace("napari", "")
    assert "No layer has a lattice" in unknown


def test_a_crystal_that_is_stated_gives_the_expected_bond():
    assert "expected in graphene is 1.42 Å" in methods(config=ReportConfig(crystal="graphene")).text
    known, unknown = known_and_unknown(methods(config=ReportConfig(crystal="WS2")).text)
    assert "expected" not in known
    assert "no column of WS2 bears a located species" in unknown


def test_a_frame_of_a_stack_is_named():
    stack = ImageStack(STACK.data.repeat(3, axis=0), 0.2, "moire")
    assert (
        "Frame 2 (of 3, counted from 0) of the image"
        in methods(atoms=TABLE.assign(frame=2), stack=stack, frame=2).text
    )


def test_markdown_keeps_names_as_they_are():
    text = methods(everything_known(card=card(name="my_net*2_"))).markdown
    assert r"“my\_net\*2\_”" in text
    assert "](https://arxiv.org/abs/2502.09791)" in text
    assert text.startswith("## Methods\n")


@given(st.lists(st.lists(st.sampled_from(list(REFERENCES)), max_size=4), max_size=4))
def test_citations_are_numbered_in_the_order_in_which_they_come(cited):
    texts = [" ".join(f"see {{{key}}}" for key in keys) for keys in cited]
    numbered, references = number_citations(texts)
    found = [int(n) for text in numbered for n in re.findall(r"\[(\d+)\]", text)]
    flat = [key for keys in cited for key in keys]
    assert [references[n - 1] for n in found] == [REFERENCES[key] for key in flat]
    assert list(dict.fromkeys(found)) == list(range(1, len(references) + 1))


def test_uncertainties_that_neighbours_enlarge_say_by_how_much():
    """Each layer is moved by itself in waves that no shared field can follow."""
    waved = TABLE.copy()
    shift = 0.08 * np.sin(2 * np.pi * waved["x_A"] / 6) * np.where(waved["layer"] == 0, 1, -1)
    waved["y_A"] += shift
    waved["y_px"] += shift / 0.2
    subject = examine(STACK, waved, Known())
    text = write_methods(subject, ReportConfig(), VERSIONS).text
    factor = float(re.search(r"enlarged by a factor of ([\d.]+)", text).group(1))
    assert factor == pytest.approx(subject.lattices.field.variance_ratio**0.5, rel=1e-3)
    assert factor > 1.1
    assert "errors in common the uncertainties are too small" not in text


def test_a_model_that_is_not_at_hand_is_named_as_the_atoms_tell():
    known, unknown = known_and_unknown(methods(everything_known(card=None)).text)
    assert "located with the model “my_net” (SHA-256 of its weights 0123456789ab…)" in known
    assert "what it was trained on: the model is not at hand" in unknown
    assert "no closer than 0.9 Å" in known
