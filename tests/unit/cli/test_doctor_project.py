"""``understudy doctor PROJECT``: whether the record of what left a project is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import main
from app.domain.export import ExportRecord
from app.services import checkup
from app.store import exports
from app.store.project import Project


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a project with two exports; the machine itself is not looked at."""
    monkeypatch.setattr(checkup, "checkup", lambda _devices, _open: iter(()))
    project = Project.create(tmp_path / "trial")
    try:
        for manifest in ("1", "2"):
            record = ExportRecord("2026-01-01T00:00:00Z", "/there", "", "trial", 3, {}, {"a": 1}, 0, manifest, "")
            exports.append(project, record)
        return project.exports_log
    finally:
        project.close()


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main(["doctor", *words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return document


def test_a_whole_log_is_well(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = answer(capsys, str(log.parent))
    assert (last["outcome"], last["ok"]) == ("done", True)
    assert [check["name"] for check in last["checks"]] == ["export log"]
    assert "2 exports" in last["checks"][0]["found"]


def test_a_changed_log_is_something_to_look_at(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_bytes(log.read_bytes().replace(b"/there", b"/where", 1))
    last = answer(capsys, str(log.parent))
    assert last["ok"] is False
    assert "line 1" in last["checks"][0]["found"]
    assert main(["doctor", str(log.parent)]) == 0
    assert "LOOK  export log: " in capsys.readouterr().err


def test_what_is_no_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkup, "checkup", lambda _devices, _open: iter(()))
    assert answer(capsys, str(tmp_path / "nowhere"))["outcome"] == "refused"
    assert answer(capsys, str(tmp_path), "--deid")["code"] == "bad-usage"
