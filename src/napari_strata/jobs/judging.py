"""The map that is judged and all that its judgement needs, for every job that judges maps."""

import dataclasses
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import JudgeConfig
from napari_strata.errors import LabelsError
from napari_strata.explain.catalogue import Need
from napari_strata.numbers import counted
from napari_strata.types import ImageStack, LabelArray

if TYPE_CHECKING:
    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.scene import Scene
    from napari_strata.explain.trust.shot_noise import ShotNoise
    from napari_strata.explain.trust.subject import Labels, Subject
    from napari_strata.models.registry import LoadedModel

NEEDS: tuple[Need, ...] = ("baseline",)
"""What measures need of a scene beyond what a method needs."""


def make_subject(prepared: "Prepared", judging: JudgeConfig) -> Generator[float, None, "Subject"]:
    """Make the map that is judged.

    Yields
    ------
    float
        Part of the map that is done, after each batch.

    Returns
    -------
    Subject
        Without noise and labels.

    Raises
    ------
    MethodError
        If the method cannot be used on this network.
    """
    from napari_strata.explain.catalogue import METHODS, load_method, passes_of
    from napari_strata.explain.trust.subject import Subject

    scene = one_by_one(prepared.scene)
    name = scene.config.method
    method, found = load_method(name), None
    for found in method(prepared.score, scene):
        yield found.done
    assert found is not None, "a method yields at least one map"
    weights, cost = prepared.view.weights, passes_of(name, scene)
    return Subject(method, METHODS[name], prepared.score, scene, weights, found, judging, passes=cost)


def find_noise(shown: ImageStack, judging: JudgeConfig) -> "ShotNoise":
    """Return the shot noise of a frame.

    Raises
    ------
    CalibrationError
        If a dose is stated and the pixel size is not known.
    """
    from napari_strata.explain.trust.shot_noise import shot_noise
    from napari_strata.io.calibration import require

    if judging.dose is not None:
        require(shown.pixel_size, name=shown.name)
    return shot_noise(shown.data[0], dose=judging.dose, pixel_size=shown.pixel_size)


def with_noise(
    subject: "Subject", noise: "ShotNoise", prepared: "Prepared", loaded: "LoadedModel", shown: ImageStack
) -> "Subject":
    """Let a subject draw its image once more, with noise on the image's own grid and normalised anew."""
    from napari_strata.data.grid import to_network_grid

    if not noise.gain > 0:
        return subject
    target, seed = loaded.card.model.pixel_size, prepared.scene.config.seed

    def draw_noisy(number: int) -> Any:
        noisy = noise.draw(shown.data[0], (seed, number))
        return prepared.view.cut(to_network_grid(noisy, shown.pixel_size, target))[None, None]

    return dataclasses.replace(subject, draw_noisy=draw_noisy)


def told_noise(noise: "ShotNoise", shown: ImageStack) -> dict[str, float | None]:
    """Return the noise that stability assumed: electrons per pixel, and per Å²."""
    area = None if shown.pixel_size is None else shown.pixel_size**2
    dose = None if noise.counts is None or area is None else noise.counts / area
    return {"counts_per_pixel": noise.counts, "dose_per_A2": dose}


def check_labels(labels: LabelArray, shown: ImageStack, layers: int) -> None:
    """Check that labels belong to a frame, and to a model of so many layers.

    Raises
    ------
    LabelsError
        If they have another shape.
    """
    of = len(labels) if labels.ndim == 3 else 1
    if of != layers:
        raise LabelsError(
            f"There are labels of {counted(of, 'layer')}, the model has {layers}.",
            remedy="Give one mask for each crystal layer of the model, or judge without labels.",
        )
    if labels.shape[-2:] != shown.data.shape[1:]:
        raise LabelsError(
            f"The labels have the shape {labels.shape}, the image {shown.data.shape[1:]}.",
            remedy="Choose labels of this image.",
        )


def with_labels(subject: "Subject", labels: LabelArray, loaded: "LoadedModel", shown: ImageStack) -> "Subject":
    """Let a subject know the labels (layer, y, x) or (y, x) of its frame, of which a network can learn.

    Raises
    ------
    LabelsError, MethodError
        If there is nothing to permute; now and not after the other measures.
    """
    from napari_strata.explain.trust.permuted_labels import cut_patches

    known = _on_grid(labels, loaded, shown)
    if "label-randomisation" in subject.config.measures:
        cut_patches(known, loaded.network, subject.generator(5))
    return dataclasses.replace(subject, labels=known)


def _on_grid(labels: LabelArray, loaded: "LoadedModel", shown: ImageStack) -> "Labels":
    from napari_strata.data.grid import resample_labels, to_network_grid
    from napari_strata.explain.trust.subject import Labels

    grid = to_network_grid(shown.data[0], shown.pixel_size, loaded.card.model.pixel_size)
    codes = labels if labels.ndim == 3 else labels[None]
    return Labels(grid, resample_labels(codes.astype(np.uint8), (grid.shape[0], grid.shape[1])))


def one_by_one(scene: "Scene") -> "Scene":
    """Have a method compute one image at a time on a CPU, where more are no faster and a stop waits for all."""
    if scene.image.device.type != "cpu":
        return scene
    return dataclasses.replace(scene, config=scene.config.model_copy(update={"batch": 1}))
