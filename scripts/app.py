"""Open napari with the simulated bilayer and the docks of the main job."""

import napari

from napari_strata.widgets.parts.workspace import open_workspace

viewer = napari.Viewer()
viewer.open_sample("napari-strata", "twisted_bilayer_graphene")
open_workspace(viewer)
napari.run()
