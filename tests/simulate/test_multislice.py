import pytest
from ase.build import graphene

from napari_strata.errors import ExtraError
from napari_strata.simulate import multislice
from napari_strata.simulate.optics import Optics


def test_without_abtem_it_is_named_with_its_licence(monkeypatch):
    monkeypatch.setattr(multislice, "find_spec", lambda _name: None)
    with pytest.raises(ExtraError, match=r"abTEM.*GPL"):
        multislice.multislice_image(
            graphene(vacuum=2),
            Optics(60, 30),
            pixel_size=0.2,
            source=0.3,
            detector=(80, 200),
            displacement=0.06,
            configurations=1,
        )
