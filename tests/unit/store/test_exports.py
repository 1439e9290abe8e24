"""The log of what left: every change of it is found out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.export import ExportRecord
from app.store import exports
from app.store.audits import file_sha256
from app.store.project import Project

RECORD = ExportRecord("2026-11-21T12:30:00+00:00", "/there", "set-0", "chest", 9, {"a": 4}, {}, 0, "ab", "")


@pytest.fixture
def project(tmp_path):
    made = Project.create(tmp_path / "project")
    yield made
    made.close()


@pytest.fixture
def log(project):
    for number in range(4):
        exports.append(project, replace(RECORD, manifest_sha256=f"{number}"))
    return project.exports_log


def test_an_untouched_log_holds(project, log):
    chain = exports.verify_chain(project)
    assert (chain.lines, chain.holds) == (4, True)
    assert [one.manifest_sha256 for one in exports.records(project)] == ["3", "2", "1", "0"]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_changed_line_is_found(project, log, number):
    lines = log.read_bytes().splitlines()
    lines[number] = lines[number].replace(b"/there", b"/where")
    log.write_bytes(b"\n".join(lines) + b"\n")
    chain = exports.verify_chain(project)
    assert not chain.holds
    assert "backup" in chain.sentence


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_removed_line_is_found(project, log, number):
    lines = log.read_bytes().splitlines()
    del lines[number]
    log.write_bytes(b"\n".join(lines) + b"\n")
    assert not exports.verify_chain(project).holds


def test_a_log_that_is_gone_is_found(project, log):
    log.unlink()
    chain = exports.verify_chain(project)
    assert not chain.holds
    assert "lost its end" in chain.sentence


def test_a_forged_line_is_found_where_two_were_added(project, log):
    first = exports.append(project, RECORD)
    head = log.read_bytes()
    for _ in range(2):
        exports.append(project, first)
    longer = log.read_bytes()
    log.write_bytes(head)
    assert not exports.verify_chain(project).holds
    log.write_bytes(longer)
    assert exports.verify_chain(project).holds


def test_an_export_that_was_announced_and_got_its_name_is_logged_after_a_kill(project, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    record = replace(RECORD, out=str(out), manifest_sha256=file_sha256(out / "manifest.json"))
    exports.announce(project, record)
    assert exports.verify_chain(project).lines == 1
    assert exports.verify_chain(project).lines == 1
    assert exports.records(project)[0].out == str(out)


def test_an_export_that_was_announced_and_never_got_its_name_is_not_logged(project, tmp_path):
    exports.announce(project, replace(RECORD, out=str(tmp_path / "never")))
    assert exports.verify_chain(project).lines == 0


def test_lines_of_an_older_program_are_read(project):
    old = {"t": "2026-01-01", "out": "/x", "samples": "s", "cohort": "", "files": 1, "per_class": {"a": 1}}
    old |= {"real_per_class": {}, "left_out": 0, "manifest_sha256": "m", "previous": ""}
    project.exports_log.write_text(json.dumps(old) + "\n")
    assert exports.records(project)[0].profile == ""
    assert exports.verify_chain(project).holds
