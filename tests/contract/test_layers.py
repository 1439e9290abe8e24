"""The layers of the design, proved in fresh interpreters: what is loaded when a layer is imported, lazily or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEAVY = {"torch", "monai"}
QT = {"PySide6", "pyqtgraph"}
FORMATS = {"pydicom", "nibabel", "SimpleITK"}
DATABASE = {"sqlalchemy", "alembic"}
FIGURES = {"scipy", "skimage", "sklearn", "matplotlib"}

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in {names!r}:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), name + "."):
        if not found.name.endswith(("__main__", "migrations.env")):
            importlib.import_module(found.name)
print(" ".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def loaded_by(*names: str) -> set[str]:
    """Top-level packages that importing all of these leaves in a fresh interpreter."""
    command = [sys.executable, "-c", IMPORT_ALL.format(names=names)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("layer", "kept_out"),
    [
        ("app.__main__", HEAVY | QT | FORMATS | DATABASE | FIGURES | {"numpy", "models"}),
        ("app.domain", HEAVY | QT | FORMATS | DATABASE | FIGURES | {"PIL", "models"}),
        ("app.jobs", HEAVY | QT | FORMATS | DATABASE | FIGURES | {"PIL", "models"}),
        ("app.cli", HEAVY | QT | FORMATS | DATABASE | FIGURES | {"models"}),
        ("app.store", HEAVY | QT | FORMATS | FIGURES | {"models"}),
        ("app.imaging", HEAVY | QT | DATABASE | {"models"}),
        ("app.deid", HEAVY | QT | DATABASE | {"models"}),
        ("app.services", HEAVY | QT | {"models"}),
        ("app.compose", HEAVY | QT | {"models"}),
        ("app.ui.application", HEAVY | FIGURES | {"models", "SimpleITK", "nibabel", "pyqtgraph"}),
        ("app.ui", HEAVY | {"models"}),
        ("app.worker", QT),
        # MONAI loads pydicom and nibabel by itself; that our own modules do not is an import contract's matter.
        ("models", QT | DATABASE | {"app", "SimpleITK"}),
    ],
)
def test_a_layer_loads_only_what_is_below_it(layer: str, kept_out: set[str]) -> None:
    assert loaded_by(layer) & kept_out == set()


def test_importing_is_seen() -> None:
    assert {"pydicom", "app"} <= loaded_by("app.imaging")
