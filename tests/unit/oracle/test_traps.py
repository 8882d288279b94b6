"""Configs that load into a model which nobody described: the real classes, small configs, one trap each.

These run where the extra `oracle` is installed (`nox -s oracle`); everywhere else the frozen figures stand for them.
"""

from __future__ import annotations

import json
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path
from harness.oracle.collect import collect

if TYPE_CHECKING:
    from pathlib import Path

    from harness.oracle.records import OracleModel

pytestmark = [
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("transformers") is None, reason="the extra `oracle` is not installed"
    ),
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the oracle reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "head_dim": 8,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "vocab_size": 100,
}
ATTENTION = 2 * 32 * 32 + 2 * 32 * 16
LLAMA_LAYER = ATTENTION + 3 * 32 * 64 + 2 * 32


def judged(folder: Path, **config: object) -> OracleModel:
    (folder / "a--A_config.json").write_text(json.dumps(config), encoding="utf-8")
    return collect(folder).models["a/A"]


def stored(model: str) -> dict[str, object]:
    path = data_path("model_configs", f"{model.replace('/', '--')}_config.json")
    config = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(config, dict)
    return config


def test_a_plain_model_is_counted_tensor_by_tensor(tmp_path: Path) -> None:
    entry = judged(tmp_path, **LLAMA)
    assert (entry.verdict, entry.reason) == ("available", "")
    assert entry.layers == (f"2x(full+dense) {LLAMA_LAYER} each",)
    assert entry.components == {
        "attention.full": 2 * ATTENTION,
        "dense_ffn": 2 * 3 * 32 * 64,
        "embedding": 3200,
        "head": 3200,
        "norms": 5 * 32,
    }


def test_a_tied_head_is_counted_once(tmp_path: Path) -> None:
    entry = judged(tmp_path, **{**LLAMA, "tie_word_embeddings": True})
    assert entry.tied is True
    assert entry.parameters == 2 * LLAMA_LAYER + 3200 + 32


def test_remote_code_and_quantization_are_stripped_before_a_class_sees_them(tmp_path: Path) -> None:
    extra = {
        "auto_map": {"AutoConfig": "nowhere/at-all--configuration.Config"},
        "quantization_config": {"quant_method": "invented", "bits": 3},
    }
    assert judged(tmp_path, **LLAMA, **extra).verdict == "available"


def test_a_flattened_config_is_not_passed_as_the_default_model(tmp_path: Path) -> None:
    nested = stored("Qwen/Qwen3-VL-2B-Instruct")
    text = nested.pop("text_config")
    assert isinstance(text, dict)
    entry = judged(tmp_path, **{**text, **nested})
    assert entry.verdict == "unavailable"
    assert "the file has no text_config, so that the class builds its default one" in entry.reason
    assert entry.parameters is None


def test_experts_that_are_not_there_are_not_filled_in(tmp_path: Path) -> None:
    dense = {**LLAMA, "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe"}
    entry = judged(tmp_path, **dense)
    assert entry.verdict == "unavailable"
    assert "the class fills in num_local_experts = 128, which shapes the model" in entry.reason
    assert "the class fills in moe_intermediate_size" in entry.reason


def test_a_missing_size_is_not_filled_in(tmp_path: Path) -> None:
    entry = judged(tmp_path, **{name: value for name, value in LLAMA.items() if name != "vocab_size"})
    assert "the class fills in vocab_size = 32000, which shapes the model" in entry.reason


def test_a_field_that_the_class_ignores_is_not_passed(tmp_path: Path) -> None:
    entry = judged(tmp_path, **LLAMA, layers_without_attention=[1])
    assert entry.verdict == "unavailable"
    assert entry.reason == "the class ignores layers_without_attention = [1]"


def test_a_field_that_the_class_declares_and_never_uses_is_not_passed(tmp_path: Path) -> None:
    config = stored("deepseek-ai/DeepSeek-V4-Flash")
    assert config["n_shared_experts"] == 1
    entry = judged(tmp_path, **{**config, "n_shared_experts": 2})
    assert entry.verdict == "unavailable"
    assert entry.reason == "the class ignores n_shared_experts = 2"


def test_a_pattern_comes_from_the_file_and_not_from_the_class(tmp_path: Path) -> None:
    config = stored("XiaomiMiMo/MiMo-V2-Flash")
    config["hybrid_layer_pattern"] = [1, *[0] * 47]
    mixers = [mixer for mixer, _ in judged(tmp_path, **config).layer_kinds]
    assert mixers == ["window", *["full"] * 47]


def test_an_unknown_pattern_code_is_not_passed(tmp_path: Path) -> None:
    config = stored("XiaomiMiMo/MiMo-V2-Flash")
    config["hybrid_layer_pattern"] = [2] * 48
    assert "the class ignores hybrid_layer_pattern" in judged(tmp_path, **config).reason


def test_a_head_size_that_differs_between_layers_is_read_all_the_same(tmp_path: Path) -> None:
    entry = judged(tmp_path, **stored("google/gemma-4-26B-A4B"))
    assert entry.verdict == "available"
    assert {run.parameters for run in entry.runs if run.mixer == "window"} != {
        run.parameters for run in entry.runs if run.mixer == "full"
    }


def test_a_tower_that_the_file_does_not_describe_is_not_judged(tmp_path: Path) -> None:
    entry = judged(tmp_path, **stored("meta-llama/Llama-4-Scout-17B-16E-Instruct"))
    assert entry.not_judged == ("vision",)
    assert "vision" not in entry.components


DEEPSEEK = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "first_k_dense_replace": 1,
    "hidden_size": 32,
    "intermediate_size": 64,
    "kv_lora_rank": 8,
    "moe_intermediate_size": 16,
    "n_group": 1,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_attention_heads": 2,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "q_lora_rank": 16,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "tie_word_embeddings": False,
    "topk_group": 1,
    "v_head_dim": 8,
    "vocab_size": 100,
}


def test_prediction_blocks_are_counted_where_the_file_asks_for_them(tmp_path: Path) -> None:
    entry = judged(tmp_path, **DEEPSEEK, num_nextn_predict_layers=2)
    # Each block is a MoE layer with three norms and a projection of two streams into one.
    layer = entry.layer_parameters[-1]
    assert entry.components["mtp"] == 2 * (layer + 3 * 32 + 2 * 32 * 32)
    assert entry.not_judged == ()


@pytest.mark.parametrize("blocks", [{}, {"num_nextn_predict_layers": 0}])
def test_prediction_blocks_are_not_filled_in(tmp_path: Path, blocks: dict[str, object]) -> None:
    entry = judged(tmp_path, **DEEPSEEK, **blocks)
    assert entry.verdict == "available"
    assert "mtp" not in entry.components
    assert entry.not_judged == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architectures": ["NobodysForCausalLM"]}, "has no class NobodysForCausalLM"),
        ({"architectures": []}, r"has no class \(none declared\)"),
        ({"model_type": "qwen3"}, "the config is a 'qwen3', but LlamaForCausalLM reads a 'llama'"),
        ({"hidden_size": "wide"}, "LlamaForCausalLM refuses the config: "),
        ({"num_attention_heads": 0}, "LlamaForCausalLM refuses the config: "),
    ],
)
def test_what_cannot_be_built_is_unavailable_with_its_reason(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    entry = judged(tmp_path, **{**LLAMA, **change})
    assert entry.verdict == "unavailable"
    assert entry.components == {}
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(entry.reason)


def test_a_mixer_that_no_rule_names_is_unavailable(tmp_path: Path) -> None:
    mamba = {
        "architectures": ["MambaForCausalLM"],
        "model_type": "mamba",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "vocab_size": 100,
    }
    entry = judged(tmp_path, **mamba)
    assert entry.verdict == "unavailable"
    assert "where no rule looks" in entry.reason
