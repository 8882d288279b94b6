"""Runs the checks that judge one model, and tells what is wrong from what upstream chose."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from harness.checks.engine import Examiner
from harness.checks.known_issues import KnownIssues
from harness.checks.records import Pair, Scope, Target
from harness.checks.registry import checks
from harness.checks.run import judge
from harness.guide.known_models import known_models
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.checks.records import Check, Finding
    from harness.checks.subject_model import SubjectModel
    from harness.coordinates import Database

_NO_READING = "ConfigError"
"""How a check ends that edits a config and finds no recipe to read the result: it says nothing about the subject."""


class ModelJudge:
    """One model, every check that can be asked about it, and what is known.

    Args:
        model: The model.
        target: How the user named it: an id or a path.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject was imported from; only repeated in commands that reproduce findings.
        known: What is known; the harness's own file by default.
    """

    def __init__(
        self,
        model: SubjectModel,
        target: str,
        folder: Path | None = None,
        subject_path: Path | None = None,
        known: KnownIssues | None = None,
    ) -> None:
        self._model, self._target, self._folder = model, target, folder
        self._examiner = Examiner(model.subject, folder, subject_path)
        self._examiner.add(target, model)
        self._known = known or KnownIssues.load(model.subject.info.version, checks().values())

    def findings(
        self, wanted: Iterable[Check], databases: Iterable[Database] = ()
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Findings by check, known ones marked; of an estimate's checks those on all databases.

        Args:
            wanted: Checks; those that look at no model are left out.
            databases: Where checks of estimates are asked.
        """
        places = tuple(databases)
        found = {check.id: tuple(self._judged(check, places)) for check in wanted}
        self._examiner.close()
        return found

    def is_wrong(self, finding: Finding) -> bool:
        """Whether a finding is a bug, neither upstream's choice nor a matter of the engine.

        A known issue that no longer holds is none: on this point the subject is right.
        """
        return finding.wrong and not finding.stale and self._kinds.get(finding.known_issue or "", "bug") == "bug"

    def _judged(self, check: Check, databases: tuple[Database, ...]) -> Iterator[Finding]:
        targets = {
            Scope.MODEL: (Target(self._target),),
            Scope.ESTIMATE: tuple(Target(self._target, database) for database in databases),
        }.get(check.scope, ())
        for target in targets:
            for finding in judge(Pair(check, target), self._known, self._examiner).findings:
                if not (finding.wrong and finding.about == _NO_READING):
                    yield self._of_sibling(finding) if finding.unexpected and not finding.stale else finding

    def _of_sibling(self, finding: Finding) -> Finding:
        """A finding on a config of the user's own is known where it is known on a stored model of the architecture."""
        entries = (
            entry
            for sibling in self._siblings
            for entry in self._known.expected_on(finding.check, replace(finding.target, model=sibling))
            if entry.finds(finding.about)
        )
        entry = next(entries, None)
        return replace(finding, known_issue=entry.id) if entry else finding

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        return {entry.id: entry.kind for entry in self._known.entries}

    @cached_property
    def _siblings(self) -> tuple[str, ...]:
        """Stored models of the same architecture; none for a stored model, whose findings are known by its name."""
        if self._target in stored_models(self._folder):
            return ()
        architecture = self._model.config.architecture
        alike = (known.config for known in known_models(self._folder) if known.config.architecture == architecture)
        return tuple(config.model for config in alike)
