"""Other de-identification tools with their defaults, each as "read this file, write that one"."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom

Clean = Callable[[Path, Path], None]


def peers() -> dict[str, Clean]:
    """The peers that are installed, by name."""
    makers = {"dicom-anonymizer": ("dicomanonymizer", _dicom_anonymizer), "dicognito": ("dicognito", _dicognito)}
    return {name: make() for name, (module, make) in makers.items() if importlib.util.find_spec(module)}


def _dicom_anonymizer() -> Clean:
    from dicomanonymizer import anonymize_dicom_file

    def clean(source: Path, target: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            anonymize_dicom_file(str(source), str(target))

    return clean


def _dicognito() -> Clean:
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer()

    def clean(source: Path, target: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(source)
            anonymizer.anonymize(dataset)
            dataset.save_as(target)

    return clean
