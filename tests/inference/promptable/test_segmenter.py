import numpy as np
import pytest
import torch

import tiny_sam
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import ImageError, LabelsError
from napari_strata.inference.promptable import segmenter as module
from napari_strata.inference.promptable.prompts import Prompts
from napari_strata.inference.promptable.segmenter import Segmenter

IMAGE = np.random.default_rng(0).random((20, 40))
CLICK = Prompts(inside=((10, 30),))


@pytest.fixture(scope="module", params=["sam", "sam2"])
def saved(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return tiny_sam.save_sam(folder) if request.param == "sam" else tiny_sam.save_sam2(folder)


@pytest.fixture
def segmenter(saved):
    return Segmenter(saved, "cpu")


@pytest.fixture
def asked(segmenter, monkeypatch):
    """Return what the network is asked, every time."""
    calls = []
    segmenter._network.register_forward_pre_hook(
        lambda _network, _args, kwargs: calls.append(kwargs), with_kwargs=True
    )
    return calls


def look(segmenter, image=IMAGE):
    return segmenter.look(image, JobControl())


@pytest.mark.parametrize(
    "prompts",
    [
        CLICK,
        Prompts(inside=((1, 2),), outside=((9, 9),)),
        Prompts(box=(1, 2, 9, 30)),
        Prompts(((3, 3),), (), (1, 2, 9, 30)),
    ],
)
def test_every_kind_of_prompt_gives_a_mask_on_the_pixels_of_the_image(segmenter, prompts):
    answer = segmenter.answer(look(segmenter), prompts)
    assert answer.mask.shape == IMAGE.shape
    assert answer.mask.dtype == bool
    assert np.isfinite(answer.score)


def test_a_click_reaches_the_network_as_x_y_in_its_square(segmenter, asked):
    segmenter.answer(look(segmenter), Prompts(inside=((0, 39),), outside=((19, 0),)))
    y, x = (1.6, 1.6) if segmenter._keeps_aspect else (3.2, 1.6)
    expected = [[39.5 * x - 0.5, 0.5 * y - 0.5], [0.5 * x - 0.5, 19.5 * y - 0.5]]
    assert np.allclose(asked[0]["input_points"][0, 0], expected)
    assert asked[0]["input_labels"].tolist() == [[[1, 0]]]


def test_a_box_reaches_the_network_as_two_corners(segmenter, asked):
    segmenter.answer(look(segmenter), Prompts(box=(-0.5, 9.5, 19.5, 39.5)))
    x = 10 * 1.6 - 0.5
    bottom = 31.5 if segmenter._keeps_aspect else 63.5
    assert np.allclose(asked[0]["input_boxes"], [[[x, -0.5, 63.5, bottom]]])


def test_the_surest_of_three_masks_is_taken_where_one_click_is_vague(segmenter, asked):
    embedding = look(segmenter)
    answer = segmenter.answer(embedding, CLICK)
    assert asked[0]["multimask_output"]
    with torch.inference_mode():
        said = segmenter._network(**asked[0])
    assert answer.score == pytest.approx(float(said.iou_scores.max()))
    segmenter.answer(embedding, Prompts(inside=((1, 2), (3, 4))))
    assert not asked[-1]["multimask_output"]


def test_the_same_slice_is_looked_at_once(segmenter):
    first = look(segmenter)
    assert segmenter.has_seen(IMAGE.copy())
    assert look(segmenter, IMAGE.copy()) is first
    assert not segmenter.has_seen(IMAGE + 1)
    assert not segmenter.has_seen(IMAGE.reshape(40, 20))


def test_only_the_last_slices_are_remembered(segmenter, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    slices = [IMAGE + step for step in range(3)]
    for one in slices:
        look(segmenter, one)
    assert [segmenter.has_seen(one) for one in slices] == [False, True, True]


def test_what_was_seen_answers_like_a_fresh_look(segmenter, saved):
    look(segmenter)
    look(segmenter, IMAGE + np.arange(40))
    again = segmenter.answer(look(segmenter), CLICK)
    fresh = Segmenter(saved, "cpu")
    assert (again.mask == fresh.answer(look(fresh), CLICK).mask).all()


def test_a_stop_ends_the_look_between_two_blocks(segmenter):
    control = JobControl()
    control.begin()
    control.run()
    control.request_stop()
    with pytest.raises(JobCanceled):
        segmenter.look(IMAGE, control)
    assert not segmenter.has_seen(IMAGE)
    assert not any(part._forward_pre_hooks for part in segmenter._network.vision_encoder.modules())


def test_a_slice_with_holes_is_refused(segmenter):
    with pytest.raises(ImageError, match="Some pixels have no intensity"):
        look(segmenter, np.full((20, 40), np.nan))


def test_a_point_beside_the_object_alone_points_at_nothing(segmenter):
    with pytest.raises(LabelsError, match="Nothing points at an object"):
        segmenter.answer(look(segmenter), Prompts(outside=((1, 2),)))


def test_a_network_for_videos_answers_like_the_one_for_images_in_it(tmp_path):
    answers = []
    for model_type in ("sam2", "sam2_video"):
        segmenter = Segmenter(tiny_sam.save_sam2(tmp_path / model_type, model_type), "cpu")
        answers.append(segmenter.answer(look(segmenter), CLICK).mask)
    assert (answers[0] == answers[1]).all()
