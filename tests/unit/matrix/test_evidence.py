from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness import __version__
from harness.coordinates import Cell, Mode, Status
from harness.errors import MatrixFileError
from harness.matrix.evidence import evidence_file, read_evidence, write_evidence
from harness.matrix.records import Verdict
from harness.subjects.api import DataOrigin, Layout, Point, SubjectInfo, Worker

if TYPE_CHECKING:
    from pathlib import Path

SUBJECT = SubjectInfo("aiconfigurator", "0.12.0", "0.12.0")


def verdict(model: str = "m1", *, point: Point | None = None, log: str = "") -> Verdict:
    return Verdict(
        cell=Cell(model, "h100_sxm", "vllm", "1.10", Mode.AGG),
        architecture="Arch",
        status=Status.PASS if point else Status.FAIL,
        source="silicon" if point else "",
        error="" if point else "KeyError: x",
        command="cmd",
        point=point,
        origin=DataOrigin(("gemm",), ()) if point else None,
        points_tried=1,
        seconds=0.5,
        log=log,
    )


POINT = Point((Worker("agg", Layout(8, 1, 1, 1, 1, 1), 1, 4, 80 * 2**30 + 1),), 8, 12.5, 3.25, 640.0)


def test_evidence_is_read_back_typed_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.parquet"
    write_evidence([verdict("m2", log="bad \udcff\nline"), verdict(point=POINT)], SUBJECT, path)
    evidence = read_evidence(path)
    frame = evidence.frame
    assert list(frame["model"]) == ["m1", "m2"]
    assert list(frame["version"]) == ["1.10", "1.10"]
    assert frame["agg_memory_bytes"].tolist() == [80 * 2**30 + 1, pd.NA]
    assert str(frame["gpus"].dtype) == "Int64"
    assert str(frame["ttft_ms"].dtype) == "float64"
    first = frame.iloc[0]
    assert (first["deployment"], first["agg_layout"]) == ("agg 1 x tp8, batch 4", "tp8")
    assert (first["ttft_ms"], first["tpot_ms"], first["tokens_per_s_per_gpu"]) == (12.5, 3.25, 640.0)
    assert (first["data_origin"], first["inherited"]) == ("own", "")
    second = frame.iloc[1]
    assert (second["log"], second["error"]) == ("bad \\udcff\nline", "KeyError: x")
    assert pd.isna(second["ttft_ms"])
    assert pd.isna(second["data_origin"])
    assert evidence.versions["harness"] == __version__
    assert evidence.versions["subject_version"] == "0.12.0"
    assert evidence.versions.keys() == {"evidence", "harness", "subject", "subject_version", "data_version", "python"}


def test_same_evidence_gives_the_same_bytes(tmp_path: Path) -> None:
    write_evidence([verdict(), verdict("m2")], SUBJECT, tmp_path / "a.parquet")
    write_evidence([verdict("m2"), verdict()], SUBJECT, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("keep", [0, 3, 100, -5])
def test_damaged_evidence_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "m.parquet"
    write_evidence([verdict()], SUBJECT, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(MatrixFileError, match="expected the evidence that") as caught:
        read_evidence(path)
    assert "\n" not in str(caught.value)


def test_missing_and_foreign_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MatrixFileError, match="found No such file or directory"):
        read_evidence(tmp_path / "none.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "foreign.parquet")
    with pytest.raises(MatrixFileError, match="found a Parquet file of another kind"):
        read_evidence(tmp_path / "foreign.parquet")


def test_rows_for_other_cells_are_kept_if_they_are_about_the_same_subject(tmp_path: Path) -> None:
    old = tmp_path / "m.parquet"
    write_evidence([verdict("m1"), verdict("m2"), verdict("m3", point=POINT)], SUBJECT, old)
    again = verdict("m2", point=POINT)
    same, newer = SUBJECT, replace(SUBJECT, data_version="0.12.1")
    for subject, models in ((same, ["m1", "m2", "m3"]), (newer, ["m2"])):
        path = tmp_path / "merged.parquet"
        path.write_bytes(evidence_file([again], subject, merge_with=old))
        frame = read_evidence(path).frame
        assert list(frame["model"]) == models
        assert frame.set_index("model").loc["m2", "status"] == "PASS"
