"""Known issues: data, strict in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.checks.known_issues import KnownIssue, KnownIssues
from harness.checks.records import Outcome, Scope, Target
from harness.checks.registry import checks
from harness.coordinates import Database
from harness.errors import DataFileError
from harness.stored_configs import stored_models
from harness.subjects.releases import load_releases
from tests.fakes.checks import MODEL, finding, made_up, pair

if TYPE_CHECKING:
    from pathlib import Path

REASON = "28 layers in the config, and the subject counts 29."


def entry(**fields: object) -> KnownIssue:
    base: dict[str, object] = {"id": "one", "check": "made_up", "subjects": ">=1", "kind": "bug", "reason": REASON}
    return KnownIssue.model_validate(base | fields)


def known(*entries: KnownIssue, version: str = "1.0") -> KnownIssues:
    return KnownIssues(entries, version)


def test_a_finding_that_an_entry_covers_is_marked() -> None:
    found, stale = known(entry(about=("lay*",))).applied([finding()])
    assert ([each.known_issue for each in found], stale) == (["one"], ())
    assert not found[0].unexpected


def test_a_finding_about_something_else_stays_unexpected_and_the_entry_is_stale() -> None:
    found, stale = known(entry(about=("experts",))).applied([finding()])
    assert found[0].unexpected
    assert [each.issue.id for each in stale] == ["one"]


def test_each_pattern_must_be_found_on_each_target() -> None:
    _, stale = known(entry(about=("layers", "experts"))).applied([finding()])
    assert [each.about for each in stale] == ["experts"]
    said = stale[0].finding(finding(Outcome.PASS, ""))
    assert (said.outcome, said.about, said.stale, said.unexpected) == (Outcome.FAIL, "known issue one", True, True)
    assert said.expected == "a finding about 'experts'"
    assert REASON in said.arithmetic


@pytest.mark.parametrize(
    ("outcome", "about", "stale"),
    [(Outcome.PASS, "", True), (Outcome.SKIP, "", False), (Outcome.ERROR, "timeout", False)],
)
def test_a_pass_ends_an_entry_and_what_was_not_judged_does_not(outcome: Outcome, about: str, stale: bool) -> None:
    _, found = known(entry(about=("layers",))).applied([finding(outcome, about)])
    assert bool(found) is stale


def test_an_error_may_be_known() -> None:
    found, stale = known(entry(about=("KeyError",))).applied([finding(Outcome.ERROR, "KeyError")])
    assert (found[0].known_issue, stale) == ("one", ())


def test_no_findings_say_nothing() -> None:
    assert known(entry()).applied([]) == ((), ())


@pytest.mark.parametrize(("version", "concerned"), [("0.9", 0), ("1.0", 1), ("1.1.dev3", 1), ("2.0", 0)])
def test_an_entry_concerns_the_versions_of_its_range(version: str, concerned: int) -> None:
    assert len(known(entry(subjects=">=1,<2"), version=version).entries) == concerned


H200 = Target(MODEL, Database("h200_sxm", "vllm", "1.0.0"))


@pytest.mark.parametrize(
    ("fields", "target", "named"),
    [
        ({}, Target(MODEL), True),
        ({}, Target(), True),
        ({"models": ("Qwen/*",)}, Target(MODEL), True),
        ({"models": ("Qwen/*",)}, Target(), False),
        ({"models": ("qwen/*",)}, Target(MODEL), False),
        ({"databases": ("*/vllm/*",)}, H200, True),
        ({"databases": ("*/sglang/*",)}, H200, False),
        ({"systems": ("b60",)}, Target(system="b60"), True),
        ({"systems": ("b60",)}, Target(system="l4"), False),
        ({"check": "other"}, Target(MODEL), False),
    ],
)
def test_an_entry_names_targets_by_globs(fields: dict[str, object], target: Target, named: bool) -> None:
    assert bool(known(entry(**fields)).expected_on("made_up", target)) is named


def test_an_entry_that_names_no_target_is_told_after_a_complete_run() -> None:
    run = [pair(made_up(lambda: ()))]
    lonely, elsewhere = entry(id="lonely", models=("gone/*",)), entry(id="elsewhere", check="not_run")
    assert [each.issue.id for each in known(entry(), lonely, elsewhere).unmatched(run)] == ["lonely"]


ENTRY = f"""
[[known_issues]]
id = "one"
check = "is_moe"
subjects = ">=0.10"
kind = "bug"
reason = "{REASON}"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.replace('"is_moe"', '"is_mow"'), "known issue one, field check: found 'is_mow'; expected one of "),
        (
            ENTRY.replace(">=0.10", "since 0.10"),
            "known issue one, field subjects: found 'since 0.10'; expected a PEP 440",
        ),
        (
            ENTRY.replace(f'reason = "{REASON}"', ""),
            "known issue one, field reason: found nothing; expected Field requi",
        ),
        (
            ENTRY.replace(REASON, "wrong"),
            "known issue one, field reason: found 'wrong'; expected String should have at",
        ),
        (ENTRY.replace('"bug"', '"feature"'), "known issue one, field kind: found 'feature'; expected "),
        (ENTRY.replace('id = "one"', ""), "known issue number 1, field id: found nothing; expected "),
        (ENTRY + 'modells = ["x"]\n', "known issue one, field modells: found ['x']; expected Extra inputs"),
        (ENTRY + "models = []\n", "known issue one, field models: found []; expected "),
        (ENTRY + ENTRY, "known issue one, field id: found it twice; expected one entry for each id."),
        (ENTRY.replace("known_issues", "known_issue"), "field known_issue: found "),
        ("[[", "expected a TOML document"),
    ],
)
def test_a_wrong_file_is_one_error_that_names_file_entry_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(DataFileError) as caught:
        KnownIssues.load("0.12.0", checks().values(), path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_entries_is_one(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text("")
    assert KnownIssues.load("0.12.0", checks().values(), path).entries == ()


@pytest.mark.parametrize("release", [each.version for each in load_releases().releases])
def test_every_entry_names_a_stored_model(release: str) -> None:
    for each in KnownIssues.load(release, checks().values()).entries:
        if checks()[each.check].scope in (Scope.MODEL, Scope.ESTIMATE):
            assert any(each.names(each.check, Target(model)) for model in stored_models()) or each.databases != ("*",)
