"""The outside judges of what is written: programs of the test extra, or of the machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def judge(name: str) -> str:
    """Path of an outside program, skipping the test where it is not installed."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (it is in the test extra)")
    return found


def dicom_errors(path: Path) -> list[str]:
    """What dciodvfy calls an error in a DICOM file."""
    report = subprocess.run([judge("dciodvfy"), "-new", str(path)], capture_output=True, text=True, check=False)
    lines = (report.stdout + report.stderr).splitlines()
    assert lines, "the judge said nothing"
    return [line for line in lines if line.startswith("Error")]
