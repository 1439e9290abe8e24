"""Class folders as two widely used readers take them, after their documentation; neither is installed here.

torchvision: ``torchvision.datasets.ImageFolder`` (``find_classes``, ``make_dataset``). Hugging Face: ``load_dataset(
"imagefolder", data_dir=...)`` (``datasets``: data_files.py, packaged_modules/folder_based_builder).
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
SEPARATORS = "-._ 0-9"
MISSING = {"", "NA", "N/A", "n/a", "nan", "NaN", "None", "null", "NULL", "<NA>", "#N/A"}


def torchvision_folder(root: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """Classes in their order, and (path, class number) of every picture; a class without a picture is an error."""
    classes = sorted(path.name for path in root.iterdir() if path.is_dir())
    assert classes, "no class folder"
    pictures: list[tuple[str, int]] = []
    for number, name in enumerate(classes):
        inside = sorted(path for path in (root / name).rglob("*") if path.name.lower().endswith(ENDINGS))
        assert inside, f"no picture of {name}"
        pictures += [(str(path), number) for path in inside]
    return classes, pictures


def imagefolder(root: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of every split, with ``image`` for ``file_name``; what the reader would refuse is an error here."""
    splits = {split: [path for path in _files(root) if _belongs(path, words)] for split, words in WORDS.items()}
    found: dict[str, list[dict[str, str]]] = {}
    types: dict[str, str] | None = None
    for split, paths in splits.items():
        if not paths:
            continue
        rows: list[dict[str, str]] = []
        for table in (path for path in paths if path.name == "metadata.csv"):
            with (root / table).open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    image = root / table.parent / row.pop("file_name")
                    assert image.is_file()
                    rows.append({"image": str(image), **row})
        assert {row["image"] for row in rows} == {str(root / p) for p in paths if p.name.lower().endswith(ENDINGS)}
        guessed = {name: _type([row[name] for row in rows]) for name in rows[0]}
        assert types in (None, guessed), f"columns of {split} have other types than those of the splits before"
        types = guessed
        found[split] = rows
    return found


def _files(root: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())


def _belongs(path: Path, words: tuple[str, ...]) -> bool:
    """Whether a folder above a file is called after a split, alone or beside a separator."""
    pattern = re.compile(rf"(^|.*[{SEPARATORS}])({'|'.join(words)})($|[{SEPARATORS}].*)")
    return any(pattern.fullmatch(part) for part in path.parent.parts)


def _type(values: list[str]) -> str:
    there = [value for value in values if value not in MISSING]
    if len(there) < len(values) and there:
        assert all(_is_number(value) for value in there), "a word column with missing values"
    if not there:
        return "number"
    if all(value in ("true", "false", "True", "False") for value in there):
        return "truth"
    if all(_is_number(value) for value in there):
        whole = len(there) == len(values) and all(re.fullmatch(r"[+-]?\d+", value) for value in there)
        return "whole" if whole else "number"
    return "word"


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
