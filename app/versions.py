"""What made a result: versions of the program and of the libraries that decide its numbers. Imports none of them."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("understudy", "torch", "monai", "numpy")


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    return (("python", platform.python_version()), *((name, _version(name)) for name in _PACKAGES))


def versions() -> dict[str, str]:
    """Name to version, for the record of a run or a sample set."""
    return dict(_versions())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
