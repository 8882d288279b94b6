"""The frozen figures: one entry for each stored model, as `fixtures/oracle.json` keeps them. Needs no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from harness.data_files import Record, data_path
from harness.errors import DataFileError

if TYPE_CHECKING:
    from pathlib import Path

VISION, MTP = "vision", "mtp"
OUTSIDE_DECODER = (VISION, MTP)
"""Components that are counted but belong to no text decoder."""

_RUN = re.compile(r"(?P<count>[1-9]\d*)x\((?P<mixer>[a-z0-9_]+)\+(?P<ffn>[a-z0-9_]+)\) (?P<parameters>\d+) each")

Verdict = Literal["available", "by_hand", "unavailable"]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class LayerRun:
    """Neighbouring decoder layers of one kind and one size; written as `3x(mla+dense) 583485440 each`."""

    count: int
    mixer: str
    ffn: str
    parameters: int

    def __str__(self) -> str:
        return f"{self.count}x({self.mixer}+{self.ffn}) {self.parameters} each"

    @classmethod
    def parse(cls, text: str) -> LayerRun:
        """Read the written form back.

        Raises:
            ValueError: The text is not one run.
        """
        match = _RUN.fullmatch(text)
        if match is None:
            raise ValueError(f"expected a run like '3x(mla+dense) 583485440 each', found {text!r}")
        return cls(int(match["count"]), match["mixer"], match["ffn"], int(match["parameters"]))


class OracleModel(Record):
    """What the oracle says about one stored model.

    Attributes:
        architecture: The class that the config declares.
        assumed: Fields that shape the model, are missing in the file, and which the class filled in; each is accepted
            by a rule.
        built_class: The `transformers` class that was built; empty where there is none.
        components: Parameters of each component. The text decoder is everything outside `OUTSIDE_DECODER`.
        config_sha256: SHA-256 of the stored `config.json`.
        ignored: Fields that stand in the file and that the class did not use; each is accepted by a rule.
        layers: The decoder layers in order, as runs.
        not_judged: Components that exist, but that this oracle cannot count.
        parameters: Parameters of the text decoder, a tied head counted once.
        reason: Why the verdict is not `available`; how the config was adapted where it is.
        tied: Whether the head is the embedding.
        transformers: Version of `transformers`; empty where nothing was built.
        verdict: Where the figures come from.
    """

    architecture: str
    assumed: dict[str, str] = Field(default_factory=dict)
    built_class: str = ""
    components: dict[str, Count] = Field(default_factory=dict)
    config_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    ignored: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()
    parameters: Count | None = None
    reason: str = ""
    tied: bool | None = None
    transformers: str = ""
    verdict: Verdict

    @field_validator("layers")
    @classmethod
    def _runs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            LayerRun.parse(text)
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.verdict == "unavailable":
            if not self.reason or self.components or self.layers or self.parameters is not None:
                raise ValueError("expected a reason and no figures where the verdict is unavailable")
            return self
        decoder = sum(count for name, count in self.components.items() if name not in OUTSIDE_DECODER)
        if self.parameters is None or decoder != self.parameters:
            raise ValueError(f"the decoder's components sum to {decoder}, parameters are {self.parameters}")
        in_layers = sum(self.layer_parameters)
        if not 0 < in_layers < decoder:
            raise ValueError(f"the layers sum to {in_layers}, the whole decoder to {decoder}")
        return self

    @property
    def runs(self) -> tuple[LayerRun, ...]:
        """The decoder layers as runs."""
        return tuple(LayerRun.parse(text) for text in self.layers)

    @property
    def layer_kinds(self) -> tuple[tuple[str, str], ...]:
        """`(mixer, ffn)` of every decoder layer, in order."""
        return tuple((run.mixer, run.ffn) for run in self.runs for _ in range(run.count))

    @property
    def layer_parameters(self) -> tuple[int, ...]:
        """Parameters of every decoder layer, in order."""
        return tuple(run.parameters for run in self.runs for _ in range(run.count))


class Oracle(Record):
    """The whole fixture, by HuggingFace id."""

    models: dict[str, OracleModel]
    schema_version: Literal[1]


def fixture_path() -> Path:
    """Where the frozen figures are kept."""
    return data_path("fixtures", "oracle.json")


def load_oracle(path: Path | None = None) -> Oracle:
    """Read the frozen figures.

    Raises:
        DataFileError: The file is missing, is not JSON, or does not follow the schema.
    """
    path = path or fixture_path()
    try:
        return Oracle.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataFileError(str(path), error.strerror or str(error), "the frozen oracle figures") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataFileError(
            f"{path}, field {field}",
            repr(first.get("input"))[:200],
            first["msg"],
            "Regenerate it with `python -m harness.oracle`.",
        ) from error
