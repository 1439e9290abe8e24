"""The model card and the audit page of an export with synthetic images (after Mitchell et al., “Model Cards for Model
Reporting”, FAccT 2019).

The audit page of a project shows real images beside generated ones, for its owner's eyes. This one shows figures only,
so it may leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.audit import AuditRecord
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.services.card import Block, Card, Points, Section, Table, Text
from app.worker import export_statements as say
from app.worker.export_card_text import figure, findings
from app.worker.export_pages import PROGRAM
from app.worker.export_story import Story, Tally

OUT_OF_SCOPE = (
    "Diagnosis or treatment, or any decision about a patient.",
    "Testing or validating a model: synthetic images are no evidence of how a model does on patients.",
    "Standing in for patients, scanners or findings that are missing in the training images.",
)


def model_card(story: Story, tally: Tally) -> Card | None:
    """The card of the model that drew the synthetic images; ``None`` without any."""
    run, samples = story.run, story.samples
    if run is None or samples is None:
        return None
    return Card(
        "Model card",
        f"The generative model that drew the {tally.total('synthetic'):,} synthetic images of this export. The model "
        "itself is not part of it.",
        (
            Section("The model", (Text(run.reason), Table(("", ""), tuple(_model(run, samples))))),
            Section("What it learnt from", _learnt(story, run)),
            Section("How the images were drawn", (Table(("", ""), tuple(_drawn(story, samples))),)),
            Section("What the review found", findings(story)),
            Section("Intended use", (Text(story.intended_use),)),
            Section("Not for", (Points(OUT_OF_SCOPE),)),
            Section("Limits, biases and privacy", (Points((*say.limitations(story), *say.biases(story))),)),
            Section("Made with", (Table(("part", "version"), tuple(sorted(run.versions.items()))),)),
        ),
        f"{PROGRAM}. Weights SHA-256 {samples.checkpoint_sha256}. Not for diagnosis or treatment.",
    )


def _model(run: RunRecord, samples: SampleSetRecord) -> Iterator[tuple[str, str]]:
    yield "family", run.family
    yield "run", run.id
    yield "seed of the training", str(run.seed)
    yield "time allowed", "not limited" if run.budget_s is None else f"{run.budget_s:g} s"
    yield "steps allowed", "not limited" if run.steps is None else f"{run.steps:,}"
    yield "device", run.device if run.devices == 1 else f"{run.devices} devices, {run.device}"
    yield "began", "from the weights of an earlier training" if run.start else "anew"
    yield "weights (SHA-256)", samples.checkpoint_sha256


def _learnt(story: Story, run: RunRecord) -> tuple[Block, ...]:
    return (
        Text(say.collection(story)),
        Text(say.preparation(story)),
        Text(f"Classes: {', '.join(run.classes)}. Validation and test images were never learnt from."),
    )


def _drawn(story: Story, samples: SampleSetRecord) -> Iterator[tuple[str, str]]:
    yield "sample set", samples.id
    yield "first seed", str(samples.seed)
    yield "steps of the sampler", "the family's own" if samples.steps is None else str(samples.steps)
    yield "guidance", "the family's own" if samples.guidance is None else figure(samples.guidance)
    yield "drawn again as suspected copies", str(samples.screened_out)
    yield "left out of the export", str(story.synthetic_left_out)


def audit_page(story: Story) -> Card | None:
    """The findings alone, without a picture; ``None`` without an audit."""
    record, samples = story.audit, story.samples
    if record is None or samples is None:
        return None
    return Card(
        "Review of the synthetic images",
        f"{len(record.nearest):,} generated images of sample set {samples.id} were compared with real ones "
        f"({record.reference}).",
        (
            Section("What was found", findings(story)),
            Section("Left out of this export", _left_out(record)),
            Section("Made with", (Table(("part", "version"), tuple(sorted(record.versions.items()))),)),
        ),
        f"Audit {record.id} of {record.created}. Images SHA-256 {record.samples_sha256}. Weights SHA-256 "
        f"{samples.checkpoint_sha256}.",
    )


def _left_out(record: AuditRecord) -> tuple[Block, ...]:
    suspected = len(record.suspected_copies)
    return (Text(f"{say.number(suspected, 'suspected copy', 'suspected copies')} of training images."),)
