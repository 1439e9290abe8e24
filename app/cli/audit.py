"""``understudy audit``: measure a sample set against real images that were kept unseen."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened

EPILOG = """example:
  understudy audit ~/chest --samples SAMPLES

Three questions are answered with figures: do the images look like unseen real ones, do they show the class that
was asked for, and is any of them a copy of a training image? The report has the pictures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT and the sample set."""
    add_project(parser)
    parser.add_argument("--samples", metavar="SAMPLES", required=True, help="the sample set to judge")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Audit in a worker."""
    with opened(options.project) as services:
        outcome = follow(lambda: services.audits.start(options.samples, on_message=output.message), output)
    return Ending.of_outcome(outcome, text(outcome.result))


def text(result: dict[str, Any]) -> str:
    """The verdicts and where the report lies."""
    lines = [f"{verdict['level'].upper():<8} {verdict['sentence']}" for verdict in result.get("verdicts", ())]
    return "\n".join([*lines, f"Report: {result.get('report', '')}"])
