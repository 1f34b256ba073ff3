"""Counts the images that a job sends through a Gomb-Net, all or a part of it, and through copies of it."""

from napari_strata.models import registry


class Counter:
    """So many images were computed, forward."""

    def __init__(self):
        self.count = 0

    def __call__(self, _network, inputs):
        self.count += len(inputs[0])

    def __deepcopy__(self, _memo):
        return self


def count_images(monkeypatch):
    """Have every network that is loaded from now on, and its copies, count; return the counter."""
    counter, load = Counter(), registry.load_network

    def load_counting(*args, **kwargs):
        loaded = load(*args, **kwargs)
        loaded.network.encoder.pools[0].register_forward_pre_hook(counter)
        return loaded

    monkeypatch.setattr(registry, "load_network", load_counting)
    return counter
