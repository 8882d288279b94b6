"""On the real package; runs where release 0.10.0 is the installed one."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module, metadata
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    metadata.version("aiconfigurator") != "0.10.0", reason="aiconfigurator 0.10.0 is not the installed one"
)

ROW = {1: 0.5, 2: 0.75}
TABLES: tuple[dict[Any, Any], ...] = (
    {},
    {1: {1: ROW}},
    {1: {1: ROW, 2: ROW}},
    {1: {1: ROW}, 2: {1: ROW}},
    {1: {1: ROW}, 2: {2: ROW}},
    {1: {1: {1: 0.5}}, 2: {2: {1: 0.5}}},
    {1: {1: {1: 0.5}}, 2: {2: {2: 0.5}}},
    {1: 0.5, 2: {1: ROW, 2: 0.5}},
    {1: {}, 2: {}},
)


def _refusal(table: dict[Any, Any]) -> str:
    interpolation = import_module("aiconfigurator.sdk.interpolation")
    try:
        interpolation._require_3d_axis_coverage(table, context="here")  # noqa: SLF001
    except interpolation.InterpolationDataNotAvailableError as error:
        return str(error)
    return ""


def test_a_table_is_refused_if_and_as_the_release_refuses_it() -> None:
    shortcuts = import_module("harness.subjects.package_shortcuts")
    expected = [_refusal(table) for table in TABLES]
    assert [bool(said) for said in expected] == [True, True, True, True, False, True, False, False, True]
    with shortcuts.in_use():
        assert [_refusal(table) for table in TABLES] == expected


def test_a_loaded_table_is_what_the_release_makes_of_it() -> None:
    shortcuts = import_module("harness.subjects.package_shortcuts")
    database = import_module("aiconfigurator.sdk.perf_database")
    table = defaultdict(lambda: defaultdict(dict), {"fp8": defaultdict(dict, {8: {1: 0.5, 2: (0.5, [1.0, {}])}})})
    expected = database._finalize_loaded_value(table)  # noqa: SLF001
    with shortcuts.in_use():
        found = database._finalize_loaded_value(table)  # noqa: SLF001
    assert found == expected
    assert [type(level) for level in (found, found["fp8"], found["fp8"][8])] == [dict, dict, dict]
