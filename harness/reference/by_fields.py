"""A reading of a config whose architecture no recipe knows: what the usual field names alone say.

It is a guess that lists what it guessed. Nothing that must be right may rest on it; a recipe replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.reference.latent import LatentAttention
from harness.reference.mixers import NoMixer
from harness.reference.recipe import (
    assemble,
    attention,
    dense,
    depth,
    hidden_size,
    layer,
    mamba2,
    moe,
    sparse_from,
    state_bytes,
    window,
)
from harness.reference.recurrent import DeltaNet

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer

_LISTS = ("layer_types", "layers_block_type", "hybrid_layer_pattern", "hybrid_override_pattern")
_MEANINGS = {
    "full_attention": "full",
    "attention": "full",
    "full": "full",
    "global": "full",
    "*": "full",
    "sliding_attention": "window",
    "sliding": "window",
    "local": "window",
    "swa": "window",
    "chunked_attention": "chunked",
    "linear_attention": "linear",
    "linear": "linear",
    "mamba": "mamba2",
    "mamba2": "mamba2",
    "M": "mamba2",
}
"""Values of per-layer lists that models use, whatever their architecture."""
_TELLING = (
    "mamba_*",
    "ssm_*",
    "linear_*",
    "index_*",
    "compress*",
    "*_pattern",
    "*chunk*",
    "*conv_*",
    "moe_layers*",
    "*latent*",
)
"""Names of fields that speak of layers of another kind; one that was not understood makes the reading doubtful."""
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True, slots=True)
class Guess:
    """A plan from fields alone.

    Attributes:
        plan: The plan.
        uncertain: What the fields do not say, in sentences.
    """

    plan: LayerPlan
    uncertain: tuple[str, ...]


def guess(config: HFConfig) -> Guess:
    """Read a config by its field names.

    Raises:
        ConfigError: A field that every decoder has is missing or wrong.
    """
    text = config.text()
    doubts = [
        "Norms, biases, gates and the tied head are taken as in Llama; the class may have others.",
        *_silent(text),
    ]
    kinds = _kinds(text, doubts)
    mixers = {kind: _mixer(text, kind, doubts) for kind in dict.fromkeys(kinds)}
    sparse = _sparse(text, len(kinds), doubts)
    plain = dense(text) if not all(sparse) else None
    experts = moe(text, _expert_width(text), shared_inner=_shared(text)) if any(sparse) else None
    hidden = hidden_size(text)
    layers = [
        layer(hidden, mixers[kind], experts if is_sparse and experts else plain or dense(text))
        for kind, is_sparse in zip(kinds, sparse, strict=True)
    ]
    plan = assemble(config, layers)
    strange = [
        field for field in text.fields() if _tells(field) and field not in text.read_fields() and text.get(field)
    ]
    if strange:
        doubts.append(f"Not understood, although they speak of other kinds of layers: {', '.join(strange)}.")
    return Guess(plan, tuple(doubts))


def _tells(field: str) -> bool:
    return any(fnmatchcase(field, pattern) for pattern in _TELLING)


def _silent(text: HFConfig) -> list[str]:
    found = []
    if text.has("num_nextn_predict_layers") or text.has("num_mtp_modules"):
        found.append("Prediction (MTP) blocks are not counted: no field says what is in them.")
    return found


def _kinds(text: HFConfig, doubts: list[str]) -> tuple[str, ...]:
    layers = depth(text)
    for field in _LISTS:
        value = text.get(field)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            meanings = {name: _MEANINGS.get(name, "unknown") for name in map(str, value)}
            strange = sorted(name for name, kind in meanings.items() if kind == "unknown")
            if strange:
                doubts.append(f"{field} has the values {', '.join(strange)}, which no known model uses.")
            return text.pattern(field, layers, meanings)
        if value is not None:
            doubts.append(f"{field} is written in a way that only its own class can explain: {str(value)[:60]}.")
    interval = text.integer_or(0, "full_attention_interval", least=0)
    if interval:
        return tuple("linear" if (index + 1) % interval else "full" for index in range(layers))
    every = text.integer_or(0, "sliding_window_pattern", "_sliding_window_pattern", least=0)
    if every:
        return tuple("window" if (index + 1) % every else "full" for index in range(layers))
    period = text.integer_or(0, "attn_layer_period", least=0)
    if period:
        offset = text.integer_or(0, "attn_layer_offset", least=0)
        return tuple("full" if index % period == offset else "mamba2" for index in range(layers))
    if text.has("sliding_window") and text.flag(True, "use_sliding_window"):
        doubts.append("sliding_window is set, but no field says which layers have it; all are read as full attention.")
    return ("full",) * layers


def _mixer(text: HFConfig, kind: str, doubts: list[str]) -> Mixer:
    if kind == "full" and text.has("kv_lora_rank"):
        return LatentAttention(
            hidden_size(text),
            text.integer("num_attention_heads"),
            text.integer_or(0, "q_lora_rank"),
            text.integer("kv_lora_rank"),
            text.integer("qk_nope_head_dim"),
            text.integer("qk_rope_head_dim"),
            text.integer("v_head_dim"),
        )
    if kind == "full":
        return attention(text)
    if kind == "window":
        return attention(text, "window", reach=window(text))
    if kind == "chunked":
        return attention(text, "chunked", reach=text.integer("attention_chunk_size"))
    if kind == "mamba2" and text.has("mamba_n_heads"):
        return mamba2(text)
    if kind == "linear" and text.has("linear_num_key_heads"):
        doubts.append("Linear attention is read as a gated delta net (GDN), as in Qwen3.5.")
        return DeltaNet(
            "gdn",
            hidden_size(text),
            text.integer("linear_num_key_heads"),
            text.integer("linear_num_value_heads"),
            text.integer("linear_key_head_dim"),
            text.integer("linear_value_head_dim"),
            text.integer("linear_conv_kernel_dim"),
            state_bytes=state_bytes(text),
        )
    doubts.append(
        f"The dimensions of the {kind} layers are not in fields of the usual names; they are counted as empty."
    )
    return NoMixer(kind=kind)


def _sparse(text: HFConfig, layers: int, doubts: list[str]) -> tuple[bool, ...]:
    if not any(text.has(field) and text.get(field) for field in _EXPERTS):
        return (False,) * layers
    if text.has("decoder_sparse_step"):
        step = text.integer("decoder_sparse_step")
        return tuple((index + 1) % step == 0 for index in range(layers))
    if not text.has("first_k_dense_replace") and not text.has("moe_layer_freq"):
        doubts.append("No field says which layers have experts; all are read as having them.")
    return sparse_from(text, layers)


def _expert_width(text: HFConfig) -> str:
    return "moe_intermediate_size" if text.has("moe_intermediate_size") else "intermediate_size"


def _shared(text: HFConfig) -> int:
    stated = text.integer_or(0, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", least=0)
    return stated or text.integer_or(0, "n_shared_experts", "num_shared_experts", least=0) * text.integer_or(
        0, _expert_width(text), least=0
    )
