"""``understudy doctor``: is this machine fit for the work, does the program stay offline, and is what leaves clean?

Of a project it says whether the record of what left it is whole.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.session import opened
from app.domain.deid import Profile
from app.domain.errors import BadUsage, Failed

if TYPE_CHECKING:
    from app.services.checkup import Check

EPILOG = """examples:
  understudy doctor
  understudy doctor ~/chest                      (and: was the log of its exports changed?)
  understudy doctor --deid                       (invented patients, the profile that removes most)
  understudy doctor --deid --profile research

Send the answer along when you ask for help: it names no patient and no file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A project to look at too; the self-test of de-identification, and with which profile."""
    parser.add_argument("project", metavar="PROJECT", nargs="?", help="check the log of what left this project as well")
    parser.add_argument(
        "--deid",
        action="store_true",
        help="plant invented identities in images of many kinds, de-identify them, and score what is left",
    )
    parser.add_argument(
        "--profile",
        choices=[profile.value for profile in Profile],
        help=f"with --deid: the profile to test (otherwise {Profile.MAXIMUM})",
    )


def run(options: argparse.Namespace, output: Output) -> Ending:
    """Look at everything and say it line by line."""
    if options.deid and options.project:
        raise BadUsage("bad-usage", text="--deid tests the program, not a project", command="understudy doctor")
    if options.deid:
        return _deid(Profile(options.profile or Profile.MAXIMUM))
    if options.profile:
        raise BadUsage("bad-usage", text="--profile belongs to --deid", command="understudy doctor")
    return _checkup(output, options.project)


def _checkup(output: Output, project: str | None) -> Ending:
    """Raises ``Refused`` where there is no such project."""
    from app.services.checkup import checkup

    checks: list[Check] = []
    for check in chain(_exports_log(project) if project else (), checkup(_devices, _make_and_open)):
        checks.append(check)
        output.say(f"{'ok  ' if check.ok else 'LOOK'}  {check.name}: {check.found}")
    wrong = [check.name for check in checks if not check.ok]
    text = f"Look at: {', '.join(wrong)}." if wrong else "All is well."
    return Ending.done(text, ok=not wrong, checks=[asdict(check) for check in checks])


def _exports_log(project: str) -> Iterator[Check]:
    from app.services.checkup import Check

    with opened(project) as services:
        log = services.exports.verify_log()
    yield Check("export log", log.holds, log.sentence)


def _deid(profile: Profile) -> Ending:
    """The self-test's table, and exit status 4 where it did not pass."""
    from app.services import deid_check

    result = deid_check.self_test(profile)
    text, fields = deid_check.table(result), result.to_json()
    if result.passed:
        return Ending.done(text, **fields)
    share = f"{result.score.total.share:.2%}"
    error = Failed("deid-self-test", profile=profile.value, left=result.hits_left, share=share)
    fields |= {"code": error.code, "message": str(error)}
    return Ending(error.outcome, fields, f"{text}\n{error}", error.exit_status)


def _devices() -> list[str]:
    from app.services import hardware

    return [f"{device.id} ({device.name})" for device in hardware.devices()]


def _make_and_open(folder: Path) -> None:
    from app import compose

    services = compose.create_project(folder)
    services.catalogue.lines()
    services.close()
