"""What recipes share: how a decoder is put together, and readers for the fields that most families spell alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.ffns import Dense, Moe
from harness.reference.latent import LatentAttention
from harness.reference.layers import Layer, LayerPlan, Tower
from harness.reference.mixers import Attention
from harness.reference.recurrent import STATE_BYTES, Mamba2
from harness.reference.weights import Weights, norm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.latent import TokenIndex
    from harness.reference.mixers import Mixer

MOST_LAYERS = 10_000
"""No decoder is deeper; a plan lists every layer, so that a slip must not become a list that fills the memory."""

PLAIN_KINDS = {"full_attention": "full", "sliding_attention": "window"}
"""The two values of `layer_types` that most families use."""


_DEPTH = ("num_hidden_layers", "n_layer", "num_layers")


def depth(text: HFConfig, listed: str = "") -> int:
    """Number of decoder layers.

    Args:
        text: The text decoder's config.
        listed: A per-layer list whose length counts where the number itself is missing.

    Raises:
        ConfigError: `num_hidden_layers` is no whole number, or absurd.
    """
    values = text.get(listed) if listed and not any(map(text.has, _DEPTH)) else None
    layers = len(values) if isinstance(values, list) and values else text.integer(*_DEPTH)
    if layers > MOST_LAYERS:
        text.fail("num_hidden_layers", layers, f"at most {MOST_LAYERS} layers")
    return layers


def hidden_size(text: HFConfig) -> int:
    """Width of the residual stream."""
    return text.integer("hidden_size", "n_embd", "d_model")


def assemble(
    config: HFConfig,
    layers: Iterable[Layer],
    *,
    tied: bool = False,
    extras: Weights | None = None,
    towers: Sequence[Tower] = (),
) -> LayerPlan:
    """Put a plan together from its layers.

    Args:
        config: The whole config.
        layers: The decoder layers in order.
        tied: What the architecture's class assumes where `tie_word_embeddings` is missing.
        extras: Tensors after the last layer; one norm as wide as the residual stream by default.
        towers: Parts beside the text decoder.

    Raises:
        ConfigError: The layers are not as many as `num_hidden_layers` says.
    """
    text = config.text()
    hidden, planned = hidden_size(text), tuple(layers)
    if any(map(text.has, _DEPTH)) and len(planned) != depth(text):
        text.fail("num_hidden_layers", depth(text), f"{len(planned)} layers, as the per-layer fields say")
    # The class that is declared at the top decides about tying; a nested class only where the top is silent.
    inner = text.flag(tied, "tie_word_embeddings")
    return LayerPlan(
        model=config.model,
        architecture=config.architecture,
        hidden=hidden,
        vocab=text.integer("vocab_size"),
        tied=config.flag(inner, "tie_word_embeddings"),
        layers=planned,
        extras=norm("norm", hidden) if extras is None else extras,
        towers=tuple(towers),
    )


def layer(hidden: int, mixer: Mixer, ffn: Ffn, *, norms: int = 2, extras: Weights = ()) -> Layer:
    """A layer with `norms` norms as wide as the residual stream."""
    return Layer(mixer, ffn, sum((norm(f"layernorm_{index}", hidden) for index in range(norms)), ()) + extras)


def heads(text: HFConfig, field: str = "num_attention_heads", kv_field: str = "num_key_value_heads") -> tuple[int, int]:
    """Query heads and key-value heads.

    Raises:
        ConfigError: Query heads cannot be shared out among the key-value heads.
    """
    queries = text.integer(field)
    kv = text.integer_or(queries, kv_field)
    if queries % kv:
        text.fail(field, queries, f"a multiple of {kv_field}, which is {kv}")
    return queries, kv


def head_dim(text: HFConfig, *fields: str) -> int:
    """Width of a head; the residual stream divided by the heads where the config does not say.

    Raises:
        ConfigError: It does not say, and the division leaves a rest.
    """
    stated = text.integer_or(0, *(fields or ("head_dim",)))
    if stated:
        return stated
    hidden, queries = hidden_size(text), text.integer("num_attention_heads")
    if hidden % queries:
        text.fail("num_attention_heads", queries, f"a divisor of hidden_size, which is {hidden}, or a head_dim")
    return hidden // queries


def attention(text: HFConfig, kind: str = "full", **changes: object) -> Attention:
    """Attention by the usual field names.

    Args:
        text: The text decoder's config.
        kind: Kind of attention.
        changes: Fields of `Attention` that differ from what the usual names say.
    """
    queries, kv = heads(text)
    dim = head_dim(text)
    fields: dict[str, object] = {
        "kind": kind,
        "hidden": hidden_size(text),
        "heads": queries,
        "kv_heads": kv,
        "dim": dim,
        "v_dim": dim,
    }
    return Attention(**{**fields, **changes})  # type: ignore[arg-type]


def latent_attention(
    text: HFConfig, *, bias: bool = False, gated: bool = False, index: TokenIndex | None = None
) -> LatentAttention:
    """MLA by the usual field names.

    Args:
        text: The text decoder's config.
        bias: Biases on the projections into the latents and on the output.
        gated: A separate projection gives an output gate.
        index: The indexer that picks tokens, if there is one.
    """
    return LatentAttention(
        hidden_size(text),
        text.integer("num_attention_heads"),
        text.integer_or(0, "q_lora_rank"),
        text.integer("kv_lora_rank"),
        text.integer("qk_nope_head_dim"),
        text.integer("qk_rope_head_dim"),
        text.integer("v_head_dim"),
        bias=bias,
        gated=gated,
        index=index,
    )


def window(text: HFConfig, *fields: str) -> int:
    """Width of the sliding window, in tokens with the current one."""
    return text.integer(*(fields or ("sliding_window",)))


def full_and_window(text: HFConfig, kinds: Iterable[str], **changes: object) -> dict[str, Attention]:
    """Attention for each kind that occurs, `full` or `window`; without a window its width need not be stated."""
    return {
        kind: attention(text, kind, **{"reach": window(text) if kind == "window" else 0, **changes})
        for kind in set(kinds)
    }


def dense(text: HFConfig, field: str = "intermediate_size", **changes: object) -> Dense:
    """A dense feed-forward by the usual field name."""
    fields: dict[str, object] = {"hidden": hidden_size(text), "inner": text.integer(field)}
    return Dense(**{**fields, **changes})  # type: ignore[arg-type]


def moe(text: HFConfig, inner_field: str = "moe_intermediate_size", **changes: object) -> Moe:
    """Experts by the usual field names.

    Raises:
        ConfigError: A field is missing or wrong, the names of one count disagree, or a token is sent to more experts
            than there are.
    """
    experts = text.integer("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    top_fields = ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "experts_per_token", "moe_top_k")
    top = text.integer(*top_fields)
    if top > experts:
        used = next(field for field in top_fields if text.has(field))
        text.fail(used, top, f"at most the number of experts, which is {experts}")
    fields: dict[str, object] = {
        "hidden": hidden_size(text),
        "experts": experts,
        "top": top,
        "inner": text.integer(inner_field),
    }
    return Moe(**{**fields, **changes})  # type: ignore[arg-type]


def layer_numbers(text: HFConfig, field: str, layers: int) -> set[int]:
    """Numbers of layers, counted from 0, that a list names; none where it is missing or null.

    Raises:
        ConfigError: It is no list of numbers, or one of them is no layer.
    """
    numbers = text.integers(field) if text.has(field) else ()
    if any(number >= layers for number in numbers):
        text.fail(field, max(numbers), f"numbers of layers, which are 0 to {layers - 1}")
    return set(numbers)


def scaled(text: HFConfig, field: str, width: float) -> int:
    """A width that the config gives as a factor of another, rounded down.

    Raises:
        ConfigError: The factor is no positive number, or leaves no width.
    """
    result = int(text.ratio(field) * width)
    if result < 1:
        text.fail(field, text.get(field), f"a factor that leaves some of {width:g}")
    return result


def sparse_from(text: HFConfig, layers: int, *, first_dense: int = 0, default_freq: int = 1) -> tuple[bool, ...]:
    """Which layers have experts, from `moe_layer_freq` and `first_k_dense_replace`.

    The former is a list with a value for each layer, or an interval.

    Raises:
        ConfigError: The list has another length, or contradicts `first_k_dense_replace`.
    """
    first = text.integer_or(first_dense, "first_k_dense_replace", least=0)
    if first > layers:
        text.fail("first_k_dense_replace", first, f"at most the number of layers, which is {layers}")
    if isinstance(text.get("moe_layer_freq"), list | str):
        kinds = text.pattern("moe_layer_freq", layers, {"0": "dense", "1": "moe"})
        listed = tuple(kind == "moe" for kind in kinds)
        if text.has("first_k_dense_replace") and any(listed[:first]):
            text.fail("first_k_dense_replace", first, "no experts in the first layers, as moe_layer_freq has them")
        return listed
    freq = text.integer_or(default_freq, "moe_layer_freq")
    return tuple(index >= first and index % freq == 0 for index in range(layers))


def state_bytes(text: HFConfig) -> int:
    """Bytes of one number of recurrent state, float32 where the config does not say."""
    for field in ("mamba_ssm_dtype", "mamba_ssm_cache_dtype"):
        if text.has(field):
            name = text.word("", field)
            if name not in STATE_BYTES:
                text.fail(field, name, f"one of {', '.join(STATE_BYTES)}")
            return STATE_BYTES[name]
    return 4


def mamba2(text: HFConfig, **changes: object) -> Mamba2:
    """Mamba-2 by the field names that Bamba began and most hybrids share.

    Raises:
        ConfigError: A field is missing or wrong, or the heads do not fill the inner width.
    """
    count, hidden = text.integer("mamba_n_heads"), hidden_size(text)
    inner = text.integer_or(0, "mamba_d_ssm") or scaled(text, "mamba_expand", hidden)
    if inner % count:
        text.fail("mamba_n_heads", count, f"a divisor of the inner width, which is {inner}")
    # "auto" means that the heads share the inner width.
    dim = inner // count if text.get("mamba_d_head") in (None, "auto") else text.integer("mamba_d_head")
    if dim * count != inner:
        text.fail("mamba_d_head", dim, f"{inner // count}, so that {count} heads fill the inner width {inner}")
    fields: dict[str, object] = {
        "hidden": hidden,
        "heads": count,
        "dim": dim,
        "groups": text.integer("mamba_n_groups"),
        "state": text.integer("mamba_d_state"),
        "kernel": text.integer("mamba_d_conv"),
        "conv_bias": text.flag(True, "mamba_conv_bias"),
        "bias": text.flag(False, "mamba_proj_bias"),
        "name": "mamba",
        "state_bytes": state_bytes(text),
    }
    return Mamba2(**{**fields, **changes})  # type: ignore[arg-type]


def no_mtp(text: HFConfig, *fields: str) -> tuple[Tower, ...]:
    """The MTP entry of a family whose prediction blocks cannot be counted from the config."""
    field = next((name for name in fields if text.has(name)), "")
    if not field or not text.integer_or(0, field, least=0):
        return ()
    return (Tower("mtp", None, f"{field} asks for prediction blocks, but no field says what is in them"),)


def mtp_like(hidden: int, blocks: int, *block: Layer) -> tuple[Tower, ...]:
    """Prediction blocks as DeepSeek-V3 has them: decoder layers behind a projection of two joined streams.

    Besides the layers' own there are three norms: of the embedding, of the stream, of the output.

    Args:
        hidden: Width of the residual stream.
        blocks: How many.
        block: The layers in each.
    """
    own = sum(weight.parameters for part in block for weight in part.weights())
    return (Tower("mtp", blocks * (own + 2 * hidden * hidden + 3 * hidden)),) if blocks else ()
