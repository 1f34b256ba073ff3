from napari_strata.inference.promptable.prompts import Prompts


def test_points_come_with_what_they_mean():
    prompts = Prompts(inside=((1, 2),), outside=((3, 4), (5, 6)))
    assert prompts.points.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert prompts.is_inside.tolist() == [1, 0, 0]


def test_a_point_inside_or_a_box_points_at_something():
    assert Prompts(inside=((1, 2),))
    assert Prompts(box=(0, 0, 1, 1))
    assert not Prompts()
    assert not Prompts(outside=((1, 2),))


def test_only_a_single_point_is_vague():
    assert Prompts(inside=((1, 2),)).is_vague
    assert not Prompts(inside=((1, 2), (3, 4))).is_vague
    assert not Prompts(inside=((1, 2),), outside=((3, 4),)).is_vague
    assert not Prompts(inside=((1, 2),), box=(0, 0, 5, 5)).is_vague
