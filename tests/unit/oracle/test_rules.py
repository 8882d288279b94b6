"""The rules name every part of a model, and refuse what they do not know."""

from __future__ import annotations

import re

import pytest

from harness.oracle.rules import FieldRule, UnknownPart, component_of, ffn_kind, load_rules, mixer_kind

RULES = load_rules()


@pytest.mark.parametrize(
    ("parameter", "component"),
    [
        ("model.embed_tokens.weight", "embedding"),
        ("model.embeddings.weight", "embedding"),
        ("lm_head.weight", "head"),
        ("language_model.lm_head.weight", "head"),
        ("model.norm.weight", "norms"),
        ("model.norm_f.weight", "norms"),
        ("model.layers.0.self_attn.q_norm.weight", "norms"),
        ("model.layers.0.self_attn.kv_a_layernorm.weight", "norms"),
        ("model.layers.0.self_attn.indexer.k_norm.bias", "norms"),
        ("model.layers.0.self_attn.compressor.kv_norm.weight", "norms"),
        ("model.layers.0.post_feedforward_layernorm_2.weight", "norms"),
        ("model.layers.0.mixer.norm.weight", "norms"),
        ("model.layers.0.self_attn.q_proj.weight", "attention.some"),
        ("model.layers.0.self_attn.o_proj.bias", "attention.some"),
        ("model.layers.0.self_attn.compressor.position_bias", "attention.some"),
        ("model.layers.0.linear_attn.in_proj_qkv.weight", "attention.some"),
        ("model.layers.0.mixer.in_proj.weight", "attention.some"),
        ("model.layers.0.mixer.conv1d.bias", "convolutions"),
        ("model.layers.0.linear_attn.conv1d.weight", "convolutions"),
        ("model.layers.0.linear_attn.A_log", "gates"),
        ("model.layers.0.mixer.D", "gates"),
        ("model.layers.0.self_attn.sinks", "gates"),
        ("model.layers.0.self_attn.g_proj.weight", "gates"),
        ("model.layers.0.mlp.shared_expert_gate.weight", "gates"),
        ("model.language_model.layers.0.layer_scalar", "gates"),
        ("model.layers.0.mlp.gate.weight", "router"),
        ("model.layers.0.mlp.gate.e_score_correction_bias", "router"),
        ("model.layers.0.mlp.e_score_correction_bias", "router"),
        ("model.layers.0.mlp.router.bias", "router"),
        ("model.layers.0.router.per_expert_scale", "router"),
        ("model.layers.0.mlp.experts.gate_up_proj", "routed_experts"),
        ("model.layers.0.mlp.experts.down_proj_bias", "routed_experts"),
        ("model.layers.0.mixer.fc1_latent_proj.weight", "routed_experts"),
        ("model.layers.0.mlp.shared_experts.down_proj.weight", "shared_experts"),
        ("model.layers.0.feed_forward.shared_expert.up_proj.weight", "shared_experts"),
        ("model.layers.0.mlp.gate_up_proj.weight", "dense_ffn"),
        ("model.layers.0.mixer.up_proj.weight", "dense_ffn"),
        ("model.layers.0.feed_forward.down_proj.weight", "dense_ffn"),
        ("model.layers.0.attn_hc.fn", "other"),
        ("model.hc_head.hc_base", "other"),
        ("model.layers.0.mamba.in_proj.weight", "attention.some"),
        ("model.layers.0.mamba.dt_proj.weight", "attention.some"),
        ("model.layers.0.mamba.dt_proj.bias", "gates"),
        ("model.layers.0.mamba.dt_layernorm.weight", "norms"),
        ("model.layers.0.conv.in_proj.weight", "attention.some"),
        ("model.layers.0.conv.conv.weight", "convolutions"),
        ("model.layers.0.feed_forward.w2.weight", "dense_ffn"),
        ("model.layers.0.block_sparse_moe.router.weight", "router"),
        ("model.layers.0.block_sparse_moe.experts.down_proj", "routed_experts"),
        ("model.layers.0.shared_transformer.feed_forward.gate_up_proj_adapter_list.0.1.weight", "dense_ffn"),
        ("model.layers.0.shared_transformer.self_attn.linear_q_adapter_list.0.1.weight", "attention.some"),
        ("model.layers.0.linear.weight", "other"),
        ("mtp.layers.0.mtp_block.self_attn.q_a_proj.weight", "mtp"),
        ("model.visual.blocks.0.norm1.weight", "vision"),
        ("model.vision_tower.layers.0.self_attn.q_proj.weight", "vision"),
        ("model.multi_modal_projector.linear_1.bias", "vision"),
    ],
)
def test_each_parameter_has_its_component(parameter: str, component: str) -> None:
    assert component_of(RULES, parameter, "some") == component


def test_a_shared_feed_forward_is_dense_where_there_are_no_experts() -> None:
    name = "model.layers.0.shared_mlp.input_linear.weight"
    assert component_of(RULES, name, ffn="moe") == "shared_experts"
    assert component_of(RULES, name, ffn="dense") == "dense_ffn"


@pytest.mark.parametrize("parameter", ["model.layers.0.surprise.weight", "model.layers.0.mlp.new_thing", ""])
def test_a_parameter_that_no_rule_names_is_not_guessed(parameter: str) -> None:
    with pytest.raises(UnknownPart, match="no component rule fits"):
        component_of(RULES, parameter)


@pytest.mark.parametrize(
    ("module", "attributes", "parameters", "kind"),
    [
        ("LlamaAttention", {}, ["self_attn.q_proj.weight"], "full"),
        ("GptOssAttention", {"sliding_window": 128}, [], "window"),
        ("GptOssAttention", {"sliding_window": None}, [], "full"),
        ("Llama4TextAttention", {"use_rope": 1}, [], "chunked"),
        ("Llama4TextAttention", {"use_rope": 0}, [], "full"),
        ("DeepseekV3Attention", {}, ["self_attn.kv_a_proj_with_mqa.weight"], "mla"),
        ("DeepseekV32Attention", {}, ["self_attn.kv_a_proj_with_mqa.weight"], "dsa"),
        ("DeepseekV4Attention", {"layer_type": "sliding_attention", "sliding_window": 128}, [], "window"),
        ("DeepseekV4Attention", {"layer_type": "compressed_sparse_attention", "sliding_window": 128}, [], "csa"),
        ("DeepseekV4Attention", {"layer_type": "heavily_compressed_attention", "sliding_window": 128}, [], "hca"),
        ("MiniMaxM3VLAttention", {"indexer": "MiniMaxM3VLIndexer"}, [], "block_sparse"),
        ("MiniMaxM3VLAttention", {"indexer": None}, [], "full"),
        ("Qwen3_5MoeGatedDeltaNet", {}, [], "gdn"),
        ("KimiLinearDeltaAttention", {}, [], "kda"),
        ("NemotronHMamba2Mixer", {}, [], "mamba2"),
        ("BambaMixer", {}, [], "mamba2"),
        ("FalconH1Mixer", {}, [], "mamba2"),
        ("GraniteMoeHybridMambaLayer", {}, [], "mamba2"),
        ("Zamba2MambaMixer", {}, [], "mamba2"),
        ("JambaMambaMixer", {}, [], "mamba"),
        ("Lfm2ShortConv", {}, [], "short_conv"),
        ("NemotronHMoE", {}, [], "none"),
        ("NemotronHMLP", {}, [], "none"),
    ],
)
def test_each_mixer_has_its_kind(module: str, attributes: dict[str, object], parameters: list[str], kind: str) -> None:
    assert mixer_kind(RULES, module, attributes, parameters) == kind


def test_a_mixer_that_no_rule_names_is_not_guessed() -> None:
    with pytest.raises(UnknownPart, match="no mixer rule fits RwkvTimeMix"):
        mixer_kind(RULES, "RwkvTimeMix", {}, [])


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        (["mlp.gate_proj.weight"], "dense"),
        (["feed_forward.up_proj.weight"], "dense"),
        (["mixer.up_proj.weight"], "dense"),
        (["shared_mlp.input_linear.weight"], "dense"),
        (["block_sparse_moe.experts.down_proj", "shared_mlp.input_linear.weight"], "moe"),
        (["shared_transformer.feed_forward.down_proj.weight", "mamba_decoder.mamba.in_proj.weight"], "dense"),
        (["mlp.experts.down_proj", "mlp.shared_experts.up_proj.weight"], "moe"),
        (["experts.down_proj", "mlp.up_proj.weight", "router.scale"], "dense_moe"),
        (["mixer.experts.up_proj", "mixer.fc1_latent_proj.weight"], "latent_moe"),
        (["mixer.in_proj.weight", "norm.weight"], "none"),
    ],
)
def test_each_feed_forward_has_its_kind(parameters: list[str], kind: str) -> None:
    assert ffn_kind(RULES, parameters) == kind


def test_a_field_rule_holds_for_its_architectures_and_values_only() -> None:
    rule = FieldRule(fields=("n",), only=("A",), values=("1", "null"), why="for a test")
    assert rule.covers("A", "n", 1)
    assert rule.covers("A", "n", None)
    assert not rule.covers("A", "n", True)
    assert not rule.covers("A", "n", 2)
    assert not rule.covers("B", "n", 1)
    assert not rule.covers("A", "m", 1)


def test_a_field_rule_can_speak_about_each_item_of_a_list() -> None:
    rule = FieldRule(fields=("kinds",), values=("1",), each=True, why="for a test")
    assert rule.covers("A", "kinds", [1, 1, 1])
    assert not rule.covers("A", "kinds", [1, 0, 1])


def test_every_acceptance_says_why_and_every_pattern_compiles() -> None:
    fields = (*RULES.ignored, *RULES.assumed, *RULES.transformed)
    assert all(why.strip() for why in (*(rule.why for rule in fields), *(rule.why for rule in RULES.build)))
    for pattern in (
        *RULES.tables,
        *(rule.pattern for rule in RULES.component),
        *(rule.module for rule in RULES.mixer),
        *(text for rule in RULES.ffn for text in rule.parameters),
    ):
        re.compile(pattern)


def test_only_harmless_defaults_are_accepted_for_all_models() -> None:
    for rule in RULES.assumed:
        assert rule.only or rule.values == ("false",), f"{rule.fields} is accepted too widely"
