"""Exports that end before their time: killed at many moments, on a disk that is full, in a real worker process."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import compose
from app.domain.errors import Failed
from app.domain.export import ExportRequest, Format, Include
from app.jobs.messages import Phase
from app.store.project import Project
from app.worker.channel import RecordingChannel
from app.worker.export import export
from tests.helpers import killed_exports
from tests.helpers.projects import Ground

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and limits are those of Linux")

POINTS = 24


def request(ground: Ground, out: Path) -> ExportRequest:
    kinds = (Include.SYNTHETIC, Include.REAL)
    formats = (Format.PNG, Format.DICOM)
    return ExportRequest(str(out), ground.samples, "trial", formats, kinds, splits=("val",))


def test_nothing_is_ever_at_the_target_and_the_next_attempt_makes_the_same_bytes(
    ground: Ground, tmp_path: Path
) -> None:
    asked = json.dumps(request(ground, tmp_path / "unused").to_json())
    (tmp_path / "targets").mkdir()
    command = [sys.executable, killed_exports.__file__, str(ground.root), asked, str(tmp_path / "targets"), str(POINTS)]
    folder = Path(killed_exports.__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    points = told["points"]
    assert len(points) == POINTS
    assert sum(one["killed"] for one in points) >= 20, told
    assert not [one for one in points if one["torn"] or one["others"] or one["left"] or not one["same"]]
    assert sum(not one["landed"] for one in points) >= 20
    project = Project.open(ground.root)
    services = compose.open_project(ground.root)
    try:
        chain = services.exports.verify_log()
        assert (chain.lines, chain.holds) == (POINTS + 2, True)
    finally:
        services.close(0)
        project.close()


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def test_a_killed_worker_leaves_only_the_hidden_folder_and_goes_on(ground: Ground, tmp_path: Path) -> None:
    services = compose.open_project(ground.root)
    asked = ExportRequest(str(tmp_path / "to" / "out"), ground.samples, "trial")
    try:
        kill: list[int] = []

        def on_message(message: object) -> None:
            if isinstance(message, Phase) and message.name == "Checking what was written" and job.pid and not kill:
                kill.append(job.pid)
                os.kill(job.pid, signal.SIGKILL)

        job = services.exports.start(asked, on_message=on_message)
        outcome = job.wait(120)
        assert outcome is not None
        if outcome.state == "crashed":
            assert [path.name.startswith(".out.") for path in (tmp_path / "to").iterdir()] == [True]
        assert kill
        outcome = services.exports.start(asked).wait(120)
        assert outcome is not None
        assert outcome.state in ("done", "refused"), outcome
        assert [path.name for path in (tmp_path / "to").iterdir()] == ["out"]
        assert services.exports.verify_log().holds
        assert len(services.exports.records()) == 1
    finally:
        services.close(0)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    ground: Ground, ground_project: Project, tmp_path: Path
) -> None:
    def full(message: object) -> None:
        if isinstance(message, Phase) and message.name == "Writing images":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1500, unlimited[1]))

    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    asked = ExportRequest(str(tmp_path / "to" / "out"), ground.samples, "trial", (Format.DICOM,))
    try:
        with pytest.raises(Failed) as failure:
            export(ground_project, asked, RecordingChannel(full))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, before)
    assert failure.value.code == "disk-full"
    assert not (tmp_path / "to").exists()
    assert not ground_project.exports_log.exists()
