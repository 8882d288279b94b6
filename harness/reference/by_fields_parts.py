"""Mixers and feed-forwards by the usual field names; what is missing or only likely becomes a doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.reference.by_fields_data import field_names
from harness.reference.ffns import NoFfn
from harness.reference.latent import TokenIndex
from harness.reference.mixers import Both, NoMixer
from harness.reference.recipe import attention, dense, hidden_size, latent_attention, moe, scaled, state_bytes, window
from harness.reference.recurrent import DeltaNet, Mamba1, Mamba2, ShortConv

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.mixers import Mixer

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
_INDEX = ("index_n_heads", "index_head_dim", "index_topk")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that the fields do not say for certain.

    Attributes:
        about: What it may make wrong: the mixers, the feed-forwards, both (`layer`), or neither.
        text: The doubt in a sentence.
    """

    about: Literal["mixer", "ffn", "layer", "other"]
    text: str


def has_experts(text: HFConfig) -> bool:
    """Whether the model has more than one expert."""
    return any(text.integer_or(0, name, least=0) > 1 for name in _EXPERTS)


def mixer(text: HFConfig, kind: str, doubts: list[Doubt]) -> Mixer:
    """The mixer of a kind of layer, empty where its dimensions are not there.

    Raises:
        ConfigError: A field that is there does not hold what it should.
    """
    flavour = _FLAVOURS[kind](text) if kind in _FLAVOURS else kind
    if flavour in ("dense", "moe"):
        return NoMixer()
    if flavour == "hybrid":
        doubts.append(Doubt("layer", "Layers called hybrid are read as attention and Mamba side by side."))
        return Both(mixer(text, "full", doubts), mixer(text, "mamba", doubts))
    lacking = field_names().lacking(text, flavour)
    if flavour not in _BUILDERS:
        doubts.append(Doubt("mixer", f"What the {flavour} layers hold is not known; they are counted as empty."))
    elif lacking:
        why = f"The {flavour} layers need {', '.join(lacking)}, which the config does not have"
        doubts.append(Doubt("mixer", f"{why}; they are counted as empty."))
    else:
        likely = _LIKELY.get(flavour)
        doubts.extend([Doubt("mixer", likely)] if likely else [])
        return _BUILDERS[flavour](text)
    return NoMixer(kind=flavour)


def feed_forward(text: HFConfig, *, sparse: bool, doubts: list[Doubt]) -> Ffn:
    """The feed-forward of a layer with or without experts, empty where its width is not there.

    Raises:
        ConfigError: A field that is there does not hold what it should.
    """
    names = field_names()
    if sparse:
        lacking = names.lacking(text, "moe")
        if not lacking:
            return _experts(text, doubts)
        doubts.append(
            Doubt(
                "ffn", f"The experts need {', '.join(lacking)}, which the config does not have; they are not counted."
            )
        )
        return NoFfn()
    width = names.field_of(text, "dense_width")
    if text.has(width):
        return dense(text, width)
    doubts.append(Doubt("ffn", "No field of a usual name gives the width of the feed-forward; it is counted as empty."))
    return NoFfn()


def _experts(text: HFConfig, doubts: list[Doubt]) -> Ffn:
    names = field_names()
    width, latent = (
        names.field_of(text, "expert_width"),
        text.integer_or(0, names.field_of(text, "latent_width"), least=0),
    )
    if latent:
        doubts.append(
            Doubt("ffn", f"The experts are read as working in a narrower space of {latent}, as in Nemotron-3.")
        )
    shared = text.integer_or(0, names.field_of(text, "shared_width"), least=0)
    count = text.integer_or(0, names.field_of(text, "shared_experts"), least=0)
    return moe(text, width, shared_inner=shared or count * text.integer(width), latent=latent)


# What a layer called so is, by the fields that are there -----------------------------------------------------------


def _full(text: HFConfig) -> str:
    if not text.has("kv_lora_rank"):
        return "full"
    return "dsa" if all(map(text.has, _INDEX)) else "mla"


def _linear(text: HFConfig) -> str:
    if text.has("linear_num_key_heads"):
        return "gdn"
    # Some configs call every recurrent layer linear.
    return _mamba(text) if _mamba(text) == "mamba2" and not field_names().lacking(text, "mamba2") else "linear"


def _mamba(text: HFConfig) -> str:
    return (
        "mamba2" if text.has(field_names().field_of(text, "mamba_heads")) or not text.has("mamba_dt_rank") else "mamba"
    )


_FLAVOURS: dict[str, Callable[[HFConfig], str]] = {"full": _full, "linear": _linear, "mamba": _mamba}
_LIKELY = {
    "gdn": "Linear attention is read as a gated delta net (GDN), as in Qwen3.5.",
    "dsa": "Latent attention is read as sparse (DSA), with an indexer in every layer, as in DeepSeek-V3.2.",
    "kda": "Linear attention is read as Kimi's delta attention (KDA).",
    "mamba": "Mamba layers are read as Mamba-1, because mamba_dt_rank is set and no number of heads.",
}
"""Kinds that are told by analogy, and what to say of it."""


def _latent(text: HFConfig) -> Mixer:
    indexed = all(map(text.has, _INDEX))
    heads, dim, top = (text.integer(name) if indexed else 0 for name in _INDEX)
    return latent_attention(
        text,
        index=TokenIndex(heads, dim, top) if indexed else None,
    )


def _gdn(text: HFConfig) -> Mixer:
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


def _kda(text: HFConfig) -> Mixer:
    part = text.required_section("linear_attn_config")
    heads, dim = part.integer("num_heads"), part.integer("head_dim")
    kernel = part.integer("short_conv_kernel_size")
    return DeltaNet("kda", hidden_size(text), heads, heads, dim, dim, kernel)


def _mamba1(text: HFConfig) -> Mixer:
    names, hidden = field_names(), hidden_size(text)
    automatic = text.get("mamba_dt_rank") in (None, "auto")
    return Mamba1(
        hidden,
        scaled(text, "mamba_expand", hidden),
        text.integer(names.field_of(text, "mamba_state")),
        text.integer(names.field_of(text, "mamba_kernel")),
        -(-hidden // 16) if automatic else text.integer("mamba_dt_rank"),
        state_bytes=state_bytes(text),
    )


def _mamba2(text: HFConfig) -> Mixer:
    names, hidden = field_names(), hidden_size(text)
    heads, dim = text.integer(names.field_of(text, "mamba_heads")), names.field_of(text, "mamba_dim")
    # "auto" means that the heads share the inner width.
    stated = text.get(dim) not in (None, "auto")
    return Mamba2(
        hidden,
        heads,
        text.integer(dim) if stated else scaled(text, "mamba_expand", hidden) // heads,
        text.integer(names.field_of(text, "mamba_groups")),
        text.integer(names.field_of(text, "mamba_state")),
        text.integer(names.field_of(text, "mamba_kernel")),
        state_bytes=state_bytes(text),
    )


_BUILDERS: dict[str, Callable[[HFConfig], Mixer]] = {
    "full": attention,
    "window": lambda text: attention(text, "window", reach=window(text)),
    "chunked": lambda text: attention(text, "chunked", reach=text.integer("attention_chunk_size")),
    "mla": _latent,
    "dsa": _latent,
    "gdn": _gdn,
    "kda": _kda,
    "mamba": _mamba1,
    "mamba2": _mamba2,
    "short_conv": lambda text: ShortConv(hidden_size(text), text.integer("conv_L_cache")),
}
