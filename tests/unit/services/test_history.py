"""Where a run stands, read from its folder alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.run import RunRecord, RunState
from app.jobs.messages import Metric, Phase
from app.services.history import history, latest_checkpoint, read_run
from app.store.folders import write_json

RECORD = RunRecord("run-1", "c", "", "vae", "", None, 5, 0, "cpu", "2026-01-01", {}, {}, ("a",))


def event(second: int, kind: str, /, **fields: object) -> str:
    return json.dumps({"t": f"2026-01-01T00:00:{second:02}.000+00:00", "event": kind, **fields})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_json(tmp_path / "run.json", RECORD.to_json())
    (tmp_path / "checkpoints").mkdir()
    return tmp_path


HELLO = {"job": "run-1", "pid": 1, "device": "cpu", "schema": 1, "versions": {}}
FIRST = [event(0, "hello", **HELLO), event(10, "metric", step=4, values={"loss": 1.0})]
AGAIN = [event(30, "hello", **HELLO), event(35, "metric", step=6, values={"loss": 0.5})]


@pytest.mark.parametrize(
    ("events", "state", "seconds"),
    [
        ([], RunState.INTERRUPTED, 0),
        (FIRST, RunState.INTERRUPTED, 10),
        ([*FIRST, event(11, "finished", outcome="stopped", result={})], RunState.STOPPED, 11),
        ([*FIRST, event(11, "finished", outcome="stopped", result={}), *AGAIN], RunState.INTERRUPTED, 16),
        ([*FIRST, *AGAIN, event(36, "finished", outcome="done", result={})], RunState.DONE, 16),
        ([*FIRST, event(12, "failed", code="diverged", facts={}, outcome="failed", detail="")], RunState.FAILED, 12),
    ],
)
def test_the_state_is_that_of_the_last_worker(folder: Path, events: list[str], state: RunState, seconds: float) -> None:
    (folder / "events.jsonl").write_text("\n".join(events))
    info = read_run(folder, alive=False)
    assert (info.state, info.seconds) == (state, seconds)
    assert read_run(folder, alive=True).state is RunState.RUNNING


def test_the_history_goes_over_all_resumes_and_past_what_it_does_not_know(folder: Path) -> None:
    strange = [event(5, "invented", x=1), event(6, "phase", name="Training"), event(7, "phase", title="?")]
    (folder / "events.jsonl").write_text("\n".join([*FIRST, *strange, *AGAIN, "{half a li"]))
    heard = [m for m in history(folder) if m.kind != "hello"]
    assert heard == [Metric(4, {"loss": 1.0}), Phase("Training"), Metric(6, {"loss": 0.5})]
    assert read_run(folder, alive=False).last_step == 6


def test_a_checkpoint_counts_when_both_files_are_there(folder: Path) -> None:
    checkpoints = folder / "checkpoints"
    for step, suffixes in {9: (".json", ".safetensors"), 10: (".json",), 11: (".safetensors",)}.items():
        for suffix in suffixes:
            (checkpoints / f"step-{step:06d}{suffix}").write_text("")
    assert latest_checkpoint(folder) == checkpoints / "step-000009.json"
    assert read_run(folder, alive=False).last_step == 9
