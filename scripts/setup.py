"""Make `.venv` with pinned dependencies and, where possible, install what napari needs to draw.

Run by ``make setup`` with the system's Python, so only the standard library is used. A second run with the same
Python, pyproject.toml and constraints.txt does nothing. ``--system-only`` installs the system packages and stops.
"""

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "setup-stamp"
INPUTS = (ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__))

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX_mesa.so.0": "libglx-mesa0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""Shared libraries with which Qt and OpenGL draw, and the Debian packages that bring them."""
PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth"}
"""Programs of a virtual screen, and their Debian packages."""


def main() -> int:
    """Set up what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description="Set up napari-strata for development.")
    parser.add_argument("--system-only", action="store_true", help="install Debian packages and stop")
    if parser.parse_args().system_only:
        return _report(_install_system_packages())
    fingerprint = _fingerprint()
    if STAMP.is_file() and STAMP.read_text() == fingerprint:
        return 0
    missing = _install_system_packages()
    _make_environment()
    if not missing:
        STAMP.write_text(fingerprint)
        print(f"Ready: {VENV}")
    return _report(missing)


def _report(missing: list[str]) -> int:
    """Name the command that installs what is missing; return the exit code."""
    if missing:
        print("\nnapari cannot draw yet. Run this, or what your system has instead of apt-get, then make again:\n")
        print(f"  sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(missing)}\n")
    return int(bool(missing))


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.base_prefix} {sys.version}".encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _install_system_packages() -> list[str]:
    """Install missing Debian packages as root; return those that are still missing."""
    missing = _missing_packages()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing system packages: {' '.join(missing)}", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *missing]):
            # A failure is not the end: what is still missing is named with the command that installs it.
            subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        missing = _missing_packages()
    return missing


def _missing_packages() -> list[str]:
    if not sys.platform.startswith("linux"):
        return []
    libraries = [package for name, package in LIBRARIES.items() if not _loads(name)]
    return libraries + [package for name, package in PROGRAMS.items() if not shutil.which(name)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _make_environment() -> None:
    """Create the virtual environment and install pip, torch, then the project with its pinned dependencies."""
    python = VENV / "bin" / "python"
    if not _runs(python):
        print(f"Making {VENV} with Python {sysconfig.get_python_version()}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    # torch goes first and alone, pinned: no other package's range can pull a different build.
    for requirements in (["pip"], ["torch"], ["--editable", ".[test,dev,docs]"]):
        print(f"Installing {requirements[-1]}", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--constraint", "constraints.txt", *requirements], cwd=ROOT, check=True)


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    code = f"import sys; raise SystemExit(sys.version_info[:2] != {sys.version_info[:2]})"
    return subprocess.run([str(python), "-c", code], check=False).returncode == 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"Set-up failed (exit code {error.returncode}): {' '.join(error.cmd)}") from None
