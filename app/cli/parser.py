"""Parsers made from the table of verbs; only the module of the verb that was asked for is imported."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from app.cli.verbs import VERBS, VerbModule, load
from app.domain.errors import BadUsage

PROGRAM = "understudy"

_DESCRIPTION = """Understudy makes more images for training from the images that you have: it learns on this machine,
shows what it drew beside real images, measures it, and writes an anonymised dataset. It never goes online."""

_EPILOG = """Without a verb, the window opens. PROJECT is a folder.

The road, once:
  understudy new ~/chest
  understudy import ~/chest ~/images            (one sub-folder a class)
  understudy cohort ~/chest first
  understudy train ~/chest --cohort first --budget 10m
  understudy generate ~/chest --run RUN --per-class 100
  understudy audit ~/chest --samples SAMPLES
  understudy export ~/chest --samples SAMPLES --out ~/chest-synthetic

Every verb explains itself: understudy train --help
Exit status: 0 done, 2 the request was not understood, 3 refused, 4 failed, 130 stopped."""


class Parser(argparse.ArgumentParser):
    """argparse, with usage errors as ``BadUsage`` so that ``--json`` can answer them too."""

    def error(self, message: str) -> NoReturn:
        """A usage error.

        Raises:
            BadUsage: always.
        """
        text = message[:1].upper() + message[1:]
        raise BadUsage("bad-usage", text=text, command=self.prog)


def parse(argv: Sequence[str]) -> tuple[VerbModule, argparse.Namespace]:
    """The verb's module and its options.

    ``--json`` may stand anywhere; the edge has read it already, so that usage errors can be answered in JSON too.

    Raises:
        BadUsage: no such verb, or arguments that do not fit it.
        SystemExit: ``--help`` or ``--version`` was answered.
    """
    words = [word for word in argv if word != "--json"]
    name = words[0] if words else ""
    if name not in VERBS:
        _without_verb(words)
    module = load(name)
    parser = _verb_parser(name, module)
    return module, parser.parse_args(words[1:])


def _verb_parser(name: str, module: VerbModule) -> Parser:
    summary = VERBS[name].summary
    parser = Parser(
        prog=f"{PROGRAM} {name}",
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help="for scripts: one JSON object a line, the last one “finished”"
    )
    return parser


def _without_verb(words: Sequence[str]) -> NoReturn:
    """Answer ``--help`` and ``--version``, and anything else that is no verb with a usage error."""
    lines = "\n".join(f"  {name:<10} {verb.summary}" for name, verb in VERBS.items())
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [VERB] [options]",
        description=f"{_DESCRIPTION}\n\nVerbs, in the order of the work:\n{lines}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version('understudy')}")
    wrong = next((word for word in words if not word.startswith("-")), None)
    if wrong is None:
        parser.parse_args(words)
        parser.error("No verb was given")
    near = difflib.get_close_matches(wrong, VERBS, n=1)
    parser.error(f"“{wrong}” is not a verb" + (f" (did you mean “{near[0]}”?)" if near else ""))
