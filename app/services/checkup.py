"""What ``understudy doctor`` looks at: is this machine fit for the work, and does the program stay offline?"""

from __future__ import annotations

import ctypes
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.services.offline import network_calls

LIBRARIES = ("torch", "monai", "pydicom", "nibabel", "SimpleITK", "numpy", "PySide6-Essentials")
"""Libraries whose version matters when something is to be reproduced."""

WINDOW_LIBRARIES = (
    "libEGL.so.1",
    "libGL.so.1",
    "libfontconfig.so.1",
    "libdbus-1.so.3",
    "libxkbcommon-x11.so.0",
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-image.so.0",
    "libxcb-keysyms.so.1",
    "libxcb-render-util.so.0",
    "libxcb-xkb.so.1",
)
"""What Qt needs on Linux and a bare system lacks; elsewhere it brings everything."""

ENOUGH_DISK = 5e9
"""Bytes that a project of a few thousand images with some trainings needs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its name, whether it is as it should be, and what was found."""

    name: str
    ok: bool
    found: str


def checkup(devices: Callable[[], list[str]], open_project: Callable[[Path], object]) -> Iterator[Check]:
    """Look at everything, one after another.

    Args:
        devices: names the devices that can train.
        open_project: makes a project in a folder and reads from it; watched for network calls.
    """
    yield Check("program", True, f"understudy {_version('understudy')}, Python {platform.python_version()}")
    yield Check("system", True, f"{platform.platform()}, {platform.machine()}")
    yield Check("libraries", True, ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    found = devices()
    yield Check("devices", bool(found), ", ".join(found) or "none")
    yield _codecs()
    yield from _window()
    yield _disk()
    yield _offline(open_project)


def _codecs() -> Check:
    from app.imaging.codecs import decodable

    can = decodable()
    missing = [name for name, available in can.items() if not available]
    return Check("codecs", not missing, f"not readable: {', '.join(missing)}" if missing else ", ".join(can))


def _window() -> Iterator[Check]:
    if not sys.platform.startswith("linux"):
        return
    missing = [name for name in WINDOW_LIBRARIES if not _loads(name)]
    yield Check("window libraries", not missing, f"missing: {', '.join(missing)}" if missing else "all there")
    fonts = next((font for folder in _font_folders() for font in folder.rglob("*.[to]tf")), None)
    yield Check("fonts", fonts is not None, "found" if fonts else "none; install fonts-dejavu-core")


def _font_folders() -> list[Path]:
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts"]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    return Check("disk", free >= ENOUGH_DISK, f"{free / 1e9:.0f} GB free in {Path.cwd()}")


def _offline(open_project: Callable[[Path], object]) -> Check:
    with tempfile.TemporaryDirectory(prefix="understudy-doctor-") as folder:
        calls = network_calls(lambda: open_project(Path(folder) / "project"))
    if calls:
        return Check("offline", False, f"network calls were seen: {'; '.join(calls)}")
    return Check("offline", True, "a project was made and opened without a network call")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
