"""``understudy doctor``: is this machine fit for the work, and does the program stay offline?"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.cli.ending import Ending
from app.cli.render import Output

EPILOG = """example:
  understudy doctor

Send the answer along when you ask for help: it names no patient and no file."""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(_options: argparse.Namespace, output: Output) -> Ending:
    """Look at everything and say it line by line."""
    from app.services.checkup import checkup

    checks = []
    for check in checkup(_devices, _make_and_open):
        checks.append(check)
        output.say(f"{'ok  ' if check.ok else 'LOOK'}  {check.name}: {check.found}")
    wrong = [check.name for check in checks if not check.ok]
    text = f"Look at: {', '.join(wrong)}." if wrong else "All is well."
    return Ending.done(text, ok=not wrong, checks=[asdict(check) for check in checks])


def _devices() -> list[str]:
    from app.services import hardware

    return [f"{device.id} ({device.name})" for device in hardware.devices()]


def _make_and_open(folder: Path) -> None:
    from app import compose

    services = compose.create_project(folder)
    services.catalogue.lines()
    services.close()
