"""Sorts a subject's ops into the reference's components, by rules that are data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from harness.data_files import Record, data_path, load_toml
from harness.subjects.models import OpKind

_PHASE = re.compile(r"^(context|generation|encoder)_")
_BY_KIND = {
    OpKind.ELEMENTWISE: "glue",
    OpKind.HYPER: "other",
    OpKind.DISPATCH: "communication",
    OpKind.ALL_REDUCE: "communication",
    OpKind.P2P: "communication",
    OpKind.ATTENTION: "attention",
    OpKind.MLA: "attention",
    OpKind.MLA_BMM: "attention",
    OpKind.DSA: "attention",
    OpKind.BLOCK_SPARSE: "attention",
    OpKind.COMPRESSED: "attention",
    OpKind.GDN: "attention",
    OpKind.KDA: "attention",
    OpKind.MAMBA2: "attention",
    OpKind.MOE: "routed_experts",
}


class _Rule(Record):
    name: str
    component: str
    part: str
    mixer: str = ""


class _Rules(Record):
    roles: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What an op stands for: component, part of it, kind of mixer; each empty where nothing says so."""

    component: str = ""
    part: str = ""
    mixer: str = ""


@cache
def role_of(name: str, kind: OpKind) -> Role:
    """Sort an op.

    Args:
        name: As the subject names it.
        kind: What it computes; of GEMMs and embeddings only the name tells what for.
    """
    bare = _PHASE.sub("", name)
    for pattern, rule in _rules():
        if pattern.search(bare):
            return Role(rule.component, rule.part, rule.mixer)
    return Role(_BY_KIND[kind], "core") if kind in _BY_KIND else Role()


@cache
def _rules() -> tuple[tuple[re.Pattern[str], _Rule], ...]:
    stored = load_toml(data_path("fixtures", "op_roles.toml"), _Rules)
    return tuple((re.compile(rule.name), rule) for rule in stored.roles)
