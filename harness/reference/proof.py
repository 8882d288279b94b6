"""What the oracle says about a plan: the frozen figures are looked up by the config's bytes, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.errors import DataFileError

if TYPE_CHECKING:
    from harness.oracle.records import OracleModel
    from harness.reference.counting.parameters import Parameters
    from harness.reference.layers import LayerPlan


@dataclass(frozen=True, slots=True)
class Proof:
    """The oracle's verdict.

    Attributes:
        verdict: `equal` and `differs` compare with a class of `transformers`; `unavailable` if none could judge.
        reason: Which class, what differs, or why none could judge.
    """

    verdict: Literal["equal", "differs", "unavailable"]
    reason: str


def prove(plan: LayerPlan, parameters: Parameters, sha256: str) -> Proof:
    """Compare a plan with the oracle's frozen figures.

    Args:
        plan: The plan.
        parameters: Its parameters.
        sha256: SHA-256 of the config file that it was read from.
    """
    try:
        known = frozen(plan.model, sha256)
    except DataFileError as error:
        return Proof("unavailable", str(error))
    if known is None:
        return Proof("unavailable", "the oracle has not seen this config; regenerate it with `nox -s oracle`")
    if known.verdict == "unavailable":
        return Proof("unavailable", known.reason)
    differences = _differences(plan, parameters, known)
    if differences:
        return Proof("differs", "; ".join(differences))
    if known.verdict == "by_hand":
        return Proof("unavailable", f"no native class; equal to the figures derived by hand. {known.reason}")
    return Proof("equal", f"{known.built_class} of transformers {known.transformers}")


def frozen(model: str, sha256: str) -> OracleModel | None:
    """The oracle's figures of a config; None for one that it has not seen.

    Args:
        model: Whom to look for first.
        sha256: SHA-256 of the config file.

    Raises:
        DataFileError: The file of figures does not follow its schema.
    """
    from harness.oracle.records import load_oracle  # noqa: PLC0415 - validating the fixture costs time

    models = load_oracle().models
    known = models.get(model)
    if known is None or known.config_sha256 != sha256:
        known = next((each for each in models.values() if each.config_sha256 == sha256), None)
    return known


def _differences(plan: LayerPlan, parameters: Parameters, known: OracleModel) -> list[str]:
    found = []
    if parameters.total != known.parameters:
        found.append(f"parameters {parameters.total}, oracle {known.parameters}")
    for name in sorted({*parameters.by_component, *known.components} - {*known.not_judged}):
        ours, theirs = parameters.by_component.get(name, 0), known.components.get(name, 0)
        if ours != theirs and name not in parameters.uncounted:
            found.append(f"{name} {ours}, oracle {theirs}")
    if plan.kinds != known.layer_kinds:
        pairs = enumerate(zip(plan.kinds, known.layer_kinds, strict=False))
        first = next((index for index, (ours, theirs) in pairs if ours != theirs), None)
        found.append(f"layer kinds differ from layer {first} on" if first is not None else "number of layers")
    return found
