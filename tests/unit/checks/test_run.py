"""A choice turned into pairs, and pairs into a run, in this process and in others."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

import harness
from harness.checks.choice import Choice, choose, sample
from harness.checks.engine import pairs
from harness.checks.known_issues import KnownIssue, KnownIssues
from harness.checks.records import Outcome, Result, Scope
from harness.checks.registry import checks
from harness.checks.run import Plan, prepare, run
from harness.checks.workers import Setting
from harness.coordinates import Database
from harness.errors import ConfigError, FilterError, HarnessError, UsageError
from harness.stored_configs import stored_models
from harness.subjects.installed import load_subject
from tests.fakes.checks import MODEL, WRONG, fake_subject, made_up

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = {
    scope.value: made_up(lambda *_: (), scope.value, scope=scope, phase=phase)
    for phase, scope in enumerate([Scope.MODEL, Scope.SYSTEM, Scope.RELEASE, Scope.ESTIMATE], 1)
}
NOTHING = KnownIssues((), "1.0")


def ids(choice: Choice) -> list[str]:
    return [pair.id for pair in choose(choice, fake_subject(), REGISTRY).pairs]


# Choice


def test_everything_is_all_models_systems_and_the_release_without_estimates() -> None:
    chosen = choose(Choice(), fake_subject(), REGISTRY)
    assert len(chosen.pairs) == len(stored_models()) + 2 + 1
    assert chosen.left_out == ("estimate",)


def test_a_model_is_checked_alone() -> None:
    assert ids(Choice((MODEL,))) == [f"check_model[{MODEL}]"]
    assert ids(Choice((MODEL, MODEL))) == [f"check_model[{MODEL}]"]


def test_estimates_are_of_the_newest_versions_unless_a_version_is_named() -> None:
    newest = [f"check_estimate[{MODEL}-{name}/vllm/{version}]" for name, version in (("h100_sxm", 1), ("h200_sxm", 2))]
    assert ids(Choice((MODEL,), ("estimate",), estimates=True)) == [f"{name[:-1]}.0.0]" for name in newest]
    assert ids(Choice((MODEL,), ("estimate",), systems=("h200*",), versions=("1.0.0",))) == [
        f"check_estimate[{MODEL}-h200_sxm/vllm/1.0.0]"
    ]


def test_a_glob_and_a_phase_choose() -> None:
    assert ids(Choice(("Qwen/Qwen3-0.*",), ("m*",))) == [f"check_model[{MODEL}]"]
    assert ids(Choice(phases=(3,))) == ["check_release[release]"]
    assert ids(Choice(checks=("system",), systems=("h2*",))) == ["check_system[h200_sxm]"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            Choice(checks=("gone",)),
            "--check: found 'gone', which matches nothing; expected an exact value or a glob over ",
        ),
        (Choice(("Gone/*",)), "model: found 'Gone/*', which matches nothing"),
        (Choice((MODEL,), systems=("gone",)), "--system: found 'gone'"),
        (Choice((MODEL,), backends=("gone",)), "--backend: found 'gone'"),
        (Choice((MODEL,), versions=("gone",)), "--version: found 'gone'"),
        (Choice(checks=("model",), phases=(4,)), "--check and --phase: found no check that passes both"),
        (Choice((MODEL,), ("estimate",)), "nothing to run: no target for the chosen checks; expected --estimates"),
        (Choice((MODEL,), ("system",)), "nothing to run: no target for the chosen checks; expected no model"),
        (Choice((MODEL,), ("est*",), systems=("h100*",), versions=("2*",)), "a system, backend and version that exist"),
    ],
)
def test_a_choice_of_nothing_is_refused(choice: Choice, message: str) -> None:
    with pytest.raises((FilterError, UsageError)) as caught:
        ids(choice)
    assert message in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no stored config in"):
        ids(Choice(folder=tmp_path))


def test_a_config_that_cannot_be_read_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    bad = tmp_path / "config.json"
    bad.write_text('{"architectures": ["NobodyKnowsItForCausalLM"]}')
    chosen = choose(Choice((str(bad), MODEL)), fake_subject(), REGISTRY)
    assert [pair.target.model for pair in chosen.pairs] == [MODEL]
    assert [str(bad) in str(error) for error in chosen.unreadable] == [True]


@pytest.mark.parametrize(("models", "databases"), [(7, 3), (3, 7), (1, 1)])
def test_the_sample_covers_each_model_and_each_database(models: int, databases: int) -> None:
    names = [f"m{number}" for number in range(models)]
    places = [Database("s", "vllm", str(number)) for number in range(databases)]
    dealt = sample(names, places)
    assert {model for model, _ in dealt} == set(names)
    assert {database for _, database in dealt} == set(places)
    assert len(dealt) == max(models, databases)


# Run


def test_known_issues_are_marked_and_stale_ones_are_failures() -> None:
    entries = [
        KnownIssue(id=name, check=name, subjects=">=1", kind="bug", reason="28 layers, not 29: a reason")
        for name in ("wrong", "right")
    ]
    wrong, right = made_up(lambda *_: (WRONG,), "wrong"), made_up(lambda *_: (), "right")
    plan = Plan(tuple(pairs([wrong, right], [MODEL], (), ())), KnownIssues(entries, "1.0"))
    result = run(plan, fake_subject())
    assert [each.result for each in result.judged] == [Result.KNOWN, Result.FAIL]
    (stale,) = result.unexpected
    assert (stale.check, stale.about, stale.stale) == ("right", "known issue right", True)


def test_an_entry_that_names_no_target_fails_only_a_complete_run() -> None:
    lonely = KnownIssue(
        id="l", check="is_moe", models=("gone/*",), subjects=">=1", kind="bug", reason="no such model is stored"
    )
    plan = Plan(tuple(pairs([checks()["is_moe"]], [MODEL], (), ())), KnownIssues([lonely], "1.0"))
    assert run(plan, load_subject()).unexpected == ()
    (found,) = run(replace(plan, complete=True), load_subject()).unexpected
    assert (found.about, found.stale) == ("known issue l", True)


def test_ctrl_c_keeps_what_is_done() -> None:
    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    chosen = [made_up(lambda *_: (), "a"), made_up(stop, "b"), made_up(lambda *_: (), "c")]
    result = run(Plan(tuple(pairs(chosen, [MODEL], (), ())), NOTHING), fake_subject())
    assert [each.pair.check.id for each in result.judged] == ["a"]
    assert [pair.check.id for pair in result.undone] == ["b", "c"]
    assert result.interrupted


def test_chunks_keep_a_model_and_a_database_together() -> None:
    databases = [Database("s", "vllm", version) for version in "12"]
    models = [f"m{number}" for number in range(20)]
    chosen = [REGISTRY["model"], REGISTRY["estimate"], made_up(lambda: (), "second")]
    plan = Plan(tuple(pairs(chosen, models, databases, ())), NOTHING, jobs=2)
    chunks = plan.chunks()
    assert sorted(pair.id for chunk in chunks for pair in chunk) == sorted(pair.id for pair in plan.pairs)
    assert [len({pair.target.database for pair in chunk}) for chunk in chunks] == [1] * 5
    homes = [{pair.target.model for pair in chunk if not pair.target.database} for chunk in chunks]
    assert sum(map(len, homes)) == 20


def test_processes_find_what_this_process_finds() -> None:
    models = [model for model in stored_models() if "emma" in model or "Qwen3-" in model]
    known = KnownIssues.load("0.12.0", checks().values())
    plan = Plan(tuple(pairs([checks()["is_moe"]], models, (), ())), known, jobs=2)
    assert len(plan.chunks()) > 1
    seen: list[str] = []
    apart = run(plan, load_subject(), lambda judged: seen.append(judged.pair.id))
    together = run(replace(plan, jobs=1), load_subject())
    assert apart == together
    assert sorted(seen) == sorted(pair.id for pair in plan.pairs)


def test_a_process_that_dies_costs_its_pair_and_after_some_the_rest_of_its_chunk(tmp_path: Path) -> None:
    for name in ("aiconfigurator", "aiconfigurator_core"):
        info = tmp_path / f"{name}-0.12.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.12.0\n")
        tmp_path.joinpath(f"{name}.py").write_text("import os; os._exit(7)")
    found = pairs([checks()["is_moe"]], stored_models()[:9], (), ())
    result = run(Plan(tuple(found), NOTHING, setting=Setting(None, tmp_path), jobs=2), fake_subject())
    assert len(result.judged) == 9
    said = {(each.outcome, each.about, each.actual) for each in result.findings}
    assert said == {(Outcome.ERROR, "died", "the process that judged it died (exit code 7)")}
    assert str(tmp_path) in result.findings[0].reproduce


# Python


def test_run_checks_takes_names_and_gives_findings() -> None:
    found = harness.run_checks(["Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B"], checks=["is_moe"])
    assert [(each.target.model, each.outcome) for each in found] == [
        ("Qwen/Qwen3-8B", Outcome.PASS),
        ("Qwen/Qwen3-30B-A3B", Outcome.PASS),
    ]
    assert not any(each.unexpected for each in found)


def test_run_checks_refuses_what_cannot_be_read() -> None:
    with pytest.raises(ConfigError, match="Gone/Model"):
        harness.run_checks(["Gone/Model", MODEL], checks=["is_moe"])
    with pytest.raises(HarnessError):
        harness.run_checks([MODEL], checks=["no_such_check"])


def test_a_run_is_complete_only_without_filters_and_on_the_configs_that_the_known_issues_name(tmp_path: Path) -> None:
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "Org--Model_config.json").write_text(
        '{"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,'
        ' "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 128, "num_key_value_heads": 2}'
    )
    known = tmp_path / "known.toml"
    known.write_text("")
    assert prepare(Choice())[2].complete
    assert not prepare(Choice(checks=("is_moe",)))[2].complete
    assert not prepare(Choice(folder=folder))[2].complete
    assert prepare(Choice(folder=folder), known_issues=known)[2].complete


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, harness; print([name for name in sys.modules if name.startswith('harness.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
