"""``understudy import``: read files and folders into a project's library."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.follow import follow
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count

EPILOG = """examples:
  understudy import ~/chest ~/images              a folder with one sub-folder a class
  understudy import ~/chest scan.nii.gz /media/cd

Files are read where they lie and never changed. What cannot be read is set aside with its reason, and the rest
is imported. Importing the same files again changes nothing."""

_REASONS_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT PATH..."""
    add_project(parser)
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files and folders (searched through and through)")


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Import in a worker."""
    paths = [Path(path).expanduser().absolute() for path in options.paths]
    with opened(options.project) as services:
        outcome = follow(lambda: services.intake.start(paths, on_message=output.message), output)
    return Ending.of_outcome(outcome, summary(outcome.result))


def summary(result: dict[str, object]) -> str:
    """The result of an import in plain words."""
    aside = result.get("quarantined")
    rows = aside if isinstance(aside, list) else []
    text = f"{count(_number(result, 'imported'), 'file')} imported"
    if skipped := _number(result, "skipped"):
        text += f", {skipped} already there"
    if not rows:
        return text + "."
    lines = [f"{text}, {len(rows)} set aside:"]
    lines += [f"  {row['path']}: {row['reason']}" for row in rows[:_REASONS_SHOWN]]
    if len(rows) > _REASONS_SHOWN:
        lines.append(f"  and {len(rows) - _REASONS_SHOWN} more; --json lists all of them")
    return "\n".join(lines)


def _number(result: dict[str, object], name: str) -> int:
    value = result.get(name, 0)
    return value if isinstance(value, int) else 0
