"""Ask the oracle about every stored config and put its answers into the records of the fixture."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from harness.oracle.build import Builder, Unavailable
from harness.oracle.by_hand import load_by_hand, runs_of
from harness.oracle.prepare import stored_configs, stripped
from harness.oracle.records import OUTSIDE_DECODER, Oracle, OracleModel
from harness.oracle.rules import UnknownPart, component_of, ffn_kind, load_rules, mixer_kind
from harness.oracle.trust import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.oracle.build import BuiltModel, Tensor
    from harness.oracle.by_hand import HandModel
    from harness.oracle.prepare import StoredConfig
    from harness.oracle.rules import Rules


def collect(folder: Path) -> Oracle:
    """Build every stored config and describe it.

    Raises:
        DataFileError: A config, the rules or the derivations cannot be read.
    """
    rules, by_hand = load_rules(), load_by_hand()
    return Oracle(schema_version=1, models=dict(_models(folder, rules, by_hand.models)))


def _models(folder: Path, rules: Rules, by_hand: dict[str, HandModel]) -> Iterator[tuple[str, OracleModel]]:
    builder = Builder(rules)
    # Quantized twins of one model differ in nothing that the classes read; building one of them is enough.
    twins: dict[str, OracleModel] = {}
    for stored in stored_configs(folder):
        key = json.dumps(stripped(stored.raw, rules.strip), sort_keys=True)
        answer = twins.get(key)
        if stored.model in by_hand:
            answer = _from_hand(stored, by_hand[stored.model])
        elif answer is None:
            answer = twins[key] = _from_class(builder, rules, stored)
        yield stored.model, answer.model_copy(update={"config_sha256": stored.sha256})


def _from_hand(stored: StoredConfig, model: HandModel) -> OracleModel:
    if stored.sha256 != model.config_sha256:
        return _unavailable(stored, "", "the config changed after its figures were derived by hand")
    return OracleModel(
        architecture=stored.architecture,
        components=model.components,
        config_sha256=stored.sha256,
        layers=tuple(map(str, model.runs)),
        not_judged=model.not_judged,
        parameters=model.parameters,
        reason=model.reason,
        tied=model.tied,
        verdict="by_hand",
    )


def _unavailable(stored: StoredConfig, version: str, reason: str) -> OracleModel:
    return OracleModel(
        architecture=stored.architecture,
        config_sha256=stored.sha256,
        reason=reason,
        transformers=version,
        verdict="unavailable",
    )


def _from_class(builder: Builder, rules: Rules, stored: StoredConfig) -> OracleModel:
    try:
        return _described(builder, rules, stored, builder.build(stored))
    except (Unavailable, UnknownPart) as error:
        return _unavailable(stored, builder.version, str(error))


def _described(builder: Builder, rules: Rules, stored: StoredConfig, built: BuiltModel) -> OracleModel:
    trust = judge(rules, stored.architecture, list(built.views))
    if trust.objections:
        raise Unavailable("; ".join(trust.objections))
    missing = {rules.sub_configs[path.rpartition(".")[2]] for path in trust.missing_parts}
    kinds = {
        mixer.path: mixer_kind(rules, mixer.module, mixer.attributes, mixer.parameters)
        for layer in built.layers
        for mixer in layer.mixers
    }
    ffns = {layer.path: ffn_kind(rules, [tensor.name for tensor in layer.tensors]) for layer in built.layers}
    components: Counter[str] = Counter()
    for tensor in built.tensors:
        components[component_of(rules, tensor.name, _owner(tensor, kinds), _owner(tensor, ffns))] += tensor.size
    layers = [
        ("_".join(kinds[mixer.path] for mixer in layer.mixers), ffns[layer.path], layer.stored)
        for layer in built.layers
    ]
    rule = rules.build_rule(stored.architecture, stored.model_type)
    optional = {name: _asks_for(stored.raw, fields) for name, fields in rules.asked_for.items()}
    missing |= {name for name, asked in optional.items() if asked and name not in components}
    unasked = {name for name, asked in optional.items() if not asked}
    return OracleModel(
        architecture=stored.architecture,
        assumed=trust.assumed,
        built_class=built.built_class,
        components={name: count for name, count in sorted(components.items()) if name not in missing | unasked},
        config_sha256=stored.sha256,
        ignored=tuple(sorted(trust.ignored)),
        layers=tuple(map(str, runs_of(layers))),
        not_judged=tuple(sorted(missing)),
        parameters=sum(count for name, count in components.items() if name not in OUTSIDE_DECODER),
        reason=rule.why if rule else "",
        tied=built.tied,
        transformers=builder.version,
        verdict="available",
    )


def _owner(tensor: Tensor, kinds: Mapping[str, str]) -> str:
    """The kind of the module that a tensor is inside of; empty outside all of them."""
    parts = tensor.name.split(".")
    return next((kinds[path] for end in range(len(parts), 0, -1) if (path := ".".join(parts[:end])) in kinds), "")


def _asks_for(value: object, fields: tuple[str, ...]) -> bool:
    """Whether a config, at any depth, gives one of these fields a positive number."""
    if isinstance(value, dict):
        return any(
            (key in fields and isinstance(item, int) and item > 0) or _asks_for(item, fields)
            for key, item in value.items()
        )
    return isinstance(value, list) and any(_asks_for(item, fields) for item in value)
