"""Step-3.7-Flash: full attention and windows, which may have more heads, and experts after the first layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import (
    PLAIN_KINDS,
    assemble,
    dense,
    depth,
    full_and_window,
    heads,
    hidden_size,
    layer,
    moe,
    no_mtp,
)
from harness.reference.vision import uncounted_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


def _sparse(text: HFConfig, layers: int) -> set[int]:
    if not text.has("moe_layers_enum"):
        return set(range(text.integer_or(3, "first_k_dense_replace", least=0), layers))
    value = text.get("moe_layers_enum")
    numbers = value.split(",") if isinstance(value, str) else value
    if not isinstance(numbers, list) or not all(str(number).strip().isdecimal() for number in numbers):
        text.fail("moe_layers_enum", value, "numbers of layers, as a list or joined by commas")
    found = {int(number) for number in numbers}
    # Prediction blocks are counted on behind the layers.
    if max(found, default=0) >= layers + text.integer_or(0, "num_nextn_predict_layers", least=0):
        text.fail("moe_layers_enum", max(found), f"numbers of layers, which are 0 to {layers - 1}")
    return found


@recipe(
    "Step3p7ForConditionalGeneration",
    "Step3p5ForCausalLM",
    "Step3p7FlashForCausalLM",
    "Step3p5FlashForCausalLM",
    source="transformers/models/step3p7/configuration_step3p7.py",
)
def step3p7(config: HFConfig) -> LayerPlan:
    """`attention_other_setting` gives the windows' heads; `layer_types` may go on with the prediction blocks."""
    text = config.text()
    hidden, layers = hidden_size(text), depth(text)
    kinds = text.pattern("layer_types", layers, PLAIN_KINDS, longer=True)
    kv_field = "num_attention_groups" if text.has("num_attention_groups") else "num_key_value_heads"
    queries, kv = heads(text, kv_field=kv_field)
    other = text.section("attention_other_setting")
    local = other.integer_or(queries, "num_attention_heads") if other else queries
    if local % kv:
        text.fail("attention_other_setting", local, f"a multiple of the key-value heads, which are {kv}")
    mixers = full_and_window(text, kinds, kv_heads=kv, head_norms=True, head_gate=True)
    if "window" in mixers:
        mixers["window"] = replace(mixers["window"], heads=local)
    shared = text.integer("share_expert_dim", "share_expert_dims")
    experts = moe(text, shared_inner=shared, correction=text.flag(True, "use_moe_router_bias"))
    plain, sparse = dense(text), _sparse(text, layers)
    planned = [layer(hidden, mixers[kind], experts if i in sparse else plain) for i, kind in enumerate(kinds)]
    towers = [uncounted_vision("its tower is not read")] if config.section("vision_config") else []
    return assemble(config, planned, towers=[*towers, *no_mtp(text, "num_nextn_predict_layers")])
