"""Look inside a trained network: feature maps, kernels, what a channel responds to, and what a layer keeps."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config.inside import InsideConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inside import Inside, Inversion, Part
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration, check_stacks, make_folder
from napari_strata.jobs.time_left import TimeLeft
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari_strata.explain.browse.feature_stack import FeatureStack
    from napari_strata.explain.browse.patches import Patch
    from napari_strata.models.registry import LoadedModel


@job
def browse_network(
    control: JobControl,
    model: Path,
    image: ImageStack | None,
    *,
    wanted: frozenset[Part],
    config: InsideConfig,
    frame: int = 0,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """List the feature maps of a network, and show some of what is in it.

    Parameters
    ----------
    control : JobControl
        Stop keeps what is done; of an inversion the image as it is.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack or None
        The stack; kernels alone need none.
    wanted : frozenset of {"activations", "kernels", "patches", "inversion"}
        What to show, beside the list.
    config : InsideConfig
        Which feature map and channel, and how to invert.
    frame : int
        Frame of activations and inversion, from 0; patches are those of all frames.
    out : Path, optional
        Folder that gets ``STEM_activations.tif``, ``kernels.tif``, ``kernels.png``, ``STEM_patches.json``,
        ``STEM_patches.png`` and ``STEM_inversion.tif``.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Progress`, and `Sketched` with every `Inversion` on the way.

    Returns
    -------
    JobResult
        ``value`` is an `Inside`.

    Raises
    ------
    MethodError
        If the network has no such feature map, or that no such channel, or an activation works in place.
    TargetError
        If there is no image, or it has no such frame.
    ImageError, CalibrationError, BundleError, DeviceError, OutputError
        If an input cannot be used or the folder cannot be written.
    """
    from napari_strata.explain.browse.feature_facts import list_feature_maps
    from napari_strata.explain.browse.files import write_kernels
    from napari_strata.explain.browse.kernels import first_kernels
    from napari_strata.explain.fitness import check_network
    from napari_strata.io.folders import check_free
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    begun = time.monotonic()
    loaded = abandonable(control, lambda: load_network(model, resolve_device(config.device)))
    check_network(loaded.network)
    stack = None if wanted <= {"kernels"} else _check_image(image, frame, loaded)
    inside = Inside(list_feature_maps(loaded.network))
    if stack is not None:
        _check_choice(loaded, inside, config, has_channel="patches" in wanted)
    if out is not None and wanted:
        check_free(out, _file_names(stack, wanted), overwrite=overwrite)
        make_folder(out)
    control.run()
    yield StateChanged(control.state)
    paths: dict[str, str] = {}
    if "kernels" in wanted:
        inside.kernels = first_kernels(loaded.network)
        if out is not None:
            paths |= write_kernels(inside.kernels, out, _about_model(loaded))
    if stack is not None:
        looking = _Looking(loaded, stack, config, frame, out, {**_about_model(loaded), **_about_image(stack)})
        yield from looking.look(control, wanted, inside, paths)
    return JobResult(_figures(inside, begun), paths, inside)


@dataclass(frozen=True, slots=True, eq=False)
class _Looking:
    """Looks at what a network makes of an image."""

    model: "LoadedModel"
    image: ImageStack
    config: InsideConfig
    frame: int
    out: Path | None
    about: dict[str, Any]

    def look(
        self, control: JobControl, wanted: frozenset[Part], inside: Inside, paths: dict[str, str]
    ) -> Generator[JobEvent, None, None]:
        if "activations" in wanted:
            control.checkpoint()
            yield Progress(0.0, "Computing activations")
            inside.activations = self._stack(self.frame)
            self._write_activations(inside.activations, paths)
        if "patches" in wanted:
            yield from self._find_patches(control, inside)
            self._write_patches(inside, paths)
        if "inversion" in wanted and not control.stop_requested:
            yield from self._invert(control, inside)
            self._write_inversion(inside, paths)

    def _stack(self, frame: int) -> "FeatureStack":
        from napari_strata.explain.browse.feature_stack import feature_stack

        name, data = self.config.feature_map, self.image.data
        return feature_stack(self.model, data[frame], self.image.pixel_size, name, number=frame)

    def _find_patches(self, control: JobControl, inside: Inside) -> Generator[JobEvent, None, None]:
        from napari_strata.explain.browse.patches import best_patches, highest

        found: list[Patch] = []
        shape, most = (self.image.data.shape[1], self.image.data.shape[2]), self.config.patches
        for frame in range(len(self.image.data)):
            if control.stop_requested:
                break
            yield Progress(frame / len(self.image.data), "Looking for the best patches")
            stack = self._stack(frame)
            found += best_patches(stack, self.config.channel, shape, most)
        inside.patches = highest(found, most)
        inside.seen = tuple(patch.cut(self.image.data[patch.frame]).copy() for patch in inside.patches)

    def _invert(self, control: JobControl, inside: Inside) -> Generator[JobEvent, None, None]:
        import numpy as np
        import torch

        from napari_strata.data.grid import from_network_grid, to_network_grid
        from napari_strata.explain.browse.inversion import invert
        from napari_strata.explain.layers import named_feature_map

        network, image = self.model.network, self.image
        data = image.data[self.frame]
        grid = to_network_grid(data, image.pixel_size, self.model.card.model.pixel_size)
        seen = torch.from_numpy(np.ascontiguousarray(grid))[None, None].to(next(network.parameters()).device)
        clock = TimeLeft()
        yield Progress(0.0, "Inverting")
        where = named_feature_map(network, self.config.feature_map)
        steps = invert(network, where, seen, self.config, is_wanted=lambda: not control.stop_requested)
        for made in steps:
            shape = data.shape[0], data.shape[1]
            on_image = from_network_grid(made.image.cpu().numpy()[None], shape)[0]
            inside.inversion = Inversion(on_image, made.error, made.likeness, made.done)
            yield Sketched(inside.inversion, made.done)
            yield Progress(made.done, f"Inverting: error {made.error:.0%}", clock.after(made.done))
            if control.stop_requested:
                break
            control.wait_while_paused()

    def _write_activations(self, stack: "FeatureStack", paths: dict[str, str]) -> None:
        from napari_strata.explain.browse.files import write_activations

        if self.out is not None:
            path = self.out / f"{self.image.name}_activations.tif"
            write_activations(stack, path, self.about)
            paths["activations"] = str(path)

    def _write_patches(self, inside: Inside, paths: dict[str, str]) -> None:
        from napari_strata.explain.browse.files import write_patches

        if self.out is None or inside.patches is None:
            return
        json_path, picture = (self.out / f"{self.image.name}_patches.{kind}" for kind in ("json", "png"))
        about = {**self.about, "feature_map": self.config.feature_map, "channel": self.config.channel}
        write_patches(inside.patches, inside.seen, json_path, picture, about)
        paths |= {"patches": str(json_path)} | ({"patches_picture": str(picture)} if inside.seen else {})

    def _write_inversion(self, inside: Inside, paths: dict[str, str]) -> None:
        from napari_strata.explain.browse.files import write_inversion

        if self.out is None or inside.inversion is None:
            return
        path = self.out / f"{self.image.name}_inversion.tif"
        of = {name: getattr(self.config, name) for name in ("feature_map", "steps", "smoothness", "norm", "seed")}
        made = inside.inversion
        done = {"error": made.error, "likeness": made.likeness, "done": made.done, "frame": self.frame}
        write_inversion(inside.inversion.data, path, {**self.about, **of, **done})
        paths["inversion"] = str(path)


def _file_names(image: ImageStack | None, wanted: frozenset[Part]) -> list[str]:
    """Return the names of the files that are written."""
    of_image = {"activations": (".tif",), "patches": (".json", ".png"), "inversion": (".tif",)}
    names = [
        f"{image.name}_{part}{ending}"
        for part, endings in of_image.items()
        for ending in endings
        if image is not None and part in wanted
    ]
    return [*names, "kernels.tif", "kernels.png"] if "kernels" in wanted else names


def _check_image(image: ImageStack | None, frame: int, loaded: "LoadedModel") -> ImageStack:
    if image is None:
        raise TargetError("Without an image there is nothing to look at.", remedy="Give an image.")
    (stack,) = check_stacks((image,))
    check_calibration((stack,), loaded.card)
    if not 0 <= frame < len(stack.data):
        last = len(stack.data) - 1
        raise TargetError(f"{stack.name} has no frame {frame}.", remedy=f"Choose a frame from 0 to {last}.")
    return stack


def _check_choice(loaded: "LoadedModel", inside: Inside, config: InsideConfig, *, has_channel: bool) -> None:
    from napari_strata.explain.browse.patches import check_channel
    from napari_strata.explain.layers import named_feature_map

    named_feature_map(loaded.network, config.feature_map)
    if has_channel:
        (facts,) = (one for one in inside.feature_maps if one.name == config.feature_map)
        check_channel(config.channel, facts.channels, facts.name)


def _about_model(loaded: "LoadedModel") -> dict[str, Any]:
    return {"model": loaded.card.name, "weights_sha256": loaded.card.weights_sha256}


def _about_image(image: ImageStack) -> dict[str, Any]:
    return {"image": image.name, "pixel_size_A": image.pixel_size}


def _figures(inside: Inside, begun: float) -> dict[str, Any]:
    maps = {f.name: {"channels": f.channels, "pixel_px": f.pixel, "sees_px": f.sees} for f in inside.feature_maps}
    figures: dict[str, Any] = {"feature_maps": maps}
    if inside.patches is not None:
        figures["patches"] = len(inside.patches)
    if inside.inversion is not None:
        made = inside.inversion
        figures |= {"error": made.error, "likeness": made.likeness, "done": made.done}
    return {**figures, "seconds": round(time.monotonic() - begun, 2)}
