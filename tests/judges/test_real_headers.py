"""Real scanners' headers through the allow-list: what is kept still makes a valid file, and nothing identifying is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from app.deid import engine
from app.deid.leaks import Search
from app.deid.rules import AllowList
from app.imaging import dicom_writer
from tests.helpers.judges import dicom_errors
from tests.helpers.pages import ct_page, real
from tests.helpers.real_data import real_data

pytestmark = [pytest.mark.judge, pytest.mark.real]


def first_files() -> list[Path]:
    """One file of every real DICOM series; none where the real images are absent."""
    root = Path(__file__).parents[2].parent / "shared" / "data" / "dicom_series"
    folders = sorted(path for path in root.glob("*") if path.is_dir())
    found = [next((p for p in sorted(folder.rglob("*")) if p.is_file() and _is_dicom(p)), None) for folder in folders]
    return [path for path in found if path is not None]


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def test_real_headers_make_valid_files_without_identities(tmp_path):
    real_data("dicom_series")
    files = first_files()
    assert len(files) >= 3
    for number, source in enumerate(files):
        header = engine.read_header(source)
        modality = str(header.Modality)
        screened = engine.screen(header, AllowList.of(modality))
        unit = "HU" if modality == "CT" else "stored"
        page = replace(real(ct_page(modality=modality, unit=unit)), acquisition=screened.kept)
        out = tmp_path / f"{number}.dcm"
        dicom_writer.write(out, page)
        assert dicom_errors(out) == [], source.parent.name
        assert not Search(screened.identities).found_in(out)
        assert screened.removed > 10
        kept = pydicom.dcmread(out)
        assert all(kept.get(keyword) == value for keyword, value in screened.kept.items())
