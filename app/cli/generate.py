"""``understudy generate``: draw synthetic images from a trained run."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.arguments import add_project, add_seed, at_least, positive
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count, per_class
from app.domain.errors import BadUsage

EPILOG = """examples:
  understudy generate ~/chest --run RUN --per-class 100
  understudy generate ~/chest --run RUN --class glioma=50 --class pituitary=10
  understudy generate ~/chest --run RUN --balance               fill every class up to the largest one
  understudy generate ~/chest --run RUN --per-class 20 --attribute Sex=F --attribute Age=70

Attributes that are not asked for are told to the model as they occur together in the training images of the class.
Images that come too near to a training image are drawn again; how many were is said at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT, the run, and how many of what."""
    add_project(parser)
    parser.add_argument("--run", dest="run_id", metavar="RUN", required=True, help="the training to draw from")
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--per-class", type=at_least(1), metavar="N", help="this many of every class")
    amount.add_argument(
        "--class",
        dest="classes",
        action="append",
        type=_class_count,
        metavar="NAME=N",
        help="this many of one class; may be repeated",
    )
    amount.add_argument("--balance", action="store_true", help="as many as make all classes equally large")
    parser.add_argument(
        "--attribute",
        dest="attributes",
        action="append",
        type=_attribute,
        default=[],
        metavar="NAME=VALUE",
        help="what every image is to show besides its class, where the cohort had attributes; may be repeated",
    )
    parser.add_argument("--steps", type=at_least(1), metavar="K", help="steps of the sampler; more is slower and finer")
    parser.add_argument(
        "--guidance", type=positive, metavar="G", help="how strongly the class is insisted on (1 = plainly)"
    )
    add_seed(parser, "images")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Generate in a worker."""
    classes = None if options.classes is None else dict(options.classes)
    attributes = dict(options.attributes)
    if len(attributes) < len(options.attributes):
        raise BadUsage("bad-usage", text="--attribute names an attribute twice", command="understudy generate")
    with opened(options.project) as services:
        outcome = follow(
            lambda: services.generation.start(
                options.run_id,
                per_class=options.per_class,
                classes=classes,
                balance=options.balance,
                attributes=attributes,
                steps=options.steps,
                guidance=options.guidance,
                seed=options.seed,
                on_message=output.message,
            ),
            output,
        )
    return Ending.of_outcome(outcome, _text(outcome.result, options.project))


def _class_count(text: str) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not equals or not name or not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not NAME=NUMBER, for example glioma=50")
    return name, int(number)


def _attribute(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"“{text}” is not NAME=VALUE, for example Sex=F")
    return name.strip(), value.strip()


def _text(result: dict[str, Any], project: str) -> str:
    samples = result.get("samples", "")
    lines = [f"Drawn: {samples}: {per_class(result.get('counts', {}))}."]
    if again := result.get("screened_out", 0):
        lines.append(f"{count(again, 'image')} came too near to a training image and were drawn again.")
    lines.append(f"Next: understudy audit {project} --samples {samples}")
    return "\n".join(lines)
