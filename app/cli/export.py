"""``understudy export``: write what may leave to a new folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project, listed
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count, per_class
from app.domain.errors import BadUsage
from app.domain.export import ExportPlan, ExportRequest, Format, Include

if TYPE_CHECKING:
    from app.compose import Services

EPILOG = """examples:
  understudy export ~/chest --samples SAMPLES --out ~/chest-synthetic
  understudy export ~/chest --samples SAMPLES --out ~/chest-both --include real,synthetic --format png,dicom
  understudy export ~/chest --samples SAMPLES --out ~/chest-synthetic --dry-run

The folder is new; nothing is ever overwritten. Synthetic images are marked as synthetic in every format. Real
images are those of the training split, de-identified. A manifest lists every file with its checksum."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT, what leaves, and where to."""
    add_project(parser)
    parser.add_argument("--samples", metavar="SAMPLES", help="the sample set to export")
    parser.add_argument("--cohort", metavar="NAME", help="the cohort whose real images are exported")
    parser.add_argument("--out", metavar="DIR", required=True, help="a new or an empty folder")
    parser.add_argument(
        "--format",
        dest="formats",
        type=listed(*(one.value for one in Format)),
        default=("png",),
        metavar="LIST",
        help="png, dicom, nifti, or several with commas (default png)",
    )
    parser.add_argument(
        "--include",
        type=listed(*(one.value for one in Include)),
        metavar="LIST",
        help="real, synthetic or real,synthetic (default: synthetic; with --cohort alone: real)",
    )
    parser.add_argument(
        "--profile", default="basic", choices=["basic"], metavar="NAME", help="de-identification profile: basic"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would leave, and write nothing")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Export in a worker, or plan it."""
    if not options.samples and not options.cohort:
        raise BadUsage("bad-usage", text="Say what to export: --samples or --cohort", command="understudy export")
    with opened(options.project) as services:
        request = _request(services, options)
        if options.dry_run:
            return _planned(services.exports.plan(request), request)
        outcome = follow(lambda: services.exports.start(request, on_message=output.message), output)
    return Ending.of_outcome(outcome, text(outcome.result))


def _request(services: Services, options: argparse.Namespace) -> ExportRequest:
    include = options.include or (("synthetic",) if options.samples else ("real",))
    if "synthetic" in include and not options.samples:
        raise BadUsage("bad-usage", text="Synthetic images need --samples", command="understudy export")
    cohort = options.cohort
    if "real" in include and cohort is None:
        run_id = services.generation.load(options.samples).run
        cohort = services.training.run(run_id).record.cohort
    return ExportRequest(
        out=str(Path(options.out).expanduser().absolute()),
        samples=options.samples if "synthetic" in include else None,
        cohort=cohort,
        formats=tuple(Format(name) for name in options.formats),
        include=tuple(Include(name) for name in include),
        profile=options.profile,
    )


def _planned(plan: ExportPlan, request: ExportRequest) -> Ending:
    lines = [f"{count(plan.files, 'file')} would be written to {request.out} (about {plan.bytes / 1e6:.1f} MB)."]
    for name, counts in (("synthetic", plan.per_class), ("real", plan.real_per_class)):
        if counts:
            lines.append(f"  {name}: {per_class(counts)}")
    return Ending.done(
        "\n".join([*lines, *plan.left_out, *plan.notices]),
        dry_run=True,
        out=request.out,
        files=plan.files,
        per_class=plan.per_class,
        real_per_class=plan.real_per_class,
        bytes=plan.bytes,
        left_out=list(plan.left_out),
        notices=list(plan.notices),
    )


def text(result: dict[str, Any]) -> str:
    """Where it lies and what is in it."""
    line = f"{count(result.get('files', 0), 'file')} in {result.get('out', '')}"
    if counts := result.get("per_class"):
        line += f": {per_class(counts)}"
    if left := result.get("left_out", 0):
        line += f"; {count(left, 'image')} left out, listed in the manifest"
    return line + "."
