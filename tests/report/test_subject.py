import numpy as np
import pandas as pd
import pytest

from analysed import bilayer, card, everything_known, origin, positions_of, table_of
from napari_strata.config import AtomsConfig
from napari_strata.errors import CalibrationError, TableError
from napari_strata.report.about_image import about_image
from napari_strata.report.subject import Known, examine
from napari_strata.types import ImageStack

STACK, TABLE = bilayer()


def with_data(data, pixel_size=0.2):
    return ImageStack(data, pixel_size, "moire")


def test_lattices_and_field_of_view_are_found():
    subject = examine(STACK, TABLE, Known())
    assert [layer.layer for layer in subject.lattices.layers] == [0, 1]
    assert subject.extent == pytest.approx((25.6, 25.6))
    assert subject.layers == (0, 1)


def test_the_table_tells_the_pixel_size_that_the_image_does_not():
    assert examine(with_data(STACK.data, None), TABLE, Known()).pixel_size == pytest.approx(0.2)


def test_another_pixel_size_than_that_of_the_table_is_refused():
    with pytest.raises(CalibrationError, match=r"0\.2 Å per pixel, and moire has 0\.21 Å"):
        examine(with_data(STACK.data, 0.21), TABLE, Known())


def test_atoms_outside_the_image_are_refused():
    with pytest.raises(TableError, match="lie outside moire, which has 64 × 128 pixels"):
        examine(with_data(STACK.data[:, :, :64]), TABLE, Known())


def test_atoms_of_an_image_of_another_size_are_refused():
    with pytest.raises(TableError, match="image of 128 × 128 pixels, and moire has 140 × 128"):
        examine(with_data(np.pad(STACK.data, ((0, 0), (0, 0), (0, 12)))), TABLE, everything_known())


def test_atoms_of_another_image_are_doubted():
    other, _ = bilayer(turns=(14.0, 49.0))
    named = examine(ImageStack(STACK.data, 0.2, "copy"), TABLE, Known())
    unlike = examine(other, TABLE, Known())
    assert examine(STACK, TABLE, Known()).doubt == examine(with_data(-STACK.data), TABLE, Known()).doubt == ""
    assert "names the image moire, and this one is copy." in named.doubt
    assert "neither brighter nor darker than elsewhere." in unlike.doubt
    for subject in (named, unlike):
        assert f"Whether these are the atoms of this image. {subject.doubt}" in about_image(subject).unknown


def test_of_several_images_that_of_the_same_name_counts():
    both = pd.concat([TABLE, table_of(positions_of((10.0,)), name="other")])
    assert len(examine(STACK, both, Known()).atoms) == len(TABLE)
    with pytest.raises(TableError, match="no atoms of third; it has those of moire, other"):
        examine(ImageStack(STACK.data, 0.2, "third"), both, Known())


def test_only_the_atoms_of_the_frame_count():
    stack = with_data(STACK.data.repeat(3, axis=0))
    both = pd.concat([TABLE, table_of(positions_of((10.0,)), frame=2)])
    assert len(examine(stack, both, Known(), frame=2).lattices.layers) == 1
    with pytest.raises(TableError, match=r"Frames that have some: 0, 2\."):
        examine(stack, both, Known(), frame=1)
    with pytest.raises(TableError, match=r"^The table has no atoms\. Locate them with a smaller"):
        examine(STACK, TABLE.iloc[:0], Known())
    with pytest.raises(TableError, match="3 frames, none is number 3"):
        examine(stack, both, Known(), frame=3)


def test_a_stack_may_hold_the_one_frame_only():
    subject = examine(STACK, TABLE.assign(frame=4), Known(), frame=4, frames=9)
    assert (subject.frame, subject.frames, subject.pixels.shape) == (4, 9, (128, 128))


def test_a_model_of_fewer_layers_than_the_table_is_refused():
    three = pd.concat([TABLE, TABLE.assign(layer=2)])
    with pytest.raises(TableError, match="layer 2, and the model my_net has 2 layers"):
        examine(STACK, three, Known(card=card()))


def test_layers_that_a_person_added_are_no_contradiction():
    added = pd.concat([TABLE.assign(edited=""), TABLE[:1].assign(layer=2, edited="added")])
    assert examine(STACK, added, everything_known()).layers == (0, 1, 2)


def test_settings_that_cannot_have_made_the_table_are_refused():
    fitted = TABLE.assign(sigma_y=0.02, sigma_x=0.02)
    with pytest.raises(TableError, match=r"has no uncertainties of positions.*refined by image"):
        examine(STACK, TABLE, Known(settings=AtomsConfig(refine="image")))
    with pytest.raises(TableError, match=r"has uncertainties of positions.*refined by centroid"):
        examine(STACK, fitted, Known(settings=AtomsConfig()))
    assert examine(STACK, fitted, Known(settings=AtomsConfig(refine="image"))).lattices is not None


def test_without_a_lattice_there_is_a_gap():
    subject = examine(STACK, TABLE[:3], Known())
    assert subject.lattices is None
    assert "No layer has a lattice" in subject.gap


def test_a_model_with_other_weights_than_the_atoms_tell_is_refused():
    other = card(weights_sha256="f" * 64)
    with pytest.raises(TableError, match=r"with the model my_net \(weights 01234567…\), and my_net has other"):
        examine(STACK, TABLE, Known(card=other, origin=origin()))


def test_settings_that_contradict_what_the_atoms_tell_are_refused():
    with pytest.raises(TableError, match=r"with other settings: min_distance 1\.2\."):
        examine(STACK, TABLE, Known(settings=AtomsConfig(), origin=origin(min_distance=1.2)))
    assert examine(STACK, TABLE, Known(settings=AtomsConfig(), origin=origin())).atoms is not None
