"""The model half for releases that take a folder with a config for a model (0.7 and newer).

Private names that it relies on, because no release offers a public way: `utils._load_local_config` and
`utils._load_local_quant_config`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiconfigurator.sdk import common, models, utils

from harness.files import no_room, temporary_folder
from harness.subjects.models import BACKENDS, BuildRequest
from harness.subjects.patching import replaced
from harness.subjects.recording import Recorder
from harness.subjects.sdk_models import SdkModels, calm

if TYPE_CHECKING:
    import tempfile
    from collections.abc import Iterator, Mapping


class FolderModels(SdkModels):
    """Models are named by folder or by id."""

    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""
        return frozenset(common.DefaultHFModels)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Write the config into a folder of its own; the subject caches by path, so equal configs share one."""
        text = json.dumps(config), json.dumps(quantization) if quantization is not None else ""
        folder = Path(self._folder.name) / hashlib.sha256("\0".join(text).encode()).hexdigest()[:16]
        if not folder.is_dir():
            try:
                _write(folder, *text)
            except OSError as error:
                raise no_room(error) from error
        return str(folder)

    def fields_read(
        self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """Fields of a config that it reads to parse and build the model, nested ones with dots."""
        recorder = Recorder()
        recorded = recorder.mapping(config)
        with temporary_folder("config-") as folder, calm(), _loading(recorded, quantization):
            models.check_is_moe(folder)
            for backend in BACKENDS:
                models.get_model(folder, self._model_config(BuildRequest(folder, backend)), backend)
        return recorder.read

    def _reading(self, ref: str) -> Mapping[str, Any]:
        info: Mapping[str, Any] = utils.get_model_config_from_model_path(ref)
        return info

    @functools.cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return temporary_folder("models-")


def _write(folder: Path, config: str, quantization: str) -> None:
    """Write a config all or not at all: half of one would be read as another model."""
    new = folder.with_suffix(".new")
    new.mkdir(exist_ok=True)
    (new / "config.json").write_text(config, encoding="utf-8")
    if quantization:
        (new / "hf_quant_config.json").write_text(quantization, encoding="utf-8")
    new.rename(folder)


@contextlib.contextmanager
def _loading(config: dict[str, Any], quantization: Mapping[str, object] | None) -> Iterator[None]:
    """Let the subject's loader of local folders return these objects instead of a file's."""
    stored = dict(quantization) if quantization is not None else None
    with (
        replaced(utils, "_load_local_config", lambda _path: config),
        replaced(utils, "_load_local_quant_config", lambda _path: stored and dict(stored)),
    ):
        yield
