"""What tests of explanations begin with: a score of one term, and the whole map of a method."""

from napari_strata.config import ExplainConfig
from napari_strata.explain.catalogue import load_method
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import Output, TargetScore, Term


def score_of(network, weights, decoder=0, index=1):
    """Return the score of one decoder's class in a target."""
    return TargetScore(network, [Term(Output(decoder, index), weights)])


def scene_of(image, pixel_size=None, baseline=None, superpixels=None, references=None, **settings):
    """Return the scene of an image (1, 1, y, x)."""
    value_range = float(image.max() - image.min())
    config = ExplainConfig(**settings)
    return Scene(image, config, pixel_size, value_range, baseline, superpixels, references)


def map_of(method, score, image, **scene):
    """Return the whole map of a method, by name, shape (y, x)."""
    *_, last = load_method(method)(score, scene_of(image, **scene))
    assert last.done == 1
    return last.map
