"""Planted identities in what leaves: the program's own road from import to export, maximum protection, every byte.

DICOM, NIfTI and PNG as folders and as a ZIP, its members unpacked; names of files and folders are searched too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from app.deid.planting.plant import plant_all
from app.deid.scoring import hits as scoring_hits
from tests.benchmarks.figures import Figure
from tests.helpers.command import understudy

FORMATS = ("dicom", "nifti", "png")


def measure(_repeats: int) -> list[Figure]:
    """Export planted files twice, as folders and as a ZIP, and search."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        texts = _plant(folder / "source")
        planted = _hits((folder / "source").rglob("*"), folder, texts)
        _cohort(folder)
        open_note, zip_note = _export(folder, "out"), _export(folder, "packed", "--zip")
        searched = {name: (folder / "out" / "real" / name).rglob("*") for name in FORMATS}
        searched["the whole folder"] = (folder / "out").rglob("*")
        figures = [_figure(name, _hits(paths, folder, texts), planted, open_note) for name, paths in searched.items()]
        packed = [path for path in folder.rglob("packed*") if path.is_file()] + [*(folder / "packed").rglob("*")]
        assert any(path.suffix == ".zip" for path in packed), "no ZIP was written"
        return [*figures, _figure("zip", _hits(packed, folder, texts), planted, zip_note)]


def _plant(folder: Path) -> frozenset[str]:
    """Planted files in two class folders; all that identifies anybody."""
    planted = plant_all(folder / "first")
    (folder / "second").mkdir()
    for one in planted[1::2]:
        one.path.rename(folder / "second" / one.path.name)
    return frozenset(text for one in planted for text in one.identities)


def _cohort(folder: Path) -> None:
    understudy("new", folder / "project").done()
    understudy("import", folder / "project", folder / "source").done()
    understudy("cohort", folder / "project", "all", "--label-by", "folder", "--split", "50/25/25").done()


def _export(folder: Path, name: str, *more: str) -> str:
    """Export in all formats; what a reader must know of it."""
    words = ("export", folder / "project", "--cohort", "all", "--out", folder / name, "--format", ",".join(FORMATS))
    done = understudy(*words, "--profile", "maximum", *more).done()
    images = sum(done["real_per_class"].values())
    return f"{images} images left the program, {done['left_out']} stayed; no hit is allowed"


def _figure(name: str, left: int, planted: int, note: str) -> Figure:
    return Figure(f"identities left in {name}", left, "planted", planted, float(not left), 1.0, unit="hits", note=note)


def _hits(paths: Iterable[Path], folder: Path, texts: frozenset[str]) -> int:
    """Hits in the names and bytes of files and in the names of folders.

    Raises:
        AssertionError: there is no file to search, so that nothing found would mean nothing.
    """
    found, files = 0, 0
    for path in paths:
        if path.is_file():
            files += 1
            found += sum(scoring_hits.count(path, texts).values())
        else:
            name = str(path.relative_to(folder)).casefold()
            found += sum(text.casefold() in name for text in texts)
    assert files, "nothing was written"
    return found
