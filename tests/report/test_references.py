from pathlib import Path

import yaml

from napari_strata import __version__
from napari_strata.config.model import ModelConfig
from napari_strata.report.references import NETWORKS, REFERENCES, number_citations

ROOT = Path(__file__).parents[2]


def test_the_citation_file_is_of_this_version_and_cites_the_gombnet():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["title"], citation["version"]) == ("napari-strata", __version__)
    assert citation["license"] == "BSD-3-Clause"
    [gombnet] = citation["references"]
    text = REFERENCES["gombnet"].text
    assert gombnet["doi"] in text
    assert gombnet["identifiers"][0]["value"] in text
    assert all(author["family-names"] in text for author in gombnet["authors"])


def test_every_network_has_somebody_to_cite():
    for architecture in ModelConfig.model_fields["architecture"].annotation.__args__:
        _, references = number_citations([NETWORKS[architecture]])
        assert references


def test_braces_around_other_words_stay():
    assert number_citations(["a {b} {unet}"])[0] == ("a {b} [1]",)
