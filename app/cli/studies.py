"""``understudy studies``: list what the library holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count

if TYPE_CHECKING:
    from app.domain.study import Series, Study

EPILOG = """example:
  understudy studies ~/chest

Patients are shown by a number that means nothing outside the project, never by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT."""
    add_project(parser)


def run(options: argparse.Namespace, _output: Output) -> Ending:
    """List the studies, and what was set aside."""
    with opened(options.project) as services:
        studies = services.catalogue.studies()
        aside = services.catalogue.quarantined()
    records = [_study(study) for study in studies]
    quarantined = [{"path": row.path, "reason": row.reason} for row in aside]
    return Ending.done(_text(records, len(quarantined)), studies=records, quarantined=quarantined)


def _study(study: Study) -> dict[str, Any]:
    series = [_series(one) for one in study.series]
    return {"study": study.key, "label": study.label, "date": study.date, "patient": study.patient, "series": series}


def _series(series: Series) -> dict[str, Any]:
    return {
        "series": series.key,
        "description": series.description,
        "modality": series.modality,
        "kind": series.kind.value,
        "images": len(series.instances),
        "folder": series.folder,
        "warnings": list(series.warnings),
    }


def _text(studies: list[dict[str, Any]], aside: int) -> str:
    lines = []
    for study in studies:
        images = sum(series["images"] for series in study["series"])
        lines.append(f"{study['label']}  patient {study['patient'][:8]}  {count(images, 'image')}")
        for series in study["series"]:
            kind = series["modality"] or series["kind"]
            lines.append(
                f"    {series['series'][:12]}  {kind}  {series['description']}  {count(series['images'], 'image')}"
            )
            lines += [f"        {warning}" for warning in series["warnings"]]
    lines.append(f"{count(len(studies), 'study', 'studies')}, {count(aside, 'file')} set aside.")
    return "\n".join(lines)
