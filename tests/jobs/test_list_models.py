"""The models that come with the package, as a list."""

from bright_network import save_bright
from napari_strata.config.card import Seen
from napari_strata.control import JobControl
from napari_strata.io import bundled
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.jobs.list_models import list_models


def test_a_model_is_listed_with_what_it_finds_and_what_it_has_seen():
    folder = save_bright(bundled.FOLDER / "bright", architecture="gombnet", layers=2, pixel_size=0.2)
    model = load_bundle(folder)
    seen = Seen(window=128, spacing=(9, 13), order=(0.6, 1.9), noise=(0.1, 0.9), skewness=(-0.5, 0.75))
    save_bundle(folder, model.state, model.card.model_copy(update={"seen": seen}))
    *_, last = list_models(JobControl())
    described = last.result.figures["bright"]
    assert (described["layers"], described["pixel_size_A"]) == (2, 0.2)
    assert described["species"] == list(model.card.classes.names)
    assert described["coarsest_pixel_size_A"] == 0.25
    assert described["seen"]["clearest_spacing_A"] == [1.8, 2.6]
    assert last.result.value == (folder,)


def test_where_none_comes_with_the_package_the_list_is_empty():
    *_, last = list_models(JobControl())
    assert last.result.figures == {}
