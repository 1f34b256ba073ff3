import numpy as np

from napari_strata.report.axes import bar_length
from napari_strata.report.explained import DrawnMap, Mark, draw_explained, find_crop, save_explained


def blank():
    return np.zeros((60, 80), np.float32)


def test_what_is_enlarged_is_where_maps_are_more_than_faint():
    map_ = blank()
    map_[20, 30], map_[40, 50], map_[59, 79] = 1, -0.5, 0.009
    rows, columns = find_crop([map_, blank()], Mark(30, 40))
    assert (rows, columns) == (slice(18, 42), slice(28, 52))  # 24 around 20 to 40 and 30 to 50


def test_at_a_corner_it_stays_in_the_image_and_holds_the_target():
    map_ = blank()
    map_[0, 0] = 1
    assert find_crop([map_], Mark(0, 0)) == (slice(0, 24), slice(0, 24))
    mask = blank() > 1
    mask[55, 75] = True
    assert find_crop([map_], Mark(55, 75, mask=mask)) == (slice(0, 60), slice(0, 76))


def test_a_picture_has_a_row_for_each_map_with_its_colours_and_bars(tmp_path):
    signed, unsigned = blank(), blank()
    signed[30, 40], unsigned[30, 40] = -2, 3
    maps = [DrawnMap("Occlusion", signed, True), DrawnMap("Grad-CAM", unsigned, False)]
    figure = draw_explained(np.random.default_rng(0).random((60, 80)), None, maps, Mark(30, 40, radius=2.0))
    shown = [axes for axes in figure.axes if axes.get_title() in ("Occlusion", "Grad-CAM")]
    assert [axes.images[0].get_clim() for axes in shown] == [(-2, 2), (0, 3)]
    assert [axes.images[0].get_cmap().name for axes in shown] == ["RdBu_r", "inferno"]
    # pixels lie on their centres: the 24 rows from 18 on reach from 17.5 to 41.5
    assert shown[0].images[0].get_extent() == [27.5, 51.5, 41.5, 17.5]
    save_explained(figure, tmp_path / "maps.png")
    assert (tmp_path / "maps.png").stat().st_size > 1000


def test_without_a_pixel_size_the_bar_counts_pixels():
    assert bar_length(80, in_pixels=True) == (20, "20 px")
    assert bar_length(80) == (20, "2 nm")
