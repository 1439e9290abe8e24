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
  understudy import ~/chest scan.nii.gz /media/cd export.zip

Files are read where they lie and never changed; those in a ZIP are unpacked into the project. What cannot be read is
set aside with its reason, and the rest is imported. Importing the same files again changes nothing, and goes on where
an import was stopped."""

_FILES_SHOWN = 5
"""Files named for one reason."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT PATH..."""
    add_project(parser)
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="files, folders (searched through and through), ZIP archives, a DICOMDIR",
    )


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Import in a worker."""
    paths = [Path(path).expanduser().absolute() for path in options.paths]
    with opened(options.project) as services:
        outcome = follow(lambda: services.intake.start(paths, on_message=output.message), output)
    return Ending.of_outcome(outcome, summary(outcome.result))


def summary(result: dict[str, object]) -> str:
    """The result of an import in plain words: what was set aside by reason, the first files of each named."""
    from app.domain.set_aside import grouped
    from app.domain.study import Quarantined

    rows = result.get("quarantined")
    aside = (
        [Quarantined(row["path"], row.get("code", ""), row["reason"]) for row in rows] if isinstance(rows, list) else []
    )
    text = f"{count(_number(result, 'imported'), 'file')} imported"
    if skipped := _number(result, "skipped"):
        text += f", {skipped} already there"
    if unchecked := _number(result, "unchecked"):
        text += f", {unchecked} not checked yet (import them again)"
    if not aside:
        return text + "."
    lines = [f"{text}, {len(aside)} set aside:"]
    for group in grouped(aside):
        lines.append(f"  {group.title} ({len(group.inputs)})")
        lines += [f"    {one.path}: {one.reason}" for one in group.inputs[:_FILES_SHOWN]]
        if len(group.inputs) > _FILES_SHOWN:
            lines.append(f"    and {len(group.inputs) - _FILES_SHOWN} more; --json lists all of them")
    return "\n".join(lines)


def _number(result: dict[str, object], name: str) -> int:
    value = result.get(name, 0)
    return value if isinstance(value, int) else 0
