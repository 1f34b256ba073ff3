"""Which classes the labels of a simulation have."""

from napari_strata.config import SimulationConfig
from napari_strata.simulate.crystals import species


def class_names(config: SimulationConfig) -> tuple[str, ...]:
    """Return the names of the mask codes 2, 3, ...

    Parameters
    ----------
    config : SimulationConfig
        What is simulated.
    """
    return species(config.material)
