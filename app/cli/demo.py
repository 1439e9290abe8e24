"""``understudy demo``: the whole road at once, for a first result or for a folder of labelled images."""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.arguments import add_seed, at_least, duration, picture_size
from app.cli.ending import Ending
from app.cli.follow import follow_call
from app.cli.render import Output
from app.cli.wording import clock, per_class
from app.domain.errors import Failed, Refused, UnderstudyError
from app.jobs.messages import Phase

if TYPE_CHECKING:
    from app.services.demo import RoadPlan, RoadResult

EPILOG = """examples:
  understudy demo                                    on invented patients, under five minutes on two cores
  understudy demo --from ~/images --budget 10m       on your images: one sub-folder a class

What is made lies in one new folder: project (everything, to go on with), export (the dataset) and report.html."""

DEFAULT_FOLDER = "understudy-demo"
DEFAULT_BUDGET_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, how long, and on what."""
    parser.add_argument(
        "--out", metavar="DIR", help=f"a new folder (default ./{DEFAULT_FOLDER}, numbered if it exists)"
    )
    parser.add_argument(
        "--from", dest="source", metavar="FOLDER", help="your images, one sub-folder a class; DICOM too"
    )
    parser.add_argument(
        "--budget", type=duration, metavar="TIME", help="how long to train: 90s, 2m (default for your images), 1h"
    )
    parser.add_argument("--steps", type=at_least(1), metavar="N", help="how many training steps, instead of a time")
    parser.add_argument(
        "--per-class", type=at_least(1), default=24, metavar="N", help="images of every class (default 24)"
    )
    parser.add_argument("--size", type=picture_size, metavar="N", help="size in pixels (default: by the budget)")
    add_seed(parser, "result")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Walk the road in a new folder."""
    from app.services.demo import SAMPLE_STEPS, RoadPlan

    source = None if options.source is None else Path(options.source).expanduser().resolve()
    if source is not None and not source.exists():
        raise Refused("path-missing", path=str(source))
    out = _new_folder(options.out)
    briefly = source is None and options.budget is None
    plan = RoadPlan(
        out=out / "export",
        source=source,
        budget_s=options.budget or DEFAULT_BUDGET_S,
        steps=options.steps or (SAMPLE_STEPS if briefly else None),
        per_class=options.per_class,
        size=options.size,
        seed=options.seed,
    )
    began = time.monotonic()
    result = _walk(plan, out, output)
    report = _bring_report(Path(result.report), out)
    seconds = time.monotonic() - began
    fields = {**asdict(result), "report": str(report), "project": str(out / "project"), "seconds": round(seconds, 1)}
    return Ending.done(_text(result, report, seconds), **fields)


def _walk(plan: RoadPlan, out: Path, output: Output) -> RoadResult:
    from app import compose
    from app.services.demo import STAGES, Road

    reached: list[str] = []

    def on_stage(stage: str) -> None:
        reached.append(stage)
        output.message(Phase(f"{STAGES.index(stage) + 1}/{len(STAGES)} {stage.capitalize()}"))

    services = compose.create_project(out / "project")
    try:
        road = Road(services, plan, on_message=output.message, on_stage=on_stage)
        return follow_call(road.run, road, output)
    except UnderstudyError:
        if "train" not in reached:
            shutil.rmtree(out)
        raise
    finally:
        services.close()


def _new_folder(asked: str | None) -> Path:
    """Make the folder: the one asked for, which must be new or empty, or the first free default name.

    Raises:
        Refused: it exists and holds something.
        Failed: it cannot be made.
    """
    if asked is not None:
        folder = Path(asked).expanduser().absolute()
    else:
        base = Path.cwd() / DEFAULT_FOLDER
        names = (base, *(base.with_name(f"{DEFAULT_FOLDER}-{number}") for number in range(2, 1000)))
        folder = next(name for name in names if not name.exists())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Refused("folder-not-empty", path=str(folder))
    except OSError as error:
        raise Failed("unwritable", path=str(folder), detail=error.strerror or str(error)) from error
    return folder


def _bring_report(report: Path, out: Path) -> Path:
    """Put the report beside the export, where a person looks first; its pictures are inside the page."""
    target = out / "report.html"
    shutil.copyfile(report, target)
    return target


def _text(result: RoadResult, report: Path, seconds: float) -> str:
    lines = [f"Done in {clock(seconds)}: {per_class(result.per_class)}."]
    lines += [f"  {verdict['level'].upper():<8} {verdict['sentence']}" for verdict in result.verdicts]
    return "\n".join([*lines, f"The dataset: {result.out}", f"The report:  {report}"])
