"""Verbs of the tuning loop: a change is proposed, evaluated on logged decisions, tried, and applied by its verdict.

No step reads a click: what is evaluated is what was ordered and kept, and what is applied is what an experiment's verdict
says.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from counterclick.config import (
    BOOSTS,
    NAME,
    RULES,
    appended,
    boosts_beside,
    changed,
    parse,
    setting_of,
    toml_value,
    with_setting,
    written,
)
from counterclick.display import Grid, Shown
from counterclick.errors import ConfigError, ConflictError, RefusedError, UnknownNameError
from counterclick.shop.anew import anew
from counterclick.shop.choosing import Choosing
from counterclick.shop.proposals import proposal
from counterclick.verdicts import Verdict

if TYPE_CHECKING:
    from counterclick.shop.proposals import Proposal, ProposalList
    from counterclick.shop.replaying import Evaluated

__all__ = ["Tuned", "Tuning"]

_TRIAL = timedelta(weeks=8)
_REASON = 500


@dataclass(frozen=True, slots=True)
class Tuned(Shown):
    """What became of a proposal by its verdict.

    Attributes:
        proposal: as it ended.
        experiment: that tried it.
        verdict: what that concluded.
        files: that were changed; none where it was withdrawn.
    """

    proposal: Proposal
    experiment: str
    verdict: Verdict
    files: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return how it ended, and why."""
        own = self.proposal
        changed_in = f"Changed in {', '.join(self.files)}; nothing else of it was." if self.files else "Nothing was changed."
        rows = [
            ("changes", own.says),
            ("experiment", f"{self.experiment}: {self.verdict.outcome}"),
            ("because", own.because),
        ]
        return [Grid(f"{own.name}: {own.ended}", ("", ""), rows, (changed_in,), left=2)]


class Tuning(Choosing):
    """A shop whose settings are tuned on orders."""

    def tune_propose(
        self,
        name: str,
        changes: Mapping[str, Any],
        *,
        why: str,
        by: str | None = None,
        policy: str = "bundles",
        surface: str | None = None,
    ) -> ProposalList:
        """Keep a proposed change of settings, to be evaluated and tried; nothing is changed by it.

        Args:
            name: of the proposal: small letters, digits and underscores.
            changes: place -> value: ``bundles.KEY``, ``ranking.KEY``, ``rules.KEY``, ``rules.NAME.KEY`` of a rule,
                ``boosts.PRODUCT``.
            why: the reason.
            by: who proposes it; who is signed in unless given.
            policy: whose decisions it changes.
            surface: where it is to be tried; the only one whose experiments have the policy unless given.

        Raises:
            ConfigError: the name is none, no change or no reason is given, or a change cannot be.
            ConflictError: there is a proposal of that name.
            StoreError: it cannot be written.
            UnknownNameError: there is no such setting, rule, policy or surface.
        """
        from counterclick.shop.decided import policies
        from counterclick.shop.proposals import Proposal, proposals, remembered

        if not NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a proposal; write up to 40 small letters, digits and underscores.")
        if not changes or not why.strip():
            raise ConfigError(
                "a proposal changes something, and says why: bundles.shrink=5 --why 'rare products come first'."
            )
        if policy not in policies():
            raise UnknownNameError("policy", policy, policies())
        if any(each.name == name for each in proposals(self.store.folder)):
            raise ConflictError(f"there is a proposal {name!r} already; it stays as it was proposed. Take another name.")
        before = {place: setting_of(self.config, self.rules, place) for place in changes}
        if changed(self.config, self.rules, changes) == (self.config, self.rules):
            raise ConfigError("these settings are as they are proposed; there is nothing to be tried.")
        kept = Proposal(
            name=name,
            policy=policy,
            surface=self._surface_of(policy, surface),
            changes=dict(changes),
            before=before,
            by=by or getpass.getuser(),
            why=why.strip()[:_REASON],
            proposed_at=datetime.now(UTC),
        )
        remembered(self.store.folder, kept)
        return self.tune_proposals()

    def tune_proposals(self) -> ProposalList:
        """Return every proposal, who made it and why, and where it stands.

        Raises:
            StoreError: one cannot be read.
        """
        from counterclick.shop.proposals import ProposalList, proposals, standing

        return ProposalList(tuple((each, standing(each, self.config)) for each in proposals(self.store.folder)))

    @anew
    def tune_evaluate(self, name: str, *, days: int = 28, put_up: bool = False) -> Evaluated:
        """Return what a proposal would have earned, by decisions that were logged, and what to do next.

        Args:
            name: of the proposal.
            days: of decisions, the newest whose window of attribution is over.
            put_up: whether to write the experiment that tries it into ``shop.toml``.

        Raises:
            ConfigError: what is proposed cannot be any more, or ``shop.toml`` cannot be written.
            EmptyStoreError: nothing is recorded.
            RefusedError: the proposal has ended, or is to be put up and is on trial already.
            UnknownNameError: there is no such proposal.
        """
        from counterclick.shop.proposals import on_trial, remembered
        from counterclick.shop.replaying import evaluated

        proposed = self._open(name)
        if days < 1:
            raise ConfigError(f"decisions of {days} days are none; take 1 or more.")
        trial = on_trial(proposed, self.config)
        if put_up and trial is not None:
            raise RefusedError(f"{name!r} is on trial already, in experiment {trial[0]!r}.")
        found = evaluated(proposed, self.config, self.rules, self.reading, self._past, days)
        section = self._section(proposed) if trial is None else ""
        step = _next_step(found, trial[0] if trial else None, is_put_up=put_up)
        if put_up:
            self._put_up(section)
        said = found.refusals[0] if found.refusals else step
        kept = remembered(self.store.folder, msgspec.structs.replace(proposed, evaluated_at=datetime.now(UTC), said=said))
        return replace(found, proposal=kept, next_step=step, section=section, is_put_up=put_up)

    @anew
    def tune_apply(self, name: str) -> Tuned:
        """Apply a proposal, or withdraw it, by the verdict of the experiment that tried it.

        Where it won, its settings are written into their files, and nothing else of these is changed. A served shop, and
        this one, know them once they are opened anew.

        Raises:
            ConfigError: a file cannot be changed.
            EmptyStoreError: nothing is recorded.
            RefusedError: it is on no trial, or there is no verdict yet.
            UnknownNameError: there is no such proposal.
        """
        from counterclick.shop.proposals import on_trial, remembered
        from counterclick.shop.registry import verdict_of

        proposed = self._open(name)
        trial = on_trial(proposed, self.config)
        if trial is None:
            raise RefusedError(
                f"{name!r} is on no trial; `counterclick tune evaluate {name} --put-up` writes the experiment that decides."
            )
        verdict = verdict_of(self._registry.experiment(trial[0]))
        if isinstance(verdict, str):
            raise RefusedError(f"there is no verdict on {name!r} yet: {verdict}")
        if not _is_final(verdict):
            until = f"the next look is due on {verdict.next_look_on}" if verdict.next_look_on else "it is still running"
            raise RefusedError(f"experiment {trial[0]!r} has no verdict on {name!r} yet: {until}.")
        won = verdict.outcome == "won"
        files = self._written(proposed) if won else ()
        ended = msgspec.structs.replace(
            proposed,
            ended="applied" if won else "withdrawn",
            ended_at=datetime.now(UTC),
            because=f"{verdict.outcome}: {verdict.because}",
        )
        remembered(self.store.folder, ended)
        return Tuned(ended, trial[0], verdict, files)

    def _open(self, name: str) -> Proposal:
        """Return a proposal that has not ended."""
        found = proposal(self.store.folder, name)
        if found.ended is not None:
            raise RefusedError(f"{name!r} was {found.ended} on {found.ended_at:%Y-%m-%d}: {found.because}")
        return found

    def _surface_of(self, policy: str, surface: str | None) -> str:
        """Return where a proposal is to be tried."""
        tested = self.config.experiments.values()
        if surface is not None:
            known = {*self.config.surfaces, *(each.surface for each in tested)}
            if surface not in known:
                raise UnknownNameError("surface", surface, known)
            return surface
        found = sorted({each.surface for each in tested if policy in each.variants})
        if len(found) != 1:
            listed = ", ".join(found) or "no experiment has it"
            raise ConfigError(f"name the surface on which {policy} is to be tried: {listed}.")
        return found[0]

    def _section(self, proposed: Proposal) -> str:
        """Return the section of ``shop.toml`` that puts a proposal up as an experiment."""
        first = self._first_day(proposed.surface)
        arms = {proposed.policy: 0.5, proposed.variant: 0.5}
        return (
            f"[experiments.tune-{proposed.name}]\n"
            f"surface = {toml_value(proposed.surface)}\n"
            f"control = {toml_value(proposed.policy)}\n"
            f"treatment = {toml_value(proposed.variant)}\n"
            f"variants = {toml_value(arms)}\n"
            f"settings = {toml_value({proposed.variant: proposed.changes})}\n"
            f"starts_on = {first}\n"
            f"ends_on = {first + _TRIAL - timedelta(days=1)}\n"
        )

    def _first_day(self, surface: str) -> date:
        """Return the first day on which no experiment that is declared runs on a surface, tomorrow or later."""
        tomorrow = datetime.now(ZoneInfo(self.config.shop.timezone)).date() + timedelta(days=1)
        ends = [each.ends_on + timedelta(days=1) for each in self.config.experiments.values() if each.surface == surface]
        return max([tomorrow, *ends])

    def _put_up(self, section: str) -> None:
        if self.file is None:
            raise ConfigError("this shop has no shop.toml that an experiment could be written into.")
        text = appended(_text(self.file), section)
        parse(text, str(self.file))
        written(self.file, text)

    def _written(self, proposed: Proposal) -> tuple[str, ...]:
        """Write what a proposal changes into its files, all of it or nothing; return which these are."""
        if self.file is None:
            raise ConfigError("this shop has no shop.toml that a setting could be written into.")
        rules = self.folder / self.config.bundles.rules
        texts: dict[Path, str] = {}
        for place, value in proposed.changes.items():
            section, _dot, key = place.partition(".")
            rule, _dot, own = key.rpartition(".") if section == RULES else ("", "", key)
            file = boosts_beside(rules) if section == BOOSTS else rules if section == RULES else self.file
            text = texts[file] if file in texts else _text(file)
            heading = "" if section == RULES and not rule else section
            texts[file] = with_setting(text, heading, own, value, rule=rule or None)
        for file, text in texts.items():
            written(file, text)
        return tuple(file.name for file in texts)


def _is_final(verdict: Verdict) -> bool:
    """Say whether looking has ended."""
    if verdict.outcome in ("won", "lost"):
        return True
    return verdict.next_look_on is None and verdict.kind not in ("still running", "held for a data check")


def _next_step(found: Evaluated, trial: str | None, *, is_put_up: bool) -> str:
    """Return what to do after an evaluation, in one sentence or two."""
    name = found.proposal.name
    if trial is not None:
        return f"it is on trial in experiment {trial}, whose verdict decides: `counterclick tune apply {name}`."
    if is_put_up:
        return f"it was put up as experiment tune-{name}, whose verdict decides: `counterclick tune apply {name}`."
    how = (
        f"put it up as an experiment, which decides: `counterclick tune evaluate {name} --put-up` writes it into shop.toml."
    )
    if found.refusals or found.estimates is None:
        return f"the log says nothing of it. If it is worth trying, {how}"
    gains = [each.gain for each in (found.estimates.snips, found.estimates.doubly_robust) if each is not None]
    if all(gain is not None and gain.upper < 0 for gain in gains):
        return f"by the log it earns less than what is there: propose something else. Else {how}"
    return how


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).") from error
