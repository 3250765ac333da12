"""Check a project for what is most likely a mistake, before anything is trained from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from frontdesk.core.training import TrainingSet
from frontdesk.errors import ConfigError, FrontdeskError, TrainingError
from frontdesk.formats import cross_checks
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.project import Project
from frontdesk.graph.slot_types import with_slot_types
from frontdesk.policies.paths import Path, unroll
from frontdesk.policies.rule import NAME as RULE_POLICY
from frontdesk.policies.rule import RulePolicy
from frontdesk.training import checks
from frontdesk.training.conflicts import find_conflicts
from frontdesk.training.findings import Finding

_ERRORS = re.compile(
    r"The form '[^']*' is not in the domain\."
    r"|The form '[^']*' asks for the slot '[^']*', which is not defined\."
    r"|A mapping of the slot '[^']*' depends on the form '[^']*', which is not defined\."
    r"|The intent '[^']*' has no key 'triggers'\."
)
"""Of what is only doubted where a project is read, Rasa's `data validate` fails for these."""


def validate(
    project: Project, *, max_history: int | None = None, stories_only: bool = False
) -> list[Finding]:
    """Return everything that is found, the worst first.

    `project` is read without `strict` and without `names`, so that what is doubtful in it, and what the domain does
    not define, comes along with the rest. `max_history` is how many turns
    a policy looks back (all, without it). `stories_only` looks only for stories that contradict each other.
    """
    found: list[Finding] = []
    try:
        project = replace(project, domain=with_slot_types(project.domain))
    except ConfigError as error:
        found.append(Finding("error", error.what, error.where, error.hint))
    if not stories_only:
        found += doubts(project)
        found += checks.everything(project)
        found += rules(project)
    found += stories(project, max_history)
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(dict.fromkeys(found), key=lambda finding: order[finding.severity])


def failed(findings: Iterable[Finding], *, fail_on_warnings: bool) -> bool:
    """Tell whether the check failed, as Rasa's exit code does."""
    fatal = ("error", "warning") if fail_on_warnings else ("error",)
    return any(finding.severity in fatal for finding in findings)


def doubts(project: Project) -> Iterator[Finding]:
    """Yield what was noticed when the project was read, and names that the domain does not define."""
    names = Complaints()
    if project.domain.intents:  # else every name is unknown, and the domain the one thing that is wrong
        cross_checks.check(project.training, project.domain, names)
    for complaint in names.errors:
        yield Finding("error", complaint.what, complaint.where, complaint.hint)
    for sentence in (*project.doubts, *(doubt.sentence for doubt in names.doubts)):
        yield Finding("error" if _ERRORS.search(sentence) else "warning", sentence)
    for sentence in (*project.notices, *(notice.sentence for notice in names.notices)):
        yield Finding("note", sentence)


def stories(project: Project, max_history: int | None) -> list[Finding]:
    """Return where stories go on differently after the same, and checkpoints that lead nowhere."""
    told: list[str] = []
    whole = TrainingSet(stories=project.training.stories)
    sound = cross_checks.with_known_actions(whole, project.domain)
    try:
        ways = _ways(whole, project, told)
        ways = ways if len(sound.stories) == len(whole.stories) else _ways(sound, project, [])
        conflicts = find_conflicts(ways, project.domain, max_history)
    except TrainingError as error:
        return [Finding("error", error.what, error.where, error.hint)]
    found = [
        Finding("warning", c.sentence, str(c.place) if c.place else None, None, tuple(c.explained()))
        for c in conflicts
    ]
    return [*found, *(Finding("note", sentence) for sentence in dict.fromkeys(told))]


def _ways(training: TrainingSet, project: Project, told: list[str]) -> list[Path]:
    return unroll(training, project.domain, told.append)


def rules(project: Project) -> list[Finding]:
    """Return what training would refuse in the rules: contradictions, rules that are incomplete or too long."""
    part = next((p for p in project.config.policies if p.name.rpartition(".")[2] == RULE_POLICY), None)
    if part is None or not project.training.rules:
        return []
    told: list[str] = []
    sound = cross_checks.with_known_actions(
        project.training, project.domain
    )  # the others are told of already
    try:
        RulePolicy(part.options).train(sound, project.domain, told.append)
    except FrontdeskError as error:
        first, *lines = error.what.strip().split("\n- ")
        return [Finding("error", first, error.where, error.hint, tuple(lines))]
    return []
