"""Names that a model's parts get where nobody has given them one yet."""

from __future__ import annotations

import re

from harness.reference.find_config import is_model_id

UNKNOWN_ID = "<Org>/<Model>"
"""HuggingFace id of a model whose id is not known."""
UNNAMED = "<Org>--<Model>_config.json"
"""File name of a config whose HuggingFace id is not known."""

_ENDINGS = re.compile(r"(ForCausalLM|ForConditionalGeneration|LMHeadModel|Model)$")


def config_file(model: str) -> str:
    """File name of a model's config, by its HuggingFace id."""
    return f"{model.replace('/', '--')}_config.json" if is_model_id(model) else UNNAMED


def family_name(architecture: str) -> str:
    """Name of a new family, in the style of the subject's: `JAMBA` for `JambaForCausalLM`."""
    return re.sub(r"[^A-Za-z0-9]", "", _ENDINGS.sub("", architecture)).upper() or "NEWFAMILY"
