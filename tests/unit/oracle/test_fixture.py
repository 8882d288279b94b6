"""The frozen figures are complete, agree with themselves and with what is known about the models from elsewhere."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path
from harness.errors import DataFileError
from harness.oracle.freeze import frozen
from harness.oracle.prepare import stored_configs
from harness.oracle.records import LayerRun, OracleModel, fixture_path, load_oracle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.oracle.prepare import StoredConfig

ORACLE = load_oracle()
STORED = list(stored_configs(data_path("model_configs")))
JUDGED = sorted(model for model, entry in ORACLE.models.items() if entry.verdict != "unavailable")

COMPONENTS = {
    "convolutions", "dense_ffn", "embedding", "gates", "head", "mtp", "norms", "other", "routed_experts", "router",
    "shared_experts", "vision",
}  # fmt: skip
MIXERS = {"block_sparse", "chunked", "csa", "dsa", "full", "gdn", "hca", "kda", "mamba2", "mla", "none", "window"}
FFNS = {"dense", "dense_moe", "latent_moe", "moe", "none"}

# Billions of parameters, as the publisher's model card, report or name gives them; vision towers apart.
PUBLISHED: Mapping[str, float] = {
    "MiniMaxAI/MiniMax-M2.5": 229,
    "Qwen/Qwen3-0.6B": 0.6,
    "Qwen/Qwen3-1.7B": 1.7,
    "Qwen/Qwen3-8B": 8.2,
    "Qwen/Qwen3-32B": 32.8,
    "Qwen/Qwen3-30B-A3B": 30.5,
    "Qwen/Qwen3-235B-A22B": 235,
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": 480,
    "Qwen/Qwen3.5-27B": 27,
    "Qwen/Qwen3.5-35B-A3B": 35,
    "Qwen/Qwen3.5-122B-A10B": 122,
    "Qwen/Qwen3.5-397B-A17B": 397,
    "XiaomiMiMo/MiMo-V2-Flash": 309,
    "deepseek-ai/DeepSeek-V3": 671,
    "deepseek-ai/DeepSeek-V3.2": 671,
    "deepseek-ai/DeepSeek-V4-Flash": 284,
    "deepseek-ai/DeepSeek-V4-Pro": 1600,
    "google/gemma-4-26B-A4B": 25.2,
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": 400,
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": 109,
    "meta-llama/Meta-Llama-3.1-8B": 8.03,
    "meta-llama/Meta-Llama-3.1-70B": 70.6,
    "meta-llama/Meta-Llama-3.1-405B": 405.9,
    "mistralai/Mixtral-8x7B-v0.1": 46.7,
    "mistralai/Mixtral-8x22B-v0.1": 140.6,
    "moonshotai/Kimi-K2-Instruct": 1026,
    "moonshotai/Kimi-K3": 2800,
    "nvidia/Gemma-4-31B-IT-NVFP4": 30.7,
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1": 49.9,
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 31.6,
    "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8": 120.6,
    "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16": 550,
    "nvidia/Nemotron-H-56B-Base-8K": 56,
    "openai/gpt-oss-20b": 20.9,
    "openai/gpt-oss-120b": 116.8,
    "stepfun-ai/Step-3.7-Flash": 196,
    "zai-org/GLM-5": 744,
}


def test_every_stored_config_has_an_entry_and_nothing_else_has() -> None:
    assert sorted(ORACLE.models) == sorted(stored.model for stored in STORED)


@pytest.mark.parametrize("config", STORED, ids=lambda config: config.model)
def test_the_entry_belongs_to_the_stored_file(config: StoredConfig) -> None:
    entry = ORACLE.models[config.model]
    assert entry.config_sha256 == hashlib.sha256(config.path.read_bytes()).hexdigest(), (
        f"{config.path.name} changed; regenerate the figures with `python -m harness.oracle`"
    )
    assert entry.architecture == config.architecture


def test_the_file_is_written_as_the_command_writes_it() -> None:
    assert fixture_path().read_text(encoding="utf-8") == frozen(ORACLE)


def test_the_oracle_judges_nearly_all_models() -> None:
    verdicts = [entry.verdict for entry in ORACLE.models.values()]
    assert verdicts.count("available") >= 80
    assert verdicts.count("unavailable") == 0


@pytest.mark.parametrize("model", JUDGED)
def test_words_are_those_of_the_layer_plan(model: str) -> None:
    entry = ORACLE.models[model]
    mixers = {mixer for mixer, _ in entry.layer_kinds}
    attention = {name.removeprefix("attention.") for name in entry.components if name.startswith("attention.")}
    assert {name for name in entry.components if not name.startswith("attention.")} <= COMPONENTS
    assert mixers <= MIXERS
    assert attention == mixers - {"none"}
    assert {ffn for _, ffn in entry.layer_kinds} <= FFNS


@pytest.mark.parametrize("model", JUDGED)
def test_layers_and_what_is_around_them_make_up_the_decoder(model: str) -> None:
    entry = ORACLE.models[model]
    around = entry.components["embedding"] + entry.components.get("head", 0)
    rest = (entry.parameters or 0) - sum(entry.layer_parameters) - around
    width = next(stored for stored in STORED if stored.model == model).raw
    hidden = _find(width, "hidden_size")
    # The final norm is always there; DeepSeek-V4's and Kimi-K3's outputs have a few vectors of their own.
    assert hidden <= rest < 50 * hidden


@pytest.mark.parametrize("model", JUDGED)
def test_as_many_layers_as_the_file_says(model: str) -> None:
    raw = next(stored for stored in STORED if stored.model == model).raw
    kinds = ORACLE.models[model].layer_kinds
    text = raw.get("text_config", raw)
    assert isinstance(text, dict)
    assert len(kinds) == text.get("num_hidden_layers", len(text.get("layers_block_type", ())))


@pytest.mark.parametrize("model", JUDGED)
def test_a_tied_head_is_counted_once(model: str) -> None:
    entry = ORACLE.models[model]
    assert entry.tied is not None
    assert ("head" in entry.components) is not entry.tied


@pytest.mark.parametrize("model", sorted(PUBLISHED))
def test_total_is_within_3_percent_of_what_is_published(model: str) -> None:
    billions = (ORACLE.models[model].parameters or 0) / 1e9
    assert billions == pytest.approx(PUBLISHED[model], rel=0.03)


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("deepseek-ai/DeepSeek-V3", "3x(mla+dense) 58x(mla+moe)"),
        ("zai-org/GLM-5", "3x(dsa+dense) 75x(dsa+moe)"),
        ("moonshotai/Kimi-K2-Instruct", "1x(mla+dense) 60x(mla+moe)"),
        ("MiniMaxAI/MiniMax-M3", "3x(full+dense) 57x(block_sparse+moe)"),
        ("Qwen/Qwen3-235B-A22B", "94x(full+moe)"),
    ],
)
def test_layer_kinds_of_well_known_models(model: str, kinds: str) -> None:
    assert " ".join(str(run).partition(" ")[0] for run in ORACLE.models[model].runs) == kinds


def test_a_hybrid_keeps_its_order() -> None:
    mixers = [mixer for mixer, _ in ORACLE.models["openai/gpt-oss-20b"].layer_kinds]
    assert mixers == ["window", "full"] * 12
    qwen = [mixer for mixer, _ in ORACLE.models["Qwen/Qwen3.5-397B-A17B"].layer_kinds]
    assert qwen == ["gdn", "gdn", "gdn", "full"] * 15


def test_quantized_twins_have_the_figures_of_the_model_they_come_from() -> None:
    for twin, model in [
        ("Qwen/Qwen3-32B-FP8", "Qwen/Qwen3-32B"),
        ("nvidia/Qwen3-235B-A22B-NVFP4", "Qwen/Qwen3-235B-A22B"),
        ("nvidia/DeepSeek-V3.1-NVFP4", "deepseek-ai/DeepSeek-V3"),
        ("nvidia/GLM-5-NVFP4", "zai-org/GLM-5"),
        ("sgl-project/DeepSeek-V4-Flash-FP8", "deepseek-ai/DeepSeek-V4-Flash"),
    ]:
        assert ORACLE.models[twin].components == ORACLE.models[model].components
        assert ORACLE.models[twin].layers == ORACLE.models[model].layers


def _find(value: object, name: str) -> int:
    if isinstance(value, dict):
        inner = value.get("text_config", value)
        found = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(found, int):
            return found
    raise AssertionError(f"no {name}")


def _mutated(tmp_path: Path, model: str, field: str, value: object) -> Path:
    document = json.loads(fixture_path().read_text(encoding="utf-8"))
    entry = document["models"][model]
    parent, _, last = field.rpartition(".")
    (entry[parent] if parent else entry)[last] = value
    path = tmp_path / "oracle.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("components.norms", 1, "components sum to"),
        ("parameters", 8190735361, "components sum to"),
        ("layers", ["36x(full+dense) 192946432 eaten"], "expected a run like"),
        ("layers", [], "layers sum to 0"),
        ("layers", ["36x(full+dense) 999999999 each"], "layers sum to"),
        ("config_sha256", "abc", "should match pattern"),
        ("verdict", "probably", "should be 'available', 'by_hand' or 'unavailable'"),
        ("verdict", "unavailable", "expected a reason and no figures"),
        ("components.norms", -1, "greater than or equal to 0"),
        ("invented", 1, "not permitted"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, field: str, value: object, expected: str) -> None:
    with pytest.raises(DataFileError, match=expected) as caught:
        load_oracle(_mutated(tmp_path, "Qwen/Qwen3-8B", field, value))
    assert "Qwen/Qwen3-8B" in str(caught.value)
    assert "python -m harness.oracle" in str(caught.value)


def test_a_missing_file_and_one_that_is_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="No such file"):
        load_oracle(tmp_path / "nowhere.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(DataFileError, match="EOF"):
        load_oracle(broken)


def test_a_run_reads_back_as_it_is_written() -> None:
    run = LayerRun(3, "mla", "dense", 583483392)
    assert str(run) == "3x(mla+dense) 583483392 each"
    assert LayerRun.parse(str(run)) == run


@pytest.mark.parametrize("text", ["", "3x(mla) 5 each", "0x(mla+moe) 5 each", "3x(mla+moe) -5 each", "3x(mla+moe) 5"])
def test_what_is_no_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a run"):
        LayerRun.parse(text)


def test_an_entry_without_figures_needs_a_reason() -> None:
    entry = OracleModel(architecture="X", config_sha256="0" * 64, verdict="unavailable", reason="no class")
    assert entry.layer_kinds == ()
    with pytest.raises(ValueError, match="expected a reason"):
        OracleModel(architecture="X", config_sha256="0" * 64, verdict="unavailable")
