"""How the maps of many atoms become a few numbers each."""

from napari_strata.config.base import Config, setting


class AtomScoresConfig(Config):
    """How large the disks of atoms are, and how many atoms are scored at once."""

    disk: float = setting(
        0.6, "Radius of the disk around each atom in which pixels count as the atom's.", unit="Å", gt=0, le=100
    )
    most: int = setting(1000, "More atoms than so many are not scored at once.", ge=1, le=1_000_000, advanced=True)
