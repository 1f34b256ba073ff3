"""Where species are, in words: how frequent, how sure that is, and whether they cluster."""

from typing import TYPE_CHECKING

from napari_strata.numbers import plain

if TYPE_CHECKING:
    from napari_strata.jobs.map_lattice import LatticeMaps
    from napari_strata.lattice.doping import Dopants

SURE = 0.05
"""Chance of pairs as unusually many or few below which dopants are said not to be placed at random."""


def species_words(maps: "LatticeMaps") -> str:
    """Say how frequent each species is in its layer, and whether it clusters."""
    said = [_fraction_words(one) + _test_words(one) for one in maps.dopants]
    return "\n".join(said) if said else "There is one species in each layer."


def _fraction_words(dopant: "Dopants") -> str:
    part = dopant.fraction
    value, low, high = (plain(100 * one, 3) for one in (part.value, part.low, part.high))
    return (
        f"Layer {dopant.layer}: {dopant.species} is {part.count:,} of {part.total:,} atoms, {value} %"
        f" ({low} to {high} % with {part.confidence:.0%} confidence). "
    )


def _test_words(dopant: "Dopants") -> str:
    test = dopant.test
    if dopant.is_usual:
        return "It is the usual species of its site."
    if test is None:
        return "Too few to tell whether they cluster."
    chance = f"{plain(test.expected, 3)} ± {plain(test.spread, 2)} by chance"
    counted = "1 pair" if test.joins == 1 else f"{test.joins:,} pairs"
    pairs = f"{counted} of neighbours up to {test.neighbours:.2f} Å apart, {chance}"
    verdict = "Placed as at random"
    if test.p_value < SURE:
        verdict = "Clustered" if test.p_clustered < test.p_dispersed else "Keeps apart"
    return f"{verdict}: {pairs} (p = {plain(test.p_value, 2)})."
