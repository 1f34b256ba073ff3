from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.config import SimulationConfig
from napari_strata.config.foreign_atoms import Adatom, Dopant
from napari_strata.config.microscope import PRESETS, ProbeConfig
from napari_strata.errors import ConfigError


def test_records_from_before_there_were_sections_are_read():
    earlier = {
        "material": "WS2",
        "twist": [1, 2],
        "probe_sigma": [0.3, 0.4],
        "tail_fraction": [0.1, 0.2],
        "tail_width": [2, 3],
        "displacement": [0.01, 0.02],
        "vacancies": [0.1, 0.1],
        "layer_contrast": [0.5, 0.6],
        "affine": 0.01,
        "scan_distortion": 0.2,
        "scan_jitter": 0.04,
        "background": [0.2, 0.3],
        "mask_radius": 0.6,
    }
    config = SimulationConfig.parse(earlier)
    assert (config.probe.sigma, config.probe.tail_fraction, config.probe.tail_width) == (
        (0.3, 0.4), (0.1, 0.2), (2, 3))  # fmt: skip
    assert (config.defects.displacement, config.defects.vacancies) == ((0.01, 0.02), (0.1, 0.1))
    assert config.stacking.layer_contrast == (0.5, 0.6)
    assert (config.scan.affine, config.scan.distortion, config.scan.jitter) == (0.01, 0.2, 0.04)
    assert (config.contamination.background, config.mask_radius, config.twist) == ((0.2, 0.3), 0.6, (1, 2))


def test_of_an_earlier_name_and_its_section_the_section_wins():
    config = SimulationConfig.parse({"probe_sigma": [0.3, 0.4], "probe": {"sigma": [0.5, 0.6]}})
    assert config.probe.sigma == (0.5, 0.6)


def test_a_range_under_its_earlier_name_is_checked():
    with pytest.raises(ConfigError, match=r"probe\.sigma: .* does not lie within"):
        SimulationConfig.parse({"probe_sigma": [0, 0.5]})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_microscope_fills_in_the_optics_and_what_is_given_beside_it_wins(preset: str):
    filled = ProbeConfig.parse({"preset": preset, "source": (0.6, 0.7)})
    assert filled.kind == "optics"
    assert filled.aperture == PRESETS[preset]["aperture"]
    assert filled.source == (0.6, 0.7)


def test_a_record_of_a_microscope_is_read_as_it_was():
    config = SimulationConfig.parse({"probe": {"preset": "200 kV uncorrected", "cs": (1.0, 1.0)}})
    assert SimulationConfig.parse(yaml.safe_load(config.to_yaml())) == config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Se for S 0.1", Dopant("Se", (0.1, 0.1), "S")),
        (" V  for Mo 0 to 5e-2 ", Dopant("V", (0, 0.05), "Mo")),
    ],
)
def test_dopants_are_read_from_words(text: str, expected: Dopant):
    assert SimulationConfig.parse({"defects": {"dopants": [text]}}).defects.dopants == (expected,)


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("dopants", "Se 0.1", "is not like 'Se for S 0 to 0.1'"),
        ("dopants", "Se for S 1.5", "does not ascend within 0 to 1"),
        ("dopants", "Se for S 0.3 to 0.1", "does not ascend"),
        ("dopants", "se for S .", "is not like"),
        ("adatoms", "Si for C 1", "is not like 'Si 0 to 0.5'"),
        ("adatoms", "Si 99", "within 0 to 20"),
    ],
)
def test_foreign_atoms_that_cannot_be_are_refused_with_an_example(field: str, text: str, words: str):
    with pytest.raises(ConfigError, match=words):
        SimulationConfig.parse({"defects": {field: [text]}})


SYMBOLS = st.sampled_from(["C", "Si", "Mo", "W"])
PARTS = st.floats(0, 1, allow_subnormal=False).map(lambda x: float(f"{x:g}"))


@given(SYMBOLS, SYMBOLS, st.tuples(PARTS, PARTS).map(sorted).map(tuple))
def test_dopants_and_adatoms_come_back_from_their_words(element, host, amount):
    for one in (Dopant(element, amount, host), Adatom(element, amount)):
        assert type(one).read(str(one)) == one


@pytest.mark.parametrize("given", [[1, -1, 0], "1,-1,0", "1 -1 0", ["1 -1 0"], ["1", "-1", "0"]])
def test_a_zone_axis_has_commas_or_blanks_between_its_numbers(given):
    assert SimulationConfig.parse({"crystal": {"zone_axis": given}}).crystal.zone_axis == (1, -1, 0)


@pytest.mark.parametrize(
    "given", [[0, 0, 0], "0 0 0", [0, 1], "0, 0, 1, 2", "0 0 x", "0 0 1.5", [True, 1, 0], 3, ""]
)
def test_no_direction_is_no_zone_axis(given):
    with pytest.raises(ConfigError, match="is no direction: take three whole numbers, not all 0, such as 0, 0, 1"):
        SimulationConfig.parse({"crystal": {"zone_axis": given}})


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        ({}, "graphene"),
        ({"crystal": {"upper": ["hBN"]}}, "hBN on graphene"),
        ({"layers": 1, "crystal": {"upper": ["hBN"]}}, "graphene"),
        ({"crystal": {"cif": "files/mine.cif"}}, "mine"),
    ],
)
def test_a_simulation_is_named_after_its_crystals(values, subject: str):
    assert SimulationConfig.parse(values).subject == subject


def test_a_cif_file_lies_beside_the_settings(tmp_path: Path):
    config = SimulationConfig.parse({"crystal": {"cif": "files/mine.cif"}})
    assert config.beside(tmp_path).crystal.cif == (tmp_path / "files" / "mine.cif").resolve()
    assert SimulationConfig().beside(tmp_path) == SimulationConfig()
