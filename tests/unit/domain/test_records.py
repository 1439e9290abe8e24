"""Records survive JSON; windows are read and written; every code has a sentence."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import errors, wording
from app.domain.audit import AuditRecord, Level, Verdict
from app.domain.recipe import Plane, Recipe, Window
from app.domain.run import RunRecord
from app.domain.sample_set import Sample, SampleSetRecord

APP = Path(__file__).resolve().parents[3] / "app"

RUN = RunRecord("run-1", "c", "cache/x", "vae", "why", 60.0, None, 3, "cpu", "2026-01-01", {"a": "1"}, {}, ("x", "y"))
SAMPLES = SampleSetRecord(
    id="s",
    run="r",
    checkpoint="step-1.json",
    checkpoint_sha256="ab",
    steps=None,
    guidance=1.5,
    seed=0,
    created="2026-01-01",
    screened_out=2,
    window=(-160.0, 240.0),
    pixel_spacing_mm=(0.7, 0.7),
    samples=(Sample(0, "x", 5), Sample(1, "y", 6, kept=False)),
)
AUDIT = AuditRecord(
    id="a",
    samples="s",
    samples_sha256="cd",
    created="2026-01-01",
    verdicts=(Verdict("copies", Level.PASS, "None.", {"n": 3, "rate": 0.0}),),
    suspected_copies=(1, 2),
    nearest=((0, 4, 0.5), (1, 2, 0.25)),
    reference="held-out",
    versions={},
)


@pytest.mark.parametrize("record", [RUN, SAMPLES, AUDIT])
def test_a_record_survives_json(record: RunRecord | SampleSetRecord | AuditRecord) -> None:
    assert type(record).from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_recipe_survives_json() -> None:
    for deface in (True, False):
        recipe = Recipe(Plane.SAGITTAL, Window("manual", 40, 400), 96, 1.25, deface)
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_a_recipe_from_before_faces_were_looked_for_keeps_them() -> None:
    assert Recipe().deface
    before = {name: value for name, value in Recipe().to_json().items() if name != "deface"}
    assert Recipe.from_json(before) == replace(Recipe(), deface=False)


def test_what_is_counted_and_judged() -> None:
    assert SAMPLES.counts() == {"x": 1}
    assert (AUDIT.level("copies"), AUDIT.level("fidelity")) == (Level.PASS, Level.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "limits"),
    [("auto", None), ("lung", (-1350.0, 150.0)), ("40/400", (-160.0, 240.0)), ("-50.5/1", (-51, -50))],
)
def test_windows_are_read_and_written(text: str, limits: tuple[float, float] | None) -> None:
    assert Window.parse(text).limits() == limits
    assert Window.parse(Window.parse(text).text()) == Window.parse(text)


@pytest.mark.parametrize("text", ["", "40", "40/", "40/0", "40/-5", "a/b", "Lung"])
def test_other_windows_are_refused(text: str) -> None:
    with pytest.raises(errors.BadUsage, match="is not a window"):
        Window.parse(text)


def test_every_code_that_the_program_raises_has_a_sentence() -> None:
    used = {code for path in APP.rglob("*.py") for code in _codes(ast.parse(path.read_text(encoding="utf-8")))}
    assert len(used) > 30
    assert sorted(used - wording.SENTENCES.keys()) == []


def test_a_sentence_never_fails_for_want_of_a_fact() -> None:
    for code in wording.SENTENCES:
        assert "{" not in wording.sentence(code, {})
    assert "/here" in str(errors.Refused("project-missing", path="/here"))


def _codes(tree: ast.AST) -> set[str]:
    """Literal codes of raised errors, outcomes and notices."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        first = node.args[0] if node.args else None
        if name in ("BadUsage", "Refused", "Failed", "Stopped", "notice") and isinstance(first, ast.Constant):
            found.add(str(first.value))
        found |= {
            str(k.value.value)
            for k in node.keywords
            if name == "Outcome" and k.arg == "code" and isinstance(k.value, ast.Constant)
        }
    return found
