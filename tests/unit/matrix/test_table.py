from __future__ import annotations

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.errors import MatrixFileError
from harness.matrix.records import SOURCES, Verdict
from harness.matrix.table import (
    COLUMNS,
    Matrix,
    Row,
    evidence_record,
    one_line,
    parse_csv,
    parse_row,
    shown,
    system_sort_key,
    to_csv,
)
from harness.subjects.api import DataOrigin, Layout, Point, Worker

GOOD = ["org/model", "Arch", "h100_sxm", "vllm", "1.10", "agg", "PASS", "", "run it", "silicon"]


def verdict(*, model: str = "org/model", mode: Mode = Mode.AGG, error: str = "", point: Point | None = None) -> Verdict:
    return Verdict(
        cell=Cell(model, "h100_sxm", "vllm", "1.10", mode),
        architecture="Arch",
        status=Status.PASS if point else Status.FAIL,
        source="silicon" if point else "",
        error=error,
        command="run it",
        point=point,
        origin=DataOrigin(own=("gemm",), inherited=("moe<-1.9", "mla<-1.8")) if point else None,
        points_tried=3,
        seconds=0.25,
        log="first\nsecond",
    )


def test_row_of_a_verdict_keeps_the_columns_and_puts_the_error_on_one_line() -> None:
    row = Row.from_verdict(verdict(error="KeyError: 'x'\r\n  caused by\u2028y"))
    assert row.fields == (*GOOD[:6], "FAIL", "KeyError: 'x'   caused by y", "run it", "")
    assert row.cell == verdict().cell


def test_matrix_of_verdicts_is_sorted_and_has_the_current_columns() -> None:
    matrix = Matrix.from_rows(
        map(Row.from_verdict, [verdict(model="b"), verdict(model="a", mode=Mode.DISAGG), verdict(model="a")])
    )
    assert [(row.model, row.mode) for row in matrix.rows] == [("a", "agg"), ("a", "disagg"), ("b", "agg")]
    assert (matrix.columns, matrix.unjudged) == (10, ())


def test_statuses_hold_unjudged_cells_without_an_answer() -> None:
    row, unjudged = Row.from_verdict(verdict()), Cell("z", "h100_sxm", "vllm", "1.10", Mode.AGG)
    assert Matrix((row,), unjudged=(unjudged,)).statuses == {row.cell: Status.FAIL, unjudged: None}


def test_good_row_is_read_as_it_stands() -> None:
    parsed = parse_row(GOOD, 10)
    assert parsed.row is not None
    assert (parsed.flaws, parsed.unjudged) == ((), False)
    assert list(parsed.row.fields) == GOOD
    assert parsed.row.version == "1.10"


@pytest.mark.parametrize(("width", "command"), [(8, ""), (9, "run it")])
def test_pass_of_an_older_release_came_from_measured_data(width: int, command: str) -> None:
    parsed = parse_row(GOOD[:width], width)
    assert parsed.row is not None
    assert (parsed.row.source, parsed.row.command) == ("silicon", command)


@pytest.mark.parametrize(
    ("changes", "field", "found", "expected"),
    [
        ({"Status": "pass"}, "Status", "'pass'", "one of PASS, HYBRID_PASS"),
        ({"Status": "PASS "}, "Status", "'PASS '", "one of PASS"),
        ({"Status": ""}, "Status", "''", "one of PASS"),
        ({"Mode": "aggregated"}, "Mode", "'aggregated'", "one of agg, disagg"),
        ({"Source": "gold"}, "Source", "'gold'", "one of silicon, empirical"),
        ({"Source": ""}, "Source", "''", "silicon for PASS"),
        ({"Source": "xop"}, "Source", "'xop'", "silicon for PASS"),
        ({"Status": "HYBRID_PASS"}, "Source", "'silicon'", "empirical or xshape"),
        ({"Status": "HYBRID_PASS", "Source": ""}, "Source", "''", "for HYBRID_PASS"),
        ({"Status": "FAIL"}, "Source", "'silicon'", "nothing for FAIL"),
        ({"Status": "HW_INCOMPATIBLE", "Source": "xop"}, "Source", "'xop'", "nothing for HW_INCOMPATIBLE"),
        ({"HuggingFaceID": ""}, "HuggingFaceID", "''", "a name"),
        ({"System": " "}, "System", "' '", "a name"),
        ({"Version": "1\n2"}, "Version", r"'1\n2'", "on one line"),
    ],
)
def test_flawed_field_is_named(changes: dict[str, str], field: str, found: str, expected: str) -> None:
    parsed = parse_row([changes.get(name, value) for name, value in zip(COLUMNS, GOOD, strict=True)], 10)
    assert parsed.row is None
    (flaw,) = parsed.flaws
    assert (flaw.field, flaw.found) == (field, found)
    assert expected in flaw.expected


def test_every_flaw_of_a_row_is_named() -> None:
    parsed = parse_row(["", "", "", "", "", "x", "y", "", "", ""], 10)
    assert [flaw.field for flaw in parsed.flaws] == ["HuggingFaceID", "System", "Backend", "Version", "Mode", "Status"]
    assert parsed.cell is None


@pytest.mark.parametrize("source", SOURCES[1:])
def test_hybrid_pass_takes_every_remote_source(source: str) -> None:
    row = parse_row([*GOOD[:6], "HYBRID_PASS", "", "", source], 10).row
    assert row is not None
    assert row.source == source


def test_hybrid_pass_of_an_older_release_has_no_source_to_rest_on() -> None:
    assert [flaw.field for flaw in parse_row([*GOOD[:6], "HYBRID_PASS", ""], 8).flaws] == ["Source"]


def test_blank_status_is_told_apart_from_a_wrong_one() -> None:
    blank = parse_row([*GOOD[:6], "", ""], 8)
    assert (blank.unjudged, blank.cell) == (True, verdict().cell)
    assert not parse_row([*GOOD[:6], "?", ""], 8).unjudged
    assert not parse_row([*GOOD[:5], "?", "", ""], 8).unjudged


@pytest.mark.parametrize(
    ("fields", "found"), [(GOOD[:9], "9 fields"), ([*GOOD, ""], "11 fields"), ([], "an empty line")]
)
def test_short_and_long_rows_are_flaws(fields: list[str], found: str) -> None:
    (flaw,) = parse_row(fields, 10).flaws
    assert (flaw.field, flaw.found, flaw.expected) == ("", found, "10 fields, as in the header")


def test_records_carry_the_line_they_begin_on() -> None:
    assert list(parse_csv(b'\xef\xbb\xbfa,b\r\n"1\n2",3\n\n4,5\n', "m.csv")) == [
        (1, ["a", "b"]),
        (2, ["1\n2", "3"]),
        (4, []),
        (5, ["4", "5"]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"m\.csv:1: found an empty file"),
        (b"\n \n", r"m\.csv:1: found an empty file"),
        (b"a\nb\n\xe9\n", r"m\.csv:3: found byte 0xe9; expected UTF-8"),
        ("a".encode("utf-16"), r"m\.csv:1: found byte 0xff; expected UTF-8"),
        (b'a\n"b', r"m\.csv:2: found a row that cannot be parsed"),
        (b'a\n"b"c,d\n', r"m\.csv:2: found a row that cannot be parsed"),
        (b"a\n" + b"b" * 200_000, r"m\.csv:2: found a row that cannot be parsed"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(MatrixFileError, match=message):
        list(parse_csv(content, "m.csv"))


def test_undecodable_bytes_in_an_error_do_not_stop_the_writing() -> None:
    content = to_csv([Row.from_verdict(verdict(error="bad byte \udcff"))])
    assert b"bad byte \\udcff" in content


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x0bb", "a\x85b", "a\u2029b", "a\n\n\nb"])
def test_one_line_has_no_line_breaks(text: str) -> None:
    assert one_line(text) == "a b"


def test_values_in_messages_are_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 1000)) == 62


def test_systems_sort_in_product_order_and_unknown_ones_last_by_name() -> None:
    systems = ["z9", "a100_sxm", "GB200_nvl", "h200_sxm", "gb200", "b200_sxm", "a1", "b60"]
    expected = ["b200_sxm", "gb200", "GB200_nvl", "h200_sxm", "a100_sxm", "b60", "a1", "z9"]
    assert sorted(systems, key=system_sort_key) == expected


def test_evidence_names_every_pool_of_a_deployment() -> None:
    point = Point(
        workers=(
            Worker("prefill", Layout(2, 1, 1, 1, 1, 1), replicas=3, batch=1, memory_bytes=10),
            Worker("decode", Layout(4, 1, 2, 1, 8, 1), replicas=1, batch=64, memory_bytes=20),
        ),
        gpus=14,
        ttft_ms=1.5,
        tpot_ms=2.5,
        tokens_per_s_per_gpu=100.0,
    )
    record = evidence_record(verdict(mode=Mode.DISAGG, point=point))
    assert record["deployment"] == "prefill 3 x tp2, batch 1; decode 1 x tp4 dp2 etp1ep8, batch 64"
    assert record["decode_layout"] == "tp4 dp2 etp1ep8"
    assert (record["prefill_replicas"], record["decode_batch"], record["decode_memory_bytes"]) == (3, 64, 20)
    assert (record["data_origin"], record["inherited"]) == ("mixed", "moe<-1.9, mla<-1.8")
    assert "agg_layout" not in record


def test_evidence_of_a_fail_has_no_figures() -> None:
    record = evidence_record(verdict(error="KeyError: x"))
    assert not {"gpus", "ttft_ms", "deployment"} & record.keys()
    assert (record["status"], record["error"], record["points_tried"]) == ("FAIL", "KeyError: x", 3)
