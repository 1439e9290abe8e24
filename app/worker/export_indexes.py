"""The tables and lists that describe an export, over whatever image files are there.

``metadata.csv`` in every root, a MONAI datalist in every ``<kind>/<format>``, one datalist a format over real and
synthetic images together, one ``index.csv`` over everything, and a DICOMDIR in every DICOM root. They hold what
``Expected`` says of each file, and must not know where it came from.

A CSV is read by programs that guess types, so a column has one type everywhere: whole numbers, numbers with a point,
"true" and "false", or words. Class names stand as their folders are called, which readers take for words
(``app.domain.selection.folder_names``).
"""

from __future__ import annotations

import csv
import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.domain.export import Format
from app.imaging import dicomdir_writer
from app.worker.export_pages import VERSION
from app.worker.export_write import Expected, by_picture

TABLE = "metadata.csv"
INDEX = "index.csv"
DATALIST = "dataset.json"

COLUMNS = ("file_name", "label", "class", "split", "synthetic", "patient", "number")
FACTS = (
    "seed",
    "run",
    "samples",
    "checkpoint_sha256",
    "window_low",
    "window_high",
    "unit",
    "row_spacing_mm",
    "column_spacing_mm",
    "bits",
)
"""Columns of what is known of a picture besides: empty where it is not."""

LISTS = {"train": "training", "validation": "validation", "test": "test"}
"""Split to its list in a datalist, as MONAI names them (``monai.data.load_decathlon_datalist``)."""


def write_indexes(root: Path, files: Iterable[Expected], folders: Mapping[str, str]) -> None:
    """Write all tables and lists.

    Args:
        root: folder of the export; the image files are in it.
        files: they.
        folders: class name to folder name, of all classes of the export: a class has the same number in every list.

    Raises:
        OSError: a file cannot be written.
    """
    every = list(files)
    classes = {name: number for number, name in enumerate(sorted(folders.values()))}
    by_root: dict[str, list[Expected]] = defaultdict(list)
    for file in every:
        by_root["/".join(file.path.split("/")[:3])].append(file)
    for base, inside in sorted(by_root.items()):
        rows = [{"file_name": file.path.removeprefix(f"{base}/"), **_row(file, folders, classes)} for file in inside]
        _write_table(root / base / TABLE, (*COLUMNS, *FACTS), rows)
        if inside[0].format is Format.DICOM:
            names = [file.path.removeprefix(f"{base}/") for file in inside]
            dicomdir_writer.write(root / base, names, _file_set_uid(base, inside), VERSION)
    _write_datalists(root, every, folders, classes)
    _write_index(root, every, folders, classes)


def _file_set_uid(base: str, files: Iterable[Expected]) -> str:
    """UID of a file-set that follows from what is in it: the same for the same files, another for any other."""
    digest = hashlib.sha256("\n".join((base, *(file.sha256 for file in files))).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def _row(file: Expected, folders: Mapping[str, str], classes: Mapping[str, int]) -> dict[str, Any]:
    folder = folders[file.label]
    return {
        "label": folder,
        "class": classes[folder],
        "split": file.split,
        "synthetic": "true" if file.synthetic else "false",
        "patient": file.patient,
        "number": file.number,
        **{name: file.facts.get(name) for name in FACTS},
    }


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_index(root: Path, files: Iterable[Expected], folders: Mapping[str, str], classes: Mapping[str, int]) -> None:
    """One line a picture, with one column of paths a format."""
    every = list(files)
    formats = sorted({str(file.format) for file in every})
    rows = [
        {**_row(inside[0], folders, classes), **{str(file.format): file.path for file in inside}}
        for inside in by_picture(every)
    ]
    _write_table(root / INDEX, (*COLUMNS[1:], *formats, *FACTS), rows)


def _write_datalists(
    root: Path, files: Iterable[Expected], folders: Mapping[str, str], classes: Mapping[str, int]
) -> None:
    """``<kind>/<format>/dataset.json`` for each kind alone, and ``dataset_<format>.json`` for all that is there."""
    wholes: dict[str, list[Expected]] = defaultdict(list)
    for file in files:
        kind = file.path.split("/", 1)[0]
        wholes[f"{kind}/{file.format}/{DATALIST}"].append(file)
        wholes[f"dataset_{file.format}.json"].append(file)
    named = {folder: name for name, folder in folders.items()}
    labels = {str(number): named[folder] for folder, number in classes.items()}
    for name, inside in wholes.items():
        path = root / name
        above = path.parent.relative_to(root).as_posix()
        document: dict[str, Any] = {"labels": labels}
        for split, title in LISTS.items():
            items = [_item(file, above, classes[folders[file.label]]) for file in inside if file.split == split]
            document |= {f"num{title.capitalize()}": len(items)} | ({title: items} if items else {})
        path.write_text(_lines(document), encoding="utf-8", newline="\n")


def _item(file: Expected, above: str, label: int) -> dict[str, Any]:
    """One picture of a datalist.

    ``image`` is the only text in it: MONAI takes every other text that is also a name below the list for a path.
    """
    image = file.path if above == "." else file.path.removeprefix(f"{above}/")
    return {"image": image, "label": label, "synthetic": file.synthetic, "number": file.number}


def _lines(document: Mapping[str, Any]) -> str:
    """JSON with one item of a list a line: as readable as it is quick to write."""
    parts: list[str] = []
    for key, value in document.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in value) + "\n ]"
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
