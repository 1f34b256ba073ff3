"""What a methods text says of the lattices: how they were fitted, and every figure with its uncertainty."""

import numpy as np

from napari_strata.config import ReportConfig
from napari_strata.lattice.affine import SharedAffine
from napari_strata.lattice.agreement import in_words
from napari_strata.lattice.blocks import STRIPS
from napari_strata.lattice.cells import is_honeycomb
from napari_strata.lattice.field import SmoothField
from napari_strata.lattice.fitted import FittedLayer
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.order import LayerLattice
from napari_strata.lattice.parameters import Measured
from napari_strata.lattice.twist import Twist
from napari_strata.numbers import counted, listed, plain, uncertain
from napari_strata.report.distances import expected_bond
from napari_strata.report.passage import Passage, joined
from napari_strata.report.subject import Subject


def about_lattices(subject: Subject, config: ReportConfig) -> Passage:
    """Tell the lattice of every layer, what the layers share, twist and bonds."""
    lattices = subject.lattices
    if lattices is None:
        return Passage(unknown=(f"Lattices: {subject.gap}",))
    return joined(
        (
            Passage((*_fitted(lattices), *_field(lattices.field, len(lattices.layers)), *_shared(lattices))),
            Passage(tuple(_twist(lattices, twist) for twist in lattices.twists)),
            Passage(_moires(lattices)),
            Passage(_bonds(lattices)),
            _expected(subject, config),
            Passage(_assumed(lattices)),
            Passage(unknown=lattices.gaps),
        )
    )


def _fitted(lattices: FrameLattices) -> tuple[str, ...]:
    return (
        "A lattice was fitted to each layer by linear least squares, as it lies in the image.",
        *(_layer(layer) for layer in lattices.layers),
        *_left_out(lattices),
    )


def _left_out(lattices: FrameLattices) -> tuple[str, ...]:
    count = sum(int(layer.cut.sum()) for layer in lattices.layers)
    if not count:
        return ()
    are = "atom was" if count == 1 else "atoms were"
    return (f"{count:,} {are} left out of lattices and maps, as the border of the image cuts them.",)


def _layer(layer: FittedLayer) -> str:
    fit, cell = layer.fit, layer.fit.parameters
    return (
        f"Layer {layer.layer}: {fit.index.cell.family}, a = {_angstrom(cell.a)}, b = {_angstrom(cell.b)},"
        f" γ = {_degrees(cell.gamma)}, orientation of a {_degrees(cell.orientation)} from the x axis towards y"
        f" ({int(fit.used.sum()):,} of {counted(len(layer.positions), 'atom')} fitted,"
        f" residual {plain(fit.scatter)} Å per axis, root mean square)."
    )


def _shared(lattices: FrameLattices) -> tuple[str, ...]:
    shared = lattices.shared
    if shared is None or not shared.degrees:
        return ()  # the gaps say why
    sizes = listed(
        [
            f"a = {_angstrom(ideal.a)} in layer {layer.layer}"
            for layer, ideal in zip(lattices.layers, shared.layers, strict=True)
        ]
    )
    which = "the lattices of that fit" if lattices.field is not None else "these lattices"
    return (
        f"All layers were then described, from {which}, as ideal lattices, each with one free lattice constant and"
        " orientation, under one affine distortion of the scan, symmetric and of determinant 1, which all of them"
        f" share: {sizes}; stretches {_measured(shared.stretches[0])} and {_measured(shared.stretches[1])}, the"
        f" larger along {_degrees(shared.direction)} from the x axis towards y.",
        _agreement(shared),
    )


def _agreement(shared: SharedAffine) -> str:
    verdict = "the layers agree within their uncertainties"
    if shared.does_not_fit:
        factor = plain(float(np.sqrt(shared.chi_square / shared.degrees)))
        verdict = (
            "the layers differ by more than their uncertainties explain; ones"
            f" {factor} times as large would make them agree, unless the layers are really strained against each"
            " other; stretches and direction have no uncertainty therefore"
        )
    return (
        f"Chi-square is {plain(shared.chi_square)} for {counted(shared.degrees, 'degree')} of freedom"
        f" ({in_words(shared.p_value)}): {verdict}."
    )


def _twist(lattices: FrameLattices, twist: Twist) -> str:
    first, second = (lattices.layers[i].layer for i in twist.layers)
    return (
        f"The twist of layers {first} and {second} is {uncertain(twist.angle, twist.sigma)}°, known modulo"
        f" {twist.modulo:g}° and folded to 0° to {twist.modulo / 2:g}°; which layer is turned is not known."
    )


def _field(field: SmoothField | None, layers: int) -> tuple[str, ...]:
    if field is None:
        return ()
    whose = (
        "shared by all layers" if layers > 1 else "of the one layer, in which strain and scan cannot be told apart"
    )
    if field.splines is None:
        return (
            f"A smooth displacement field {whose} was tried; none did better on held-out atoms than none at all.",
        )
    return (
        f"One smooth displacement field {whose}, cubic B-splines of {field.degrees_of_freedom} degrees of freedom,"
        " was fitted together with the lattices; the median distance of atoms from their places, judged on atoms"
        f" held out in {field.folds} parts, is {plain(field.median_before)} Å without and"
        f" {plain(field.median_after)} Å with it.",
    )


def _moires(lattices: FrameLattices) -> tuple[str, ...]:
    periods = [f"{uncertain(moire.period, moire.period_sigma)} Å" for moire in lattices.moires]
    return (f"The lattices predict a moiré of period {listed(periods)}.",) if periods else ()


def _bonds(lattices: FrameLattices) -> tuple[str, ...]:
    means = listed([f"{plain(one.bond)} Å in layer {one.layer}" for one in lattices.layers if one.bond > 0])
    sentences = [f"Nearest neighbours are {means} apart on average, distortion included."] if means else []
    ordered = [
        order for order in lattices.orders if np.isfinite(order.coherence) and _is_honeycomb(order, lattices)
    ]
    if ordered:
        coherent = listed([f"{order.coherence:.3f} in layer {order.layer}" for order in ordered])
        sentences.append(
            "The coherence of bond orientations, |⟨exp(6iθ)⟩| over the three nearest neighbours of interior atoms,"
            f" is {coherent}."
        )
    return tuple(sentences)


def _expected(subject: Subject, config: ReportConfig) -> Passage:
    if config.crystal is None:
        return Passage(unknown=("What the sample is: no expected bond length is told.",))
    expected = expected_bond(config.crystal, set(subject.atoms["species"]))
    if expected is None:
        return Passage(
            unknown=(f"Which distance is expected: no column of {config.crystal} bears a located species.",)
        )
    return Passage((f"The distance expected in {config.crystal} is {plain(expected)} Å.",))


def _is_honeycomb(order: LayerLattice, lattices: FrameLattices) -> bool:
    return any(one.layer == order.layer and is_honeycomb(one.fit.index.cell) for one in lattices.layers)


def _assumed(lattices: FrameLattices) -> tuple[str, ...]:
    """Say what scatter the uncertainties hold for: of single layers, and of what was fitted together."""
    is_stated = any(layer.fit.sigma is not None for layer in lattices.layers)
    scatter = (
        "independently, as stated for each of them, or as the residuals tell where these are larger"
        if is_stated
        else "independently and equally, as much as the residuals tell"
    )
    field = lattices.field
    if field is None or field.variance_ratio <= 1:
        shared = "Where neighbouring atoms have errors in common the uncertainties are too small."
    else:
        factor = plain(float(np.sqrt(field.variance_ratio)))
        shared = (
            "Neighbouring atoms have errors in common: all uncertainties but those of single layers are therefore"
            f" enlarged by a factor of {factor}, as sums over {STRIPS**2} blocks of the image tell. What is shared"
            " over more than a block is not in them."
        )
    return (
        f"All uncertainties are one standard deviation, for positions that scatter {scatter}.",
        shared,
    )


def _measured(figure: Measured) -> str:
    return uncertain(figure.value, figure.sigma)


def _angstrom(figure: Measured) -> str:
    return f"{_measured(figure)} Å"


def _degrees(figure: Measured) -> str:
    return f"{_measured(figure)}°"
