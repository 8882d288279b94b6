from __future__ import annotations

from harness.subjects.recording import Recorder

CONFIG = {"hidden_size": 8, "text_config": {"num_hidden_layers": 2, "unread": 1}, "list": [{"kind": 1}]}


def test_nothing_is_read_by_copying() -> None:
    recorder = Recorder()
    assert len({**recorder.mapping(CONFIG)}) == len(CONFIG)
    assert recorder.read == frozenset()


def test_reads_are_noticed_through_copies_and_merges() -> None:
    recorder = Recorder()
    recorded = recorder.mapping(CONFIG)
    merged = {**dict(recorded), **recorded["text_config"]}
    assert merged["num_hidden_layers"] == 2
    assert {"text_config", "text_config.num_hidden_layers"} <= recorder.read
    assert "text_config.unread" not in recorder.read


def test_asking_whether_a_field_is_there_is_reading_it() -> None:
    recorder = Recorder()
    assert "hidden_size" in recorder.mapping(CONFIG)
    assert recorder.read == {"hidden_size"}


def test_objects_in_lists_are_recorded_too() -> None:
    recorder = Recorder()
    assert recorder.mapping(CONFIG)["list"][0].get("kind") == 1
    assert {"list", "list[0].kind"} <= recorder.read
