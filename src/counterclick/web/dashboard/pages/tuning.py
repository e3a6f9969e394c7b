"""Tuning: what is proposed to be changed, what logged decisions say of it, and the verdict that applied or withdrew it."""

from __future__ import annotations

from collections.abc import Mapping

from counterclick.pages.wording import words
from counterclick.shop.premises import Premises
from counterclick.shop.proposals import Proposal, ProposalList, Standing, on_trial, proposals, standing
from counterclick.web.dashboard import places
from counterclick.web.dashboard.naming import experiment_address
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

__all__ = ["TUNING"]

_SOURCE = "counterclick tune list"
_ENDED = About("Proposals whose experiment has a verdict: it applied them or withdrew them.", _SOURCE, "words")
_OPEN = About("Proposals that nobody has decided on; one that is on trial is decided by its experiment.", _SOURCE, "words")
_MARKS: Mapping[Standing, str] = {"applied": "good", "withdrawn": "bad", "on trial": "missing"}
_COLUMNS = (
    Column("proposal", says="Its name. The experiment that tries it is called tune- and this name."),
    Column("stands", says="Proposed, evaluated on logged decisions, on trial in an experiment, applied, or withdrawn."),
    Column("changes", says="Which setting, from what, to what."),
    Column("of", says="The policy whose decisions it changes, and the surface on which."),
    Column("by", says="Who proposed it, and when."),
    Column("why", says="The reason that was given."),
)
_SAID = Column("logged decisions say", says="What they said when it was last evaluated: an estimate, or why there is none.")
_BECAUSE = Column("verdict", says="What its experiment concluded, and why.")

_Told = tuple[Proposal, Standing, str]


def _ask(premises: Premises, _asked: Mapping[str, str]) -> tuple[ProposalList, dict[str, str]]:
    """Return the proposals, and the experiment of each that has one."""
    found = proposals(premises.store.folder)
    trials = {each.name: on_trial(each, premises.config) for each in found}
    listed = ProposalList(tuple((each, standing(each, premises.config)) for each in found))
    return listed, {name: trial[0] for name, trial in trials.items() if trial is not None}


def _view(found: tuple[ProposalList, dict[str, str]], context: Context) -> View:
    listed, trials = found
    say = context.say
    told = [(each, state, trials.get(each.name, "")) for each, state in listed.proposals]
    ended = [each for each in told if each[0].ended is not None]
    still = [each for each in told if each[0].ended is None]
    return View(
        _conclusion(told),
        [
            Section("What verdicts decided", [_table("Applied and withdrawn", ended, _BECAUSE, _ENDED, say)]),
            Section("What is open", [_table("Proposed, evaluated, on trial", still, _SAID, _OPEN, say)]),
            Section(
                "How it goes on",
                [
                    Text(
                        [
                            "counterclick tune propose NAME CHANGE --why REASON proposes a change of what shop.toml, "
                            "rules.toml or boosts.toml says of a policy that an experiment serves; tune evaluate says what "
                            "logged decisions tell of it and puts it up as an experiment; tune apply goes by that verdict. "
                            "No step reads clicks."
                        ]
                    )
                ],
            ),
        ],
    )


def _conclusion(told: list[_Told]) -> str:
    if not told:
        return "Nothing is proposed."
    counts = {state: sum(each[1] == state for each in told) for state in ("applied", "withdrawn", "on trial")}
    left = len(told) - sum(counts.values())
    said = [f"{n} {state}" for state, n in (*counts.items(), ("not tried yet", left)) if n]
    return f"Of {len(told)} proposals: {', '.join(said)}."


def _table(title: str, told: list[_Told], last: Column, about: About, say: Speech) -> Part:
    if not told:
        return Text(["None."])
    return Table(title, [*_COLUMNS, last], [_row(*each, say=say) for each in told], about)


def _row(each: Proposal, state: Standing, trial: str, *, say: Speech) -> list[Cell | str]:
    name = Cell(each.name, href=experiment_address(trial)) if trial else each.name
    return [
        name,
        Cell(state, mark=_MARKS.get(state, "")),
        each.says,
        f"{each.policy}, {each.surface}",
        f"{each.by}, {say.day(each.proposed_at.date())}",
        each.why,
        say.text(words(each.because or each.said)),
    ]


TUNING = Page(
    places.TUNING,
    "What is proposed to be changed, and what did its verdict say?",
    _ask,
    _view,
    is_asked_anew=True,
)
"""The page."""
