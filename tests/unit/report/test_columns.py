from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from harness.report.columns import LinePool, number, templates, texts, words

TEXT = st.text(alphabet="ab- /0.", max_size=12)


@given(st.lists(TEXT))
def test_a_column_gives_its_texts_back(rows: list[str]) -> None:
    column = words(rows)
    assert texts(column) == rows
    assert len(set(column.values)) == len(column.values)


def test_values_that_come_first_are_there_without_rows() -> None:
    assert words(["c"], ("a", "b")).values == ("a", "b", "c")
    assert words(["c"], ("a", "b")).codes == (2,)


@given(st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=5, max_size=5)), max_size=5))
def test_a_template_gives_the_text_of_each_row_back(rows: list[tuple[str, list[str]]]) -> None:
    column = templates(rows)
    for (text, coordinates), code in zip(rows, column.codes, strict=True):
        pieces = column.values[code]
        assert "".join(piece if isinstance(piece, str) else coordinates[piece] for piece in pieces) == text


def test_commands_of_many_cells_are_one_template() -> None:
    cells = [(f"Org/M{size}", system, "vllm", "0.1", "agg") for size in (1, 10) for system in ("h100", "h1")]
    column = templates((f"run --model {cell[0]} --system {cell[1]} --mode agg", cell) for cell in cells)
    assert column.values == (("run --model ", 0, " --system ", 1, " --mode ", 4),)


def test_numbers_are_as_long_as_they_are_worth_and_always_json() -> None:
    assert [number(value) for value in (1 / 3, 1234567, 2.0, math.nan, math.inf, None, "x")] == [
        0.33333,
        1234600,
        2,
        None,
        None,
        None,
        None,
    ]


def test_a_pool_keeps_each_line_and_each_text_once() -> None:
    pool = LinePool()
    assert [pool.add(text) for text in ("a\nb\n", "", "b\na", "a\nb\n")] == [0, -1, 1, 0]
    lines = pool.lines()
    assert ["\n".join(lines.values[code] for code in text) for text in lines.texts] == ["a\nb\n", "b\na"]
