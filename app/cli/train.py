"""``understudy train``: train a model on a cohort, or go on with a training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.arguments import (
    add_project,
    add_seed,
    at_least,
    device,
    duration,
)
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened
from app.domain import families
from app.domain.errors import BadUsage

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.process import Job

EPILOG = """examples:
  understudy train ~/chest --cohort first                       ten minutes
  understudy train ~/chest --cohort first --budget overnight
  understudy train ~/chest --resume run-20261121-131500-ab12

Ctrl-C stops and keeps the best so far; --resume goes on from there."""

DEFAULT_BUDGET_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT, what to train on, and how long."""
    add_project(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--cohort", metavar="NAME", help="train on this cohort")
    what.add_argument("--resume", metavar="RUN", help="go on with this run, from its last checkpoint")
    parser.add_argument(
        "--family",
        choices=families.NAMES,
        default="auto",
        metavar="NAME",
        help=f"kind of model: {', '.join(families.NAMES)} (default auto: chosen by the cohort, the budget and the "
        "machine)",
    )
    long = parser.add_mutually_exclusive_group()
    long.add_argument(
        "--budget",
        type=duration,
        metavar="TIME",
        help="how long to train: 90s, 10m, 2h, overnight (default 10m); with --resume: so much longer",
    )
    long.add_argument(
        "--steps",
        type=at_least(1),
        metavar="N",
        help="how many training steps instead of a time; with --resume: so many more",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="PATH",
        help="start from the weights of a checkpoint (its classes may differ), or of a MONAI bundle's folder or ZIP",
    )
    add_seed(parser, "training")
    parser.add_argument(
        "--device", type=device, default="auto", metavar="NAME", help="auto (default), cpu, cuda, cuda:1 or mps"
    )
    parser.add_argument(
        "--devices",
        type=at_least(1),
        default=1,
        metavar="N",
        help="how many devices of that kind share every step (default 1); --resume keeps their number",
    )


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Train in a worker."""
    with opened(options.project) as services:
        outcome = follow(lambda: _start(services, options, output), output)
    return Ending.of_outcome(outcome, _text(outcome.result, options.project))


def _start(services: Services, options: argparse.Namespace, output: Output) -> Job:
    if options.resume:
        job = services.training.resume(options.resume, **_longer(options), on_message=output.message)
    else:
        budget = options.budget if options.budget or options.steps else DEFAULT_BUDGET_S
        job = services.training.start(
            services.cohorts.load(options.cohort),
            family=options.family,
            budget_s=budget,
            steps=options.steps,
            seed=options.seed,
            device=options.device,
            devices=options.devices,
            from_checkpoint=None if options.start is None else Path(options.start).expanduser().absolute(),
            on_message=output.message,
        )
    output.say(f"run {job.spec.params['run']}")
    return job


def _longer(options: argparse.Namespace) -> dict[str, Any]:
    if options.start or options.family != "auto":
        raise BadUsage(
            "bad-usage",
            text="--resume goes on as the run began; leave out --family and --from",
            command="understudy train",
        )
    return {
        name: value for name, value in (("budget_s", options.budget), ("steps", options.steps)) if value is not None
    }


def _text(result: dict[str, Any], project: str) -> str:
    run_id = result.get("run", "")
    after = f"Next: understudy generate {project} --run {run_id} --per-class 100"
    return f"Trained: {run_id}, step {result.get('step')}. {after}"
