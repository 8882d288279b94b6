from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.matrix.diff import Answer, Change, SourceChange, diff_matrices, to_json_document, to_markdown, to_text
from harness.matrix.table import Matrix, Row

if TYPE_CHECKING:
    from collections.abc import Callable


def cell(model: str = "m1", *, version: str = "1.10", mode: Mode = Mode.AGG) -> Cell:
    return Cell(model, "h100_sxm", "vllm", version, mode)


def row(model: str = "m1", status: Status = Status.PASS, *, source: str = "", error: str = "") -> Row:
    source = source or {Status.PASS: "silicon", Status.HYBRID_PASS: "xshape"}.get(status, "")
    return Row(model, "Arch", "h100_sxm", "vllm", "1.10", Mode.AGG, status, error, "cmd", source)


def matrix(*rows: Row, unjudged: tuple[Cell, ...] = ()) -> Matrix:
    return Matrix(tuple(sorted(rows)), unjudged=unjudged)


def test_equal_matrices_have_no_changes() -> None:
    same = matrix(row(), row("m2", Status.FAIL))
    diff = diff_matrices(same, same)
    assert not diff.has_changes
    assert (diff.added, diff.removed, diff.changed, diff.sources) == ((), (), (), ())
    assert to_text(diff).startswith("No changes in 2 cells.\n")


def test_every_kind_of_change_is_found_and_sorted() -> None:
    old = matrix(row("gone2"), row("gone1"), row("lost"), row("same"), row("won", Status.FAIL))
    new = matrix(row("come2", Status.FAIL), row("come1"), row("lost", Status.HYBRID_PASS), row("same"), row("won"))
    diff = diff_matrices(old, new)
    assert diff.has_changes
    assert diff.added == (Answer(cell("come1"), "PASS"), Answer(cell("come2"), "FAIL"))
    assert diff.removed == (Answer(cell("gone1"), "PASS"), Answer(cell("gone2"), "PASS"))
    assert diff.changed == (Change(cell("lost"), "PASS", "HYBRID_PASS"), Change(cell("won"), "FAIL", "PASS"))
    assert [(each.status, each.old, each.new) for each in diff.counts] == [
        ("PASS", 4, 3),
        ("HYBRID_PASS", 0, 1),
        ("FAIL", 1, 1),
        ("FRAMEWORK_INCOMPATIBLE", 0, 0),
        ("HW_INCOMPATIBLE", 0, 0),
    ]


@pytest.mark.parametrize("gone", range(3))
def test_removing_any_row_is_caught(gone: int) -> None:
    rows = [row(f"m{number}") for number in range(3)]
    diff = diff_matrices(matrix(*rows), matrix(*rows[:gone], *rows[gone + 1 :]))
    assert diff.removed == (Answer(rows[gone].cell, "PASS"),)
    assert diff.has_changes


@pytest.mark.parametrize("old", Status)
@pytest.mark.parametrize("new", Status)
def test_flipping_any_status_is_caught(old: Status, new: Status) -> None:
    diff = diff_matrices(matrix(row(status=old)), matrix(row(status=new)))
    assert diff.has_changes == (old is not new)
    assert [(each.old, each.new) for each in diff.changed] == ([(old, new)] if old is not new else [])


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("PASS", "HYBRID_PASS", "worse"),
        ("PASS", "FAIL", "worse"),
        ("HYBRID_PASS", "HW_INCOMPATIBLE", "worse"),
        ("FAIL", "HYBRID_PASS", "better"),
        ("FRAMEWORK_INCOMPATIBLE", "PASS", "better"),
        ("FAIL", "HW_INCOMPATIBLE", "other"),
        ("HW_INCOMPATIBLE", "FRAMEWORK_INCOMPATIBLE", "other"),
        ("", "PASS", "other"),
        ("PASS", "", "other"),
    ],
)
def test_changes_are_worse_better_or_neither(old: str, new: str, direction: str) -> None:
    assert Change(cell(), old, new).direction == direction


def test_source_and_error_alone_are_no_change_of_status() -> None:
    old = matrix(row("a", Status.HYBRID_PASS, source="xshape"), row("b", Status.FAIL, error="x"))
    new = matrix(row("a", Status.HYBRID_PASS, source="xop"), row("b", Status.FAIL, error="y"))
    diff = diff_matrices(old, new)
    assert not diff.has_changes
    assert diff.sources == (SourceChange(cell("a"), "xshape", "xop"),)
    assert "Same status, other source (1)" in to_text(diff)


def test_source_that_follows_a_status_is_not_reported_twice() -> None:
    diff = diff_matrices(matrix(row()), matrix(row(status=Status.HYBRID_PASS)))
    assert (len(diff.changed), diff.sources) == (1, ())


def test_modes_and_versions_are_cells_of_their_own() -> None:
    old, new = row(), Row("m1", "Arch", "h100_sxm", "vllm", "1.1", Mode.AGG, Status.PASS, "", "cmd", "silicon")
    diff = diff_matrices(matrix(old), matrix(new))
    assert [each.cell.version for each in (*diff.removed, *diff.added)] == ["1.10", "1.1"]


def test_blank_status_of_an_old_file_is_compared_as_blank() -> None:
    diff = diff_matrices(matrix(row("m2"), unjudged=(cell(),)), matrix(row("m2"), row()))
    assert (diff.added, diff.changed) == ((), (Change(cell(), "", "PASS"),))
    assert [(each.status, each.old, each.new) for each in diff.counts][-1] == ("(blank)", 1, 0)
    assert "(blank)  PASS" in to_text(diff)


def test_json_document_has_the_documented_shape() -> None:
    old = matrix(row("gone"), row("lost"), row("h", Status.HYBRID_PASS))
    new = matrix(row("come"), row("lost", Status.FAIL), row("h", Status.HYBRID_PASS, source="xop"))

    def coordinates(model: str) -> dict[str, str]:
        return {"model": model, "system": "h100_sxm", "backend": "vllm", "version": "1.10", "mode": "agg"}

    document = json.loads(json.dumps(to_json_document(diff_matrices(old, new))))
    assert document.pop("counts")["PASS"] == {"from": 2, "to": 1}
    assert document == {
        "added": [coordinates("come")],
        "removed": [coordinates("gone")],
        "changed": [{"cell": coordinates("lost"), "from": "PASS", "to": "FAIL"}],
        "sources": [{"cell": coordinates("h"), "from": "xshape", "to": "xop"}],
    }


def test_text_names_the_cells_and_keeps_versions_as_they_are() -> None:
    old = matrix(row("gone"), row("lost"), row("won", Status.FAIL), row("other", Status.FAIL))
    new = matrix(row("come"), row("lost", Status.FAIL), row("won"), row("other", Status.HW_INCOMPATIBLE))
    text = to_text(diff_matrices(old, new))
    assert text.startswith("3 changed (1 worse, 1 better, 1 other), 1 removed, 1 added.\n")
    for line in (
        "lost     h100_sxm  vllm       1.10       agg     PASS    FAIL",
        "won      h100_sxm  vllm       1.10       agg     FAIL    PASS",
        "gone     h100_sxm  vllm       1.10       agg     PASS",
    ):
        assert line in text
    titles = ["Worse (1)", "Better (1)", "Neither worse nor better (1)", "Removed (1)", "Added (1)"]
    assert [line for line in text.splitlines() if line.endswith("(1)")] == titles


def test_text_of_a_file_cannot_steer_the_terminal() -> None:
    text = to_text(diff_matrices(matrix(row("a")), matrix(row("a"), row("evil\x1b[2J\x07"))))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_markdown_escapes_what_would_break_a_table() -> None:
    markdown = to_markdown(diff_matrices(matrix(row("a")), matrix(row("a"), row("x|y\\|z\nw"))))
    (line,) = [line for line in markdown.splitlines() if line.startswith("| x")]
    assert line.startswith(r"| x\|y\\\|z w | h100\_sxm | vllm      | 1.10")
    assert "### Added (1)" in markdown


def test_nothing_in_a_file_becomes_markup() -> None:
    markdown = to_markdown(diff_matrices(matrix(row("a")), matrix(row("a"), row("<img src=x>[y](z)`w`"))))
    assert r"\<img src=x\>\[y\]\(z\)\`w\`" in markdown


@pytest.mark.parametrize("render", [to_text, to_markdown])
def test_long_lists_are_cut_with_a_note(render: Callable[..., str]) -> None:
    diff = diff_matrices(matrix(row("a")), matrix(*(row(f"m{number:03}") for number in range(300))))
    text = render(diff, limit=7)
    assert "m006" in text
    assert "m007" not in text
    assert "… and 293 more; the JSON output has them all." in text
    assert "Added (300)" in text
    assert "more;" not in render(diff, limit=300)
