"""The verbs of the command line, in the order of the work: one table, from which dispatch and help are made."""

from __future__ import annotations

import argparse
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from app.cli.ending import Ending
    from app.cli.render import Output


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: the module that carries it out (imported only when asked for) and its line in the help."""

    module: str
    summary: str


VERBS: dict[str, Verb] = {
    "demo": Verb("app.cli.demo", "the whole road on invented patients, or on your folder of labelled images"),
    "doctor": Verb("app.cli.doctor", "check this machine: devices, codecs, fonts, disk, and that nothing goes online"),
    "new": Verb("app.cli.new", "make a project folder"),
    "import": Verb("app.cli.import_", "read DICOM, NIfTI, NRRD, MetaImage, PNG, JPEG and TIFF files into a project"),
    "studies": Verb("app.cli.studies", "list what the project's library holds"),
    "cohort": Verb("app.cli.cohort", "choose images, label them, and split them by patient"),
    "train": Verb("app.cli.train", "train a model on a cohort, or resume a training"),
    "generate": Verb("app.cli.generate", "draw synthetic images from a trained run"),
    "audit": Verb("app.cli.audit", "measure synthetic images against real ones that were kept unseen"),
    "export": Verb("app.cli.export", "write an anonymised, marked dataset to a new folder"),
}


class VerbModule(Protocol):
    """What every module of the table provides."""

    EPILOG: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's arguments."""
        ...

    def run(self, options: argparse.Namespace, output: Output) -> Ending:
        """Carry the verb out; problems are raised as ``UnderstudyError``."""
        ...


def load(name: str) -> VerbModule:
    """The module of a verb of the table."""
    return cast("VerbModule", importlib.import_module(VERBS[name].module))
