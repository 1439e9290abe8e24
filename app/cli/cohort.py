"""``understudy cohort``: choose images, label them, split them by patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project, add_seed, picture_size, positive
from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count
from app.domain.cohort import SPLITS
from app.domain.recipe import WINDOW_PRESETS, Plane, Recipe, Window

if TYPE_CHECKING:
    from app.domain.cohort import Cohort
    from app.domain.condition import Attribute

EPILOG = f"""examples:
  understudy cohort ~/chest first                               classes are the folders' names
  understudy cohort ~/chest first --label-by csv:labels.csv     columns: file, label, and split if you like
  understudy cohort ~/ct lungs --label-by tag:SeriesDescription --window lung --size 96
  understudy cohort ~/ct part --from ~/ct-images/site-a         only what lies below this folder
  understudy cohort ~/ct rich --attributes csv:known.csv        columns: file, and one for each attribute
  understudy cohort ~/ct rich --attributes dicom:PatientSex,PatientAge,Manufacturer

Attributes are what an image can be asked to show besides its class: a column of numbers is a number, else it has up
to 12 categories; empty cells are unknown. Columns that tell persons apart (names, numbers, dates) are left out.
Whole patients go to one of the splits train, val and test, never a part of one. The model never sees test.
Window presets: {", ".join(WINDOW_PRESETS)}."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT NAME and how the images become a cohort."""
    add_project(parser)
    parser.add_argument("name", metavar="NAME", help="what to call the cohort")
    parser.add_argument(
        "--from", dest="under", metavar="PATH", nargs="+", default=[], help="only images below these paths"
    )
    parser.add_argument(
        "--label-by",
        metavar="HOW",
        default="folder",
        help="folder (the name of each image's folder, the default), csv:FILE, tag:KEYWORD (a DICOM attribute), or "
        "hand (labels given in the window)",
    )
    parser.add_argument(
        "--split",
        metavar="HOW",
        default="70/15/15",
        help="shares of train/val/test by patient (default 70/15/15), or csv:FILE with a column “split”",
    )
    parser.add_argument("--size", type=picture_size, default=64, metavar="N", help="size in pixels (default 64)")
    parser.add_argument(
        "--plane",
        choices=[plane.value for plane in Plane],
        default="native",
        help="which slices of a volume (default native)",
    )
    parser.add_argument(
        "--window", default="auto", metavar="HOW", help="auto (default), a preset, or CENTER/WIDTH as 40/400"
    )
    parser.add_argument(
        "--spacing",
        type=positive,
        default=None,
        metavar="MM",
        help="resample to this pixel spacing; default: fit the slice",
    )
    parser.add_argument(
        "--keep-faces",
        action="store_true",
        help="do not look for faces in head CT and MR; otherwise they are taken out before anything is learnt",
    )
    add_seed(parser, "split")
    parser.add_argument(
        "--attributes",
        action="append",
        default=[],
        metavar="HOW",
        help="what else is known of the images: csv:FILE, or dicom:KEYWORD,KEYWORD; may be repeated",
    )
    parser.add_argument(
        "--unlabelled",
        action="store_true",
        help="learn from the chosen images without a label too (never from those of patients who are held out)",
    )


def run(options: argparse.Namespace, _output: Output) -> Ending:
    """Make and save the cohort."""
    recipe = Recipe(
        plane=Plane(options.plane),
        window=Window.parse(options.window),
        size=options.size,
        spacing_mm=options.spacing,
        deface=not options.keep_faces,
    )
    with opened(options.project) as services:
        cohort = services.cohorts.make(
            options.name,
            recipe,
            label_by=options.label_by,
            split=options.split,
            under=[Path(path).expanduser().absolute() for path in options.under],
            seed=options.seed,
            attributes=options.attributes,
            unlabelled=options.unlabelled,
        )
        verdict = services.cohorts.verdict(cohort)
    return Ending.done(
        _text(cohort, verdict),
        cohort=cohort.name,
        images=len(cohort.labelled),
        classes=cohort.counts(),
        unlabelled=cohort.unlabelled,
        attributes=[_facts(attribute) for attribute in cohort.attributes],
        patients=cohort.patients(),
        patients_known=cohort.patients_known,
        notices=list(cohort.notices),
        verdict=verdict,
    )


def _text(cohort: Cohort, verdict: str) -> str:
    without = {"no label": {**dict.fromkeys(SPLITS, 0), "train": cohort.unlabelled}} if cohort.unlabelled else {}
    rows = {**cohort.counts(), **without, "patients": cohort.patients()}
    width = max(len(name) for name in rows)
    images = f"{count(len(cohort.labelled), 'image')} in {count(len(cohort.classes), 'class', 'classes')}"
    lines = [f"{cohort.name}: {images}", f"  {'':<{width}}" + "".join(f"{split:>8}" for split in SPLITS)]
    for name, splits in rows.items():
        lines.append(f"  {name:<{width}}" + "".join(f"{splits[split]:>8}" for split in SPLITS))
    known = [f"{one.name}: {one.choices()} ({count(one.known, 'image')})" for one in cohort.attributes]
    return "\n".join([*lines, *known, *cohort.notices, verdict])


def _facts(attribute: Attribute) -> dict[str, Any]:
    kind = {"values": list(attribute.values)} if attribute.values else {"low": attribute.low, "high": attribute.high}
    return {"name": attribute.name, **kind, "known": attribute.known}
