"""What ``import`` and ``studies`` tell: reasons by group, and every series as the library lists it."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

from app.cli import import_, studies
from app.cli.render import Output
from app.compose import Services


def aside(path: str, code: str, reason: str) -> dict[str, str]:
    return {"path": path, "code": code, "reason": reason}


def test_reasons_are_grouped_and_long_lists_are_cut() -> None:
    damaged = [aside(f"/in/{n}.dcm", "damaged-file", f"The file is damaged: {n}.") for n in range(8)]
    kept = aside("/in/seg.dcm", "kept-object", "The file holds a segmentation. It stays in this list.")
    lines = import_.summary({"imported": 3, "skipped": 2, "quarantined": [kept, *damaged]}).splitlines()
    assert lines[0] == "3 files imported, 2 already there, 9 set aside:"
    assert lines[1] == "  Damaged files (8)"
    assert lines[2] == "    /in/0.dcm: The file is damaged: 0."
    assert lines[7] == "    and 3 more; --json lists all of them"
    assert lines[8] == "  A segmentation (1)", "kept objects come last: they are no failures"


def test_nothing_aside_is_one_sentence_and_unchecked_files_are_named() -> None:
    assert import_.summary({"imported": 1, "quarantined": []}) == "1 file imported."
    assert "4 not checked yet" in import_.summary({"imported": 1, "unchecked": 4, "quarantined": []})


def test_studies_are_listed_with_tags_labels_and_state(filled: Services) -> None:
    folder = filled.project.root
    line = filled.catalogue.lines()[0]
    filled.catalogue.tag([line.key], add=["follow-up"])
    filled.catalogue.set_label(line.key, None, "odd")
    filled.close(0)
    options = argparse.Namespace(project=folder)
    out = io.StringIO()
    Output(as_json=True, out=out).finish(studies.run(options, Output(as_json=True)))
    record = json.loads(out.getvalue())
    series = {one["series"]: one for study in record["studies"] for one in study["series"]}
    assert len(series) == 36
    tagged = series[line.key]
    assert (tagged["tags"], tagged["labels"], tagged["images"], tagged["unchecked"]) == (["follow-up"], ["odd"], 1, 0)
    assert {"description", "modality", "kind", "folder", "warnings", "apart", "body_part"} <= tagged.keys()
    text = studies.run(options, Output(as_json=False)).text
    assert "#follow-up" in text
    assert text.splitlines()[-1] == "36 studies, 0 files set aside."


def test_set_aside_inputs_are_counted_by_reason(filled: Services, tmp_path: Path) -> None:
    from app.domain.study import Quarantined
    from app.store.library import Library

    Library(filled.project).set_aside(
        [Quarantined(str(tmp_path / f"{n}"), "not-an-image", "This is not an image.") for n in range(3)]
    )
    filled.close(0)
    text = studies.run(argparse.Namespace(project=filled.project.root), Output(as_json=False)).text
    assert text.endswith("36 studies, 3 files set aside.\n    Not images: 3")
