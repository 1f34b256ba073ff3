import threading

import numpy as np
import pandas as pd
import pytest

from bright_network import save_bright
from honeycomb import distances, footprints, honeycomb, inside
from napari_strata.atoms import refined
from napari_strata.config import AtomsConfig, InferenceConfig
from napari_strata.config.atom_origin import LocatedImage
from napari_strata.config.card import Seen
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import CalibrationError, ExtraError, OutputError
from napari_strata.events import FinishReason, Progress, Warned
from napari_strata.io import bundled
from napari_strata.io.atom_tables import read_atoms, read_origin
from napari_strata.io.bundle import read_card
from napari_strata.jobs.doubt_atoms import doubts_about_atoms
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.doubt_places import doubts_about_places
from napari_strata.jobs.locate_atoms import locate_atoms
from napari_strata.types import ATOM_COLUMNS, ImageStack

INFERENCE, ATOMS = InferenceConfig(tile_size=64, device="cpu"), AtomsConfig()
EXTENT, PIXEL = 14.0, 0.1
CRYSTAL = honeycomb(EXTENT, angle=11.0, jitter=0.03)


@pytest.fixture
def model(tmp_path):
    return save_bright(tmp_path / "model", pixel_size=0.2)


def image(name="graphene", frames=1, pixel_size=PIXEL):
    return ImageStack(np.stack([footprints(CRYSTAL, EXTENT, PIXEL)] * frames), pixel_size, name)


def end(body):
    return list(body)[-1]


def test_the_atoms_of_every_frame_and_layer_are_found(model):
    ended = end(locate_atoms(JobControl(), model, [image(frames=2)], INFERENCE, ATOMS))
    assert ended.reason is FinishReason.COMPLETED
    found, truth = ended.result.value, inside(CRYSTAL, EXTENT, PIXEL)
    assert tuple(found.table.columns) == (*ATOM_COLUMNS, "flag")
    for (_frame, _layer), atoms in found.table.groupby(["frame", "layer"]):
        assert len(atoms) == pytest.approx(len(truth), abs=2)
        inner = truth[((truth > 1) & (truth < EXTENT - 1)).all(axis=1)]
        assert distances(atoms[["y_A", "x_A"]].to_numpy(), inner).max() < 0.06
    assert ended.result.figures["atoms"] == len(found.table)
    assert sum(ended.result.figures["atoms_per_layer"]) == len(found.table)
    assert found.predictions[0].probabilities.shape == (2, 2, 2, 140, 140)


def test_the_table_on_disk_is_the_table_in_memory(model, tmp_path):
    out = tmp_path / "new" / "atoms.csv"
    images = [image("a"), image("b")]
    ended = end(locate_atoms(JobControl(), model, images, INFERENCE, ATOMS, out=out))
    assert ended.result.paths == {"atoms": str(out)}
    table, written = ended.result.value.table, read_atoms(out)
    assert set(written["image"]) == {"a", "b"}
    np.testing.assert_allclose(written[["y_px", "x_A"]], table[["y_px", "x_A"]], atol=1e-6)


def test_a_missing_pixel_size_is_asked_for_even_where_the_network_needs_none(tmp_path):
    model = save_bright(tmp_path / "own", pixel_size=None)
    events = list(locate_atoms(JobControl(), model, [image(pixel_size=None)], INFERENCE, ATOMS))
    assert isinstance(events[-1].error, CalibrationError)
    assert not any(isinstance(event, Progress) for event in events)


def test_a_stop_keeps_the_atoms_of_the_images_and_frames_that_are_done(model, tmp_path):
    control = JobControl()
    for event in locate_atoms(
        control, model, [image("a"), image("b", frames=5)], INFERENCE, ATOMS, out=tmp_path / "atoms.csv"
    ):
        if isinstance(event, Progress) and "b, frame 3" in event.message:
            control.request_stop()
        last = event
    assert last.reason is FinishReason.CANCELED
    assert last.result.figures["frames"] == 3
    for table in (last.result.value.table, read_atoms(tmp_path / "atoms.csv")):
        assert set(zip(table["image"], table["frame"], strict=True)) == {("a", 0), ("b", 0), ("b", 1)}


def test_a_stop_does_not_wait_until_positions_are_refined(model, monkeypatch):
    control, release, refine = JobControl(), threading.Event(), refined.refine_atoms
    begun = []

    def never_ends_for_the_second(*given):
        begun.append(given)
        if len(begun) == 2:
            control.request_stop()
            release.wait(60)
        return refine(*given)

    monkeypatch.setattr("napari_strata.atoms.locate.refine_atoms", never_ends_for_the_second)
    small = [ImageStack(image().data[:, :40, :40], PIXEL, name) for name in "ab"]
    events = list(locate_atoms(control, model, small, INFERENCE, AtomsConfig(refine="image")))
    assert not release.is_set()
    assert events[-1].reason is FinishReason.CANCELED
    assert set(events[-1].result.value.table["image"]) == {"a"}
    said = [(one.message, one.fraction) for one in events if isinstance(one, Progress)]
    assert ("Refining the atoms of a", pytest.approx(0.1)) in said
    kept = "stopped while its atoms were refined, so nothing of it is kept."
    assert [one.message for one in events if isinstance(one, Warned)][-1] == f"b: {kept}"
    assert all(one.seconds_left is None for one in events if isinstance(one, Progress)), (
        "a fit's time is not known"
    )
    assert said[-1] == ("Refining the atoms of b", pytest.approx(0.6))

    begun[:] = [None]
    alone = end(locate_atoms(control, model, small[:1], INFERENCE, AtomsConfig(refine="image")))
    assert (alone.reason, alone.result) == (FinishReason.CANCELED, None)
    release.set()


def test_refining_moves_the_bar_and_is_over_soon_after_a_stop(model, monkeypatch):
    control, over = JobControl(), threading.Event()

    def refine_for_ever(*given):
        tell = given[-1]
        try:
            while True:
                tell(0.75)
        except JobCanceled:
            over.set()
            raise

    monkeypatch.setattr("napari_strata.atoms.locate.refine_atoms", refine_for_ever)
    small = ImageStack(image().data[:, :40, :40], PIXEL, "a")
    for event in locate_atoms(control, model, [small], INFERENCE, AtomsConfig(refine="image")):
        if isinstance(event, Progress) and event.fraction > 0.2:
            assert event == Progress(pytest.approx(0.2 + 0.8 * 0.75), "Refining the atoms of a")
            control.request_stop()
        ended = event
    assert (ended.reason, ended.result) == (FinishReason.CANCELED, None)
    assert over.wait(60)


@pytest.mark.parametrize(("name", "said"), [("", "is a folder"), ("atoms.txt", "no ending of a format of atoms")])
def test_a_file_that_is_none_of_atoms_is_refused_before_any_work(model, tmp_path, name, said):
    events = list(locate_atoms(JobControl(), model, [image()], INFERENCE, ATOMS, out=tmp_path / name))
    assert isinstance(events[-1].error, OutputError)
    assert said in events[-1].error.message
    assert not any(isinstance(event, Progress) for event in events)


def test_the_figures_count_what_was_flagged(model):
    ended = end(locate_atoms(JobControl(), model, [image()], INFERENCE, ATOMS))
    table, figures = ended.result.value.table, ended.result.figures
    positions = table[["y_A", "x_A"]].to_numpy()
    edges = np.array([-0.5, EXTENT / PIXEL - 0.5]) * PIXEL
    near = ((positions < edges[0] + 0.5) | (positions > edges[1] - 0.5)).any(axis=1)
    assert (table["flag"] == np.where(near, "border", "")).all()
    assert figures["flags"] == {"border": near.sum()}
    assert figures["species"] == {"C": len(table)}
    assert ended.result.value.candidates is None


@pytest.mark.parametrize(("refine", "is_told"), [("probability", False), ("image", True)])
def test_only_uncertainties_that_know_the_noise_are_a_figure(model, refine, is_told):
    small = ImageStack(image().data[:, :40, :40], PIXEL, "small")
    ended = end(locate_atoms(JobControl(), model, [small], INFERENCE, AtomsConfig(refine=refine)))
    assert ended.result.value.table["sigma_y"].notna().any()
    assert ("median_sigma_A" in ended.result.figures) == is_told


def test_a_missing_atom_is_proposed_where_asked_for_and_written_beside_the_table(model, tmp_path):
    gone = int(np.argmin(np.hypot(*(CRYSTAL - 7).T)))
    picture = footprints(np.delete(CRYSTAL, gone, axis=0), EXTENT, PIXEL)
    asked = AtomsConfig(candidates=True)
    stack = ImageStack(picture[None], PIXEL, "vacancy")
    ended = end(locate_atoms(JobControl(), model, [stack], INFERENCE, asked, out=tmp_path / "atoms.csv"))
    assert ended.result.paths["candidates"] == str(tmp_path / "atoms_candidates.csv")
    found = pd.read_csv(tmp_path / "atoms_candidates.csv")
    assert set(found["image"]) == {"vacancy"}
    assert found[["layer", "kind"]].to_numpy().tolist() == [[0, "missing"], [1, "missing"]]
    assert np.hypot(*(found.loc[0, ["y_px", "x_px"]] * PIXEL - CRYSTAL[gone])) < 0.15
    assert (ended.result.figures["missing"], ended.result.figures["extra"]) == (2, 0)


def test_where_empty_places_were_not_all_looked_for_their_number_is_not_told_and_no_file_written(model, tmp_path):
    control, out = JobControl(), tmp_path / "atoms.csv"
    before = out.with_name("atoms_candidates.csv")
    before.write_text("those of another run")
    images = [ImageStack(image().data[:, :100, :100], PIXEL, name) for name in "ab"]
    said = []
    for event in locate_atoms(
        control, model, images, INFERENCE, AtomsConfig(candidates=True), out=out, overwrite=True
    ):
        if isinstance(event, Progress) and event.message == "Looking for atoms that b does not show":
            assert event.fraction >= 0.5 + 0.5 * 0.7
            control.request_stop()
        said += [event.message] if isinstance(event, Warned) else []
        last = event
    assert last.reason is FinishReason.CANCELED
    assert {"missing", "extra", "empty"} & set(last.result.figures) == {"missing", "extra"}
    assert last.result.paths == {"atoms": str(out)}
    assert not before.exists()
    unknown = "Stopped before all empty places were looked for: their number is not known"
    assert f"{unknown}, and no candidates are written." in said
    assert set(read_atoms(out)["image"]) == {"a", "b"}


def test_species_are_told_apart_by_brightness_that_the_network_does_not_see(model):
    bright = np.arange(len(CRYSTAL)) % 3 == 0
    stack = ImageStack((picture_of(bright))[None], PIXEL, "alloy")
    found = end(locate_atoms(JobControl(), model, [stack], INFERENCE, AtomsConfig(species="intensity")))
    table = found.result.value.table
    species = dict(table.groupby("species").size())
    assert set(species) == {"C 1", "C 2"}
    whole = table[table["flag"] == ""]
    nearest = np.array([np.argmin(np.hypot(*(CRYSTAL - place).T)) for place in whole[["y_A", "x_A"]].to_numpy()])
    assert (whole["species"] == np.where(bright[nearest], "C 1", "C 2")).all()


def picture_of(bright):
    """Draw the crystal, some atoms with twice the brightness."""
    return footprints(CRYSTAL, EXTENT, PIXEL) + footprints(CRYSTAL[bright], EXTENT, PIXEL)


def test_an_image_that_the_model_has_not_seen_gets_its_atoms_with_a_warning(tmp_path):
    seen = Seen(window=64, spacing=(30, 31), order=(0, 3), noise=(0.001, 1), skewness=(-9, 9))
    model = save_bright(tmp_path / "model", seen=seen, pixel_size=0.2)
    events = list(locate_atoms(JobControl(), model, [image()], INFERENCE, ATOMS))
    warning, _both_layers_alike = (event.message for event in events if isinstance(event, Warned))
    assert warning.startswith("graphene is outside what the model bright has seen, because its clearest spacing")
    assert events[-1].reason is FinishReason.COMPLETED


def located(places, flag="", species="C"):
    y, x = np.concatenate(places).T
    at = {"frame": 0, "layer": np.repeat(range(len(places)), [len(one) for one in places]), "y_A": y, "x_A": x}
    return pd.DataFrame({"image": "moire", **at, "species": species, "flag": flag})


def test_atoms_on_no_lattice_are_asked_about(model):
    [said] = doubts_about_atoms(
        located([CRYSTAL, np.random.default_rng(0).uniform(0, EXTENT, CRYSTAL.shape)]), read_card(model)
    )
    assert said.message == "moire: the atoms of layer 1 lie on no regular lattice. They may be no atoms."
    assert "Is there a crystal" in said.remedy


@pytest.mark.parametrize(
    ("trained_on", "side", "is_said"),
    [
        ("simulated graphene, 2 layers; started from another", 2.4, True),
        ("simulated 11 crystals and random ones, 1 layer", 2.4, False),
        ("simulated graphene on SrTiO3-001, 2 layers", 2.4, False),
        ("strokes on graphene.tif", 2.4, False),
        ("simulated graphene, 2 layers", None, False),
    ],
    ids=["graphene", "unnamed", "no honeycomb", "strokes", "on its own crystal"],
)
def test_atoms_on_another_lattice_than_the_models_are_asked_about(model, trained_on, side, is_said):
    card = read_card(model).model_copy(update={"trained_on": trained_on, "name": "net"})
    places = CRYSTAL if side is None else np.stack(np.mgrid[1:21:side, 1:21:side], axis=-1).reshape(-1, 2)
    said = [one.message for one in doubts_about_atoms(located([places]), card)]
    why = "the atoms lie on a square lattice of 2.4 Å, and the model net learned from hexagonal ones"
    assert said == ([f"moire: {why}: graphene (2.46 Å)."] if is_said else [])
    assert not list(doubts_about_atoms(located([places[:50]]), card)), "few atoms tell no cell"


def test_atoms_that_the_image_does_not_show_are_asked_about():
    columns = np.stack(np.mgrid[2:13:2.8, 2:13:2.8], axis=-1).reshape(-1, 2)
    places = np.concatenate([columns, columns[:3] + 1.4])
    table = located([places]).assign(y_px=places[:, 0] / PIXEL, x_px=places[:, 1] / PIXEL)
    stack = ImageStack(footprints(columns, EXTENT, PIXEL)[None], PIXEL, "moire")
    [said] = doubts_about_places(table, [stack])
    assert said.message.startswith("moire: 3 of 19 atoms of layer 0 are darker than all around them")
    assert not list(doubts_about_places(table[: len(columns)], [stack]))
    assert not list(doubts_about_places(table[:-1], [stack])), "two are chance"
    inverted = ImageStack(stack.data.max() - stack.data, PIXEL, "moire")
    assert not list(doubts_about_places(table, [inverted])), "a model of dark atoms finds dark ones"
    twice = ImageStack(np.concatenate([stack.data] * 2), PIXEL, "moire")
    later = pd.concat([table[: len(columns)], table.assign(frame=1)])
    [said] = doubts_about_places(later, [twice])
    assert said.message.startswith("moire: 3 of 35 atoms of layer 0 in the 2 frames looked at are darker")


def test_no_model_is_recommended_where_no_lattice_is_seen(tmp_path):
    wide = Seen(window=64, spacing=(1, 99), order=(0, 9), noise=(0.001, 9), skewness=(-9, 9))
    save_bright(bundled.FOLDER / "fitting", seen=wide)
    narrow = save_bright(tmp_path / "model", seen=wide.model_copy(update={"skewness": (8, 9)}), pixel_size=0.2)
    noise = np.random.default_rng(0).poisson(20, (140, 140)).astype(np.float32)
    stack = ImageStack(noise[None], PIXEL, "noise")
    said = [
        one for one in locate_atoms(JobControl(), narrow, [stack], INFERENCE, ATOMS) if isinstance(one, Warned)
    ]
    assert said[0].message.startswith("noise is outside what the model bright has seen")
    assert said[0].remedy.startswith("No lattice is seen in it")


def test_a_model_of_hexagonal_crystals_is_recommended_for_hexagonal_spots_alone(tmp_path):
    wide = Seen(window=64, spacing=(1, 99), order=(0, 9), noise=(1e-9, 9), skewness=(-9, 9))
    save_bright(bundled.FOLDER / "hexagonal", seen=wide, trained_on="simulated MoS2 or WS2, 2 layers")
    save_bright(bundled.FOLDER / "any", seen=wide, layers=3)
    narrow = save_bright(tmp_path / "model", seen=wide.model_copy(update={"skewness": (8, 9)}), pixel_size=0.2)
    columns = np.stack(np.mgrid[1:14:2.8, 1:14:2.8], axis=-1).reshape(-1, 2)
    for places, named in ((CRYSTAL, "hexagonal"), (columns, "any")):
        stack = ImageStack(footprints(places, EXTENT, PIXEL)[None], PIXEL, "picture")
        [said] = doubts_about_images([stack], read_card(narrow))
        assert said.remedy == f"Built-in models that have seen such images: {named}."


def test_one_layer_that_a_model_of_two_tells_twice_is_asked_about(model):
    save_bright(bundled.FOLDER / "columns", architecture="unet", layers=1)
    [said] = doubts_about_atoms(located([CRYSTAL, CRYSTAL + 0.02]), read_card(model))
    assert said.message.startswith("moire: layers 0 and 1 lie on the same atoms. Is it one layer")
    assert said.remedy == "For one layer use a model of one layer, such as columns."
    assert not list(doubts_about_atoms(located([CRYSTAL, honeycomb(EXTENT, angle=30.0)]), read_card(model)))


def test_a_crystal_whose_species_cannot_be_told_is_asked_about(model):
    flags = np.where(np.arange(len(CRYSTAL)) % 5 < 3, "border unsure", "")
    [said] = doubts_about_atoms(located([CRYSTAL], flag=flags), read_card(model))
    told = f"the species of {(flags != '').sum()} of {len(CRYSTAL)} atoms could not be told."
    assert said.message.startswith(f"moire: {told} Is this a crystal that the model bright knows? It learned")
    some = np.where(np.arange(len(CRYSTAL)) % 5 < 2, "unsure", "")
    assert not list(doubts_about_atoms(located([CRYSTAL], flag=some), read_card(model)))


def test_the_warning_names_the_built_in_models_that_have_seen_such_images(tmp_path):
    seen = Seen(window=64, spacing=(30, 31), order=(0, 3), noise=(0.001, 1), skewness=(-9, 9))
    model = save_bright(tmp_path / "model", seen=seen, pixel_size=0.2)
    save_bright(bundled.FOLDER / "other", seen=seen, pixel_size=0.2)
    fits = seen.model_copy(update={"spacing": (1.0, 40.0), "noise": (1e-6, 1.0)})
    save_bright(bundled.FOLDER / "fitting", seen=fits, pixel_size=0.2)
    save_bright(bundled.FOLDER / "a-layer-more", seen=fits, pixel_size=0.2, layers=3)
    events = list(locate_atoms(JobControl(), model, [image()], INFERENCE, ATOMS))
    remedy, _both_layers_alike = (event.remedy for event in events if isinstance(event, Warned))
    assert remedy == (
        "Is 0.1 Å right as the pixel size? If so, built-in models that have seen such images: fitting."
    )


def test_a_format_that_cannot_be_written_is_refused_before_any_work(model, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_strata.io.atoms.parquet.find_spec", lambda _name: None)
    out = tmp_path / "atoms.parquet"
    events = list(locate_atoms(JobControl(), model, [image()], INFERENCE, ATOMS, out=out))
    assert isinstance(events[-1].error, ExtraError)
    assert not any(isinstance(event, Progress) for event in events)


def test_the_table_tells_model_settings_image_and_software(model, tmp_path):
    atoms, out = AtomsConfig(min_distance=1.3), tmp_path / "atoms.geojson"
    ended = end(locate_atoms(JobControl(), model, [image(frames=2)], INFERENCE, atoms, out=out))
    origin = read_origin(out)
    assert origin == ended.result.value.origin
    assert origin.weights_sha256 == read_card(model).weights_sha256
    assert origin.settings == atoms
    assert origin.images == (LocatedImage(name="graphene", frames=2, height=140, width=140, pixel_size=PIXEL),)
    assert {"python", "torch", "napari-strata"} <= set(origin.software)
