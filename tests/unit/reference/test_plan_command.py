from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from harness.cli import plan
from harness.errors import ConfigError, UsageError
from harness.reference.hf_config import HFConfig

HYBRIDS = Path(__file__).with_name("hybrids")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    plan.register(app)

    @app.command()
    def other() -> None:
        """A second command, so that typer asks for the name of the first."""

    return app


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["plan", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def document(app: typer.Typer, *arguments: str) -> list[dict[str, Any]]:
    found = json.loads(run(app, *arguments, "--json"))
    assert isinstance(found, list)
    return found


def test_the_document_has_the_agreed_fields(app: typer.Typer) -> None:
    (found,) = document(app, "Qwen/Qwen3-30B-A3B")
    assert list(found) == [
        "model", "architecture", "layers", "parameters", "kv_cache_bytes", "state_bytes", "is_moe", "oracle",
        "oracle_reason",
    ]  # fmt: skip
    assert found["layers"] == [["full", "moe"]] * 48
    assert list(found["parameters"]) == ["total", "active", "by_component"]
    assert found["parameters"]["total"] == sum(found["parameters"]["by_component"].values()) == 30532122624
    assert found["kv_cache_bytes"] == {
        str(length): 48 * 2 * 4 * 128 * 2 * length for length in (1, 1024, 32768, 131072)
    }
    assert found["state_bytes"] == 0
    assert found["is_moe"] is True
    assert found["oracle"] == "equal"
    assert found["oracle_reason"].startswith("Qwen3MoeForCausalLM of transformers ")


def test_several_models_and_a_path_are_one_list(app: typer.Typer) -> None:
    path = HFConfig.load("Qwen/Qwen3-0.6B").source
    found = document(app, "Qwen/Qwen3-8B", path)
    assert [entry["model"] for entry in found] == ["Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"]
    assert [entry["oracle"] for entry in found] == ["equal", "equal"]
    assert not any(entry["is_moe"] for entry in found)


def test_all_is_every_stored_config_and_the_oracle_agrees(app: typer.Typer) -> None:
    found = document(app, "--all")
    assert len(found) == 89
    verdicts = [entry["oracle"] for entry in found]
    assert "differs" not in verdicts
    assert verdicts.count("equal") >= 80
    for entry in found:
        assert entry["oracle_reason"]


def test_all_may_look_elsewhere(app: typer.Typer) -> None:
    found = document(app, "--all", "--config-dir", str(HYBRIDS))
    assert len(found) == 8
    assert {entry["oracle"] for entry in found} == {"unavailable"}


def test_the_oracle_knows_a_config_by_its_bytes_not_by_its_name(app: typer.Typer, tmp_path: Path) -> None:
    source = Path(HFConfig.load("Qwen/Qwen3-8B").source)
    same, changed = tmp_path / "same.json", tmp_path / "Qwen--Qwen3-8B_config.json"
    same.write_bytes(source.read_bytes())
    changed.write_text(source.read_text(encoding="utf-8").replace("12288", "12289"), encoding="utf-8")
    verdicts = [entry["oracle"] for entry in document(app, str(same), str(changed))]
    assert verdicts == ["equal", "unavailable"]


def test_a_model_without_a_native_class_is_never_passed(app: typer.Typer) -> None:
    (found,) = document(app, "moonshotai/Kimi-K3")
    assert found["oracle"] == "unavailable"
    assert "derived by hand" in found["oracle_reason"]


def test_a_layout_adds_the_fullest_rank(app: typer.Typer) -> None:
    (found,) = document(app, "deepseek-ai/DeepSeek-V3", "--ep", "8", "--pp", "2")
    # More expert ranks than tensor-parallel ones can only come from attention DP.
    assert found["per_rank"]["layout"] == {"tp": 1, "pp": 2, "ep": 8, "dp": 8}
    assert 0 < found["per_rank"]["parameters"] < found["parameters"]["total"] / 2
    assert set(found["per_rank"]["kv_cache_bytes"]) == {"1", "1024", "32768", "131072"}


def test_the_text_shows_plan_counts_and_verdict(app: typer.Typer) -> None:
    text = run(app, "nvidia/Qwen3.5-397B-A17B-NVFP4", "--tp", "2", "-v")
    for expected in (
        "15x[3x(gdn+moe512x10) 1x(full+moe512x10)]", "396,346,350,336", "active 17.349 B", "attention.gdn", "nvfp4",
        "fullest rank", "equal: Qwen3_5MoeForConditionalGeneration", "unread", "text_config.rope_parameters",
    ):  # fmt: skip
        assert expected in text


def test_a_quantization_that_cannot_be_read_does_not_hide_the_plan(app: typer.Typer, tmp_path: Path) -> None:
    raw = json.loads(Path(HFConfig.load("Qwen/Qwen3-8B").source).read_text(encoding="utf-8"))
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**raw, "quantization_config": {"quant_method": "magic"}}), encoding="utf-8")
    assert "unknown as stored" in run(app, str(path))
    with pytest.raises(ConfigError, match="magic"):
        run(app, str(path), "--tp", "2")


def test_wrong_usage_is_one_error(app: typer.Typer) -> None:
    with pytest.raises(UsageError, match="a HuggingFace id, a path, or --all"):
        run(app)
    with pytest.raises(UsageError, match="--tp"):
        run(app, "Qwen/Qwen3-8B", "--tp", "3")
    with pytest.raises(UsageError, match="--tp"):
        run(app, "Qwen/Qwen3-8B", "--tp", "0")
    with pytest.raises(ConfigError, match="no stored config"):
        run(app, "Nobody/Nothing")
