"""``understudy export``: write what may leave to a new folder."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project, listed
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count, per_class
from app.domain.cohort import SPLITS
from app.domain.deid import RULES, Option, Profile
from app.domain.errors import BadUsage
from app.domain.export import ExportRequest, Format, Include, Storage

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome

EPILOG = """examples:
  understudy export ~/chest --samples SAMPLES --out ~/chest-synthetic
  understudy export ~/chest --samples SAMPLES --out ~/chest-both --include real,synthetic --format png,dicom
  understudy export ~/chest --cohort chest --out ~/chest-real --format dicom --profile research
  understudy export ~/chest --samples SAMPLES --out ~/chest-synthetic --dry-run

The folder is new; nothing is ever overwritten. Synthetic images are marked as synthetic in every format and are never
part of the test split. Real images are de-identified and looked at for burned-in text and faces; under the profile
“maximum”, what could not be checked does not leave. A manifest lists every file with its checksum. An export that was
killed goes on where it was when it is asked for again.

The dry run reads every header, writes nothing at the target, and makes a sheet to sign inside the project."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT, what leaves, how, and where to."""
    add_project(parser)
    parser.add_argument("--samples", metavar="SAMPLES", help="the sample set to export")
    parser.add_argument("--cohort", metavar="NAME", help="the cohort whose real images are exported")
    parser.add_argument("--out", metavar="DIR", required=True, help="a new or an empty folder")
    _add_content(parser)
    _add_protection(parser)
    _add_words(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would leave, and write nothing there")
    parser.add_argument(
        "--check-pixels", action="store_true", help="with --dry-run: look at every picture, not at a sample"
    )


def _add_content(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        dest="formats",
        type=listed(*(one.value for one in Format)),
        default=("png",),
        metavar="LIST",
        help="png, tiff, dicom, nifti, or several with commas (default png)",
    )
    parser.add_argument(
        "--include",
        type=listed(*(one.value for one in Include)),
        metavar="LIST",
        help="real, synthetic or real,synthetic (default: synthetic; with --cohort alone: real)",
    )
    parser.add_argument(
        "--splits",
        type=listed(*SPLITS),
        default=SPLITS,
        metavar="LIST",
        help="parts of the cohort that leave as real images, each apart: train, val, test (default all)",
    )
    parser.add_argument(
        "--storage",
        choices=[one.value for one in Storage],
        default=Storage.MODALITY.value,
        help="DICOM class of slices that are written anew (default modality)",
    )
    parser.add_argument("--zip", dest="zipped", action="store_true", help="one ZIP file instead of many files")
    parser.add_argument(
        "--sign", dest="signed", action="store_true", help="sign synthetic PNG and TIFF files (C2PA, the project's key)"
    )


def _add_protection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile",
        default=Profile.MAXIMUM.value,
        choices=[one.value for one in Profile],
        help="de-identification of real images (default maximum)",
    )
    parser.add_argument(
        "--options",
        type=listed(*(one.value for one in Option)),
        default=(),
        metavar="LIST",
        help=f"further options of DICOM PS3.15: {', '.join(one.value for one in Option)}",
    )


def _add_words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--licence", default="", metavar="TEXT", help="under which terms the data may be used")
    parser.add_argument("--intended-use", default="", metavar="TEXT", help="what the data is for")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why less is protected; kept in log and cards")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Export in a worker, or find out there what an export would be."""
    if not options.samples and not options.cohort:
        raise BadUsage("bad-usage", text="Say what to export: --samples or --cohort", command="understudy export")
    if options.check_pixels and not options.dry_run:
        raise BadUsage("bad-usage", text="--check-pixels belongs to --dry-run", command="understudy export")
    with opened(options.project) as services:
        request = _request(services, options)
        exports = services.exports
        if options.dry_run:
            pixels = options.check_pixels
            outcome = follow(lambda: exports.check(request, pixels=pixels, on_message=output.message), output)
            return _dry(outcome)
        outcome = follow(lambda: exports.start(request, on_message=output.message), output)
    return Ending.of_outcome(outcome, text(outcome.result))


def _dry(outcome: Outcome) -> Ending:
    """The end of a dry run; what stays is told as sentences."""
    ending = Ending.of_outcome(outcome, planned(outcome.result))
    if not outcome.result:
        return ending
    stays = [f"{count(stay, 'image')}: {reason}" for reason, stay in outcome.result["left_out"].items()]
    fields = {**outcome.result, "dry_run": True, "out": outcome.result["request"]["out"], "left_out": stays}
    return replace(ending, fields=fields)


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
        options=tuple(options.options),
        splits=tuple(options.splits),
        storage=Storage(options.storage),
        licence=options.licence,
        intended_use=options.intended_use,
        zipped=options.zipped,
        signed=options.signed,
        reason=options.reason,
    )


def planned(result: dict[str, Any]) -> str:
    """A dry run in words."""
    if not result:
        return ""
    size = f"about {result['bytes'] / 1e6:.1f} MB at most"
    lines = [f"{count(result['files'], 'image file')} would be written to {result['request']['out']} ({size})."]
    kinds = (("synthetic", "per_class"), ("real", "real_per_class"), ("real, by part", "real_per_split"))
    lines += [f"  {name}: {per_class(result[key])}" for name, key in kinds if result[key]]
    lines += [f"  {count(fired, 'time')}: {RULES.get(rule, rule)}" for rule, fired in result["fired"].items()]
    if result["with_text"]:
        lines.append(f"  {count(result['with_text'], 'picture')} with text that will be blacked out")
    lines += [f"Left out, {count(stay, 'image')}: {reason}" for reason, stay in result["left_out"].items()]
    return "\n".join([*lines, *result["notices"], f"To read and sign: {result['html']} in the project."])


def text(result: dict[str, Any]) -> str:
    """Where it lies and what is in it."""
    line = f"{count(result.get('files', 0), 'file')} in {result.get('out', '')}"
    if counts := result.get("per_class"):
        line += f": {per_class(counts)}"
    if left := result.get("left_out", 0):
        line += f"; {count(left, 'image')} left out, listed in the manifest"
    return line + "."
