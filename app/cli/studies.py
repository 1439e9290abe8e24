"""``understudy studies``: list what the library holds."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count

if TYPE_CHECKING:
    from app.domain.study import SeriesLine

EPILOG = """example:
  understudy studies ~/chest

Patients are shown by a number that means nothing outside the project, never by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT."""
    add_project(parser)


def run(options: argparse.Namespace, _output: Output) -> Ending:
    """List the studies, and what was set aside."""
    with opened(options.project) as services:
        lines = services.catalogue.lines()
        aside = services.catalogue.quarantined()
    by_study: dict[str, list[SeriesLine]] = defaultdict(list)
    for line in lines:
        by_study[line.study].append(line)
    records = [_study(members) for members in by_study.values()]
    quarantined = [{"path": row.path, "reason": row.reason} for row in aside]
    return Ending.done(_text(records, len(quarantined)), studies=records, quarantined=quarantined)


def _study(lines: Sequence[SeriesLine]) -> dict[str, Any]:
    first = lines[0]
    series = [_series(line) for line in lines]
    head = {"study": first.study, "label": first.study_label, "date": first.date, "patient": first.patient}
    return {**head, "series": series}


def _series(line: SeriesLine) -> dict[str, Any]:
    return {
        "series": line.key,
        "description": line.description,
        "modality": line.modality,
        "kind": line.kind.value,
        "images": line.images,
        "unchecked": line.unchecked,
        "apart": line.apart,
        "folder": line.folder,
        "warnings": list(line.warnings),
        "tags": list(line.tags),
    }


def _text(studies: list[dict[str, Any]], aside: int) -> str:
    lines = []
    for study in studies:
        images = sum(series["images"] for series in study["series"])
        lines.append(f"{study['label']}  patient {study['patient'][:8]}  {count(images, 'image')}")
        for series in study["series"]:
            kind = series["modality"] or series["kind"]
            images = count(series["images"], "image")
            if series["apart"]:
                images += f", set apart ({series['apart']})"
            if series["unchecked"]:
                images += f", {series['unchecked']} not checked yet"
            lines.append(f"    {series['series'][:12]}  {kind}  {series['description']}  {images}")
            lines += [f"        {warning}" for warning in series["warnings"]]
    lines.append(f"{count(len(studies), 'study', 'studies')}, {count(aside, 'file')} set aside.")
    return "\n".join(lines)
