"""Vision towers: only counted, because they run once for an image and hold no cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.layers import Tower

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig

_COLOURS = 3


def _projection(rows: int, columns: int, *, bias: bool = True) -> int:
    return rows * columns + (rows if bias else 0)


def _block(hidden: int, inner: int) -> int:
    """A pre-norm transformer block with LayerNorms, biases everywhere and a plain feed-forward."""
    attend = 4 * _projection(hidden, hidden)
    return attend + _projection(inner, hidden) + _projection(hidden, inner) + 2 * 2 * hidden


def qwen_vision(vision: HFConfig) -> Tower:
    """Qwen3-VL and Qwen3.5; source: `transformers/models/qwen3_vl/modeling_qwen3_vl.py`."""
    hidden, inner, out = (vision.integer(name) for name in ("hidden_size", "intermediate_size", "out_hidden_size"))
    patch, merge = vision.integer("patch_size"), vision.integer("spatial_merge_size")
    colours, frames = vision.integer("in_channels"), vision.integer("temporal_patch_size")
    wide = hidden * merge * merge
    merger = _projection(wide, wide) + _projection(out, wide)
    deep = len(vision.integers("deepstack_visual_indexes")) if vision.has("deepstack_visual_indexes") else 0
    return Tower(
        "vision",
        _projection(hidden, colours * frames * patch * patch)
        + vision.integer("num_position_embeddings") * hidden
        + vision.integer("depth") * _block(hidden, inner)
        + merger
        + 2 * hidden
        # The mergers of deeper layers norm after merging, hence the wider norm.
        + deep * (merger + 2 * wide),
    )


def kimi_vision(vision: HFConfig) -> Tower:
    """Kimi-K2.5; source: `transformers/models/kimi_k25/modeling_kimi_k25.py`."""
    hidden, inner = vision.integer("vt_hidden_size"), vision.integer("vt_intermediate_size")
    patch, out = vision.integer("patch_size"), vision.integer("text_hidden_size")
    rows, columns = vision.integers("merge_kernel_size", 2, least=1)
    wide = vision.integer("mm_hidden_size") * rows * columns
    positions = vision.integer("init_pos_emb_height") * vision.integer("init_pos_emb_width")
    return Tower(
        "vision",
        _projection(hidden, _COLOURS * patch * patch)
        + positions * hidden
        + vision.integer("vt_num_hidden_layers") * _block(hidden, inner)
        + 2 * hidden
        + 2 * vision.integer("mm_hidden_size")
        + _projection(wide, wide)
        + _projection(out, wide),
    )


def gemma_vision(vision: HFConfig, text_hidden: int) -> Tower:
    """Gemma-4; source: `transformers/models/gemma4/modeling_gemma4.py`."""
    hidden, inner = vision.integer("hidden_size"), vision.integer("intermediate_size")
    queries, kv = vision.integer("num_attention_heads"), vision.integer("num_key_value_heads")
    dim, patch = vision.integer("head_dim"), vision.integer("patch_size")
    block = 2 * hidden * queries * dim + 2 * hidden * kv * dim + 2 * dim + 3 * hidden * inner + 4 * hidden
    return Tower(
        "vision",
        2 * vision.integer("position_embedding_size") * hidden
        + hidden * _COLOURS * patch * patch
        + vision.integer("num_hidden_layers") * block
        + text_hidden * hidden
        + (2 * hidden if vision.flag(False, "standardize") else 0),
    )


def minimax_vision(config: HFConfig, vision: HFConfig, text_hidden: int) -> Tower:
    """MiniMax-M3; source: `transformers/models/minimax_m3_vl/modeling_minimax_m3_vl.py`."""
    hidden, inner = vision.integer("hidden_size"), vision.integer("intermediate_size")
    patch, merging = vision.integer("patch_size"), vision.required_section("img_token_compression_config")
    frames, merge = merging.integer("temporal_patch_size"), merging.integer("spatial_merge_size")
    wide = config.integer_or(text_hidden, "projector_hidden_size")
    return Tower(
        "vision",
        _projection(hidden, _COLOURS * frames * patch * patch, bias=False)
        + 2 * hidden
        + vision.integer("num_hidden_layers") * _block(hidden, inner)
        + _projection(wide, hidden)
        + _projection(text_hidden, wide)
        + _projection(wide, text_hidden * merge * merge)
        + _projection(text_hidden, wide),
    )


def uncounted_vision(reason: str) -> Tower:
    """A tower that the config does not describe well enough."""
    return Tower("vision", None, reason)
