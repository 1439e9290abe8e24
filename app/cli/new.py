"""``understudy new``: make a project folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.render import Output

EPILOG = """example:
  understudy new ~/chest

A project keeps what it needs in one folder that you can copy, back up and delete. Your images stay where they
are; nothing is ever written to them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT."""
    add_project(parser, help_text="a new or an empty folder")


def run(options: argparse.Namespace, _output: Output) -> Ending:
    """Make the project."""
    from app import compose

    services = compose.create_project(Path(options.project))
    try:
        folder = str(services.project.root)
    finally:
        services.close()
    return Ending.done(f"The project lies in {folder}. Next: understudy import {options.project} PATH", project=folder)
