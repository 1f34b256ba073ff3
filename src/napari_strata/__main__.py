"""``python -m napari_strata``, the same as ``napari-strata``; launchers of several processes start modules."""

import sys

from napari_strata.cli import main

if __name__ == "__main__":
    sys.exit(main())
