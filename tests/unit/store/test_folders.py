"""Writing that survives a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import Failed
from app.store.folders import append_event, new_id, read_events, read_json, staged, write_json


def test_a_record_comes_back(tmp_path: Path) -> None:
    write_json(tmp_path / "r.json", {"a": "größe", "b": [1, None]})
    write_json(tmp_path / "r.json", {"a": 2})
    assert read_json(tmp_path / "r.json") == {"a": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_write_that_fails_leaves_the_old_record(tmp_path: Path) -> None:
    write_json(tmp_path / "r.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "r.json", {"a": object()})
    assert read_json(tmp_path / "r.json") == {"a": 1}


def test_a_damaged_record_has_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(Failed, match="cannot be read"):
        read_json(tmp_path / "r.json")


def test_a_staged_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with staged(tmp_path / "out") as folder:
        (folder / "a").write_text("a")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").read_text() == "a"
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "other"):
        raise ZeroDivisionError
    with pytest.raises(FileExistsError), staged(tmp_path / "out"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_event_log_cut_off_by_a_crash_is_read_up_to_there(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_event(log, {"event": "a"})
    append_event(log, {"event": "b"})
    log.write_text(log.read_text()[:-5])
    assert [e["event"] for e in read_events(log)] == ["a"]
    append_event(log, {"event": "c"})
    assert [e["event"] for e in read_events(log)] == ["a", "c"]


def test_ids_differ_and_sort_by_time() -> None:
    assert new_id("run").startswith("run-20")
    assert len({new_id("run") for _ in range(50)}) > 45
