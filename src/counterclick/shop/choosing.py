"""Verbs that learn and decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from counterclick.errors import InputError
from counterclick.events.redaction import hashed
from counterclick.shop.anew import anew
from counterclick.shop.recording import Progress, silent
from counterclick.shop.taking import Taking

if TYPE_CHECKING:
    from counterclick.decisions import CartLine, Decision
    from counterclick.shop.fitting import FitReport
    from counterclick.shop.mailed import Mailings
    from counterclick.shop.mailing import Blocks
    from counterclick.shop.models import ModelList
    from counterclick.shop.replenishing import Segments

__all__ = ["Choosing"]


class Choosing(Taking):
    """A shop that learns from its orders, and decides."""

    @anew
    def fit(self, names: Iterable[str] | None = None, *, anyway: bool = False, progress: Progress = silent) -> FitReport:
        """Let what is due learn from the store's carts, orders and returns, and keep it as models that `decide` serves.

        Due is what has no model that may serve, or one that was made with other settings, or does not know the newest
        events.

        Args:
            names: of models; all unless given.
            anyway: also what is not due.
            progress: called with each step and the fraction done.

        Raises:
            EmptyStoreError: nothing is recorded.
            StoreError: a model could not be written.
            UnknownNameError: there is no such model.
        """
        return self._fit(None if names is None else tuple(names), anyway=anyway, progress=progress)

    def models(self) -> ModelList:
        """Return the models that were fitted: which of them serve, why others do not, and what they know."""
        from counterclick.shop.fitting import forms
        from counterclick.shop.models import models_of

        return models_of(self.store, forms(self.config), self.config, datetime.now(UTC))

    @anew
    def replenish(self, today: date | None = None, *, least: float = 0.1, most: int = 3) -> Segments:
        """Return whom to remind of what, and when, and record who was eligible where an experiment leaves a share out.

        One row for each customer and type of product that it is likely to buy again, with the day to send on, what is
        expected of the customer within 365 days, and the reason. Where an experiment with the arm ``replenish`` runs,
        customers are assigned by lot, as the shop assigns visitors; all of them are exposed, and who is left out is in no
        row.

        Args:
            today: first day that may be sent on; orders before it count. The shop's present day unless given.
            least: chance, for the 14 days from the day to send on, below which a pair is left out.
            most: types of one customer at most, the likeliest.

        Raises:
            ConfigError: ``least`` or ``most`` is none, or several experiments leave customers out.
            EmptyStoreError: nothing is recorded.
            RefusedError: what was learned is of days that were not over by then.
            StoreError: who was eligible could not be recorded; then nobody is returned either.
        """
        from counterclick.shop.customer_lots import arms_kept, record_lots
        from counterclick.shop.replenishing import learnt_now, lots, running, segments

        learnt, lacks = learnt_now(self.store, self.config, self._fit)
        found = segments(self.reading, self.config, learnt, lacks, today, least, most)
        test = running(self.config, found.today)
        if test is None or found.missing or not found.rows.num_rows:
            return found
        name, settings = test
        self._registry.declare(name)
        chosen, exposed = lots(found, name, settings, arms_kept(self.reading, name, settings))
        record_lots(self.store, self.config, exposed, name, settings, found.today, "replenish")
        self.refresh()
        return chosen

    @anew
    def blocks(self, experiment: str, recipients: Iterable[str], *, most: int = 3, today: date | None = None) -> Blocks:
        """Return which products each recipient of a campaign is shown, and record that all of them were eligible.

        The experiment has ``unit = "customer"``. Its control's block is the same for all; in every other arm that is a
        policy of this product it is made for each recipient, from what it bought last. Arms of other names are the e-mail
        tool's own: the rows say who is in them. The verdict is per recipient sent.

        Args:
            experiment: by which recipients are assigned.
            recipients: all customers that will be sent to, by their ids or e-mail addresses, as the shop's orders name them.
            most: products of a block.
            today: day of sending; the shop's present day unless given.

        Raises:
            ConfigError: the experiment is not of customers, or does not run on that day, or ``most`` is below 1.
            EmptyStoreError: nothing is recorded.
            InputError: there are no recipients.
            StoreError: who was eligible could not be recorded; then nothing is returned either.
            UnknownNameError: ``shop.toml`` declares no such experiment.
        """
        from counterclick.shop.customer_lots import arms_kept, arms_of, record_lots
        from counterclick.shop.decided import policies_of
        from counterclick.shop.mailing import blocks_of, check_mailing

        settings = self.config.experiment(experiment)
        day = today or datetime.now(ZoneInfo(self.config.shop.timezone)).date()
        check_mailing(experiment, settings, day, most)
        listed = [*recipients]
        if not listed:
            raise InputError("there are no recipients; name all customers that will be sent to.")
        self.reading.as_of()
        kept = arms_kept(self.reading, experiment, settings)
        ours, key = policies_of(self.config), self.store.key
        found, exposed = blocks_of(
            listed,
            lambda who: hashed(who, key),
            lambda customers: arms_of(customers, experiment, settings, day, kept),
            {arm: self._serving.policy(arm) for arm in settings.variants if arm in ours},
            self.facts.outcomes(),
            experiment,
            settings,
            day,
            most,
        )
        self._registry.declare(experiment)
        record_lots(self.store, self.config, exposed, experiment, settings, day, "blocks")
        self.refresh()
        return found

    @anew
    def mailings(self) -> Mailings:
        """Return what blocks of campaigns did: the verdict of each, recipients by arm, and what was bought of the products.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.shop.decided import policies_of
        from counterclick.shop.mailed import is_mailing, mailings_of

        self.reading.as_of()
        own = {name: each for name, each in self._registry.experiments().items() if is_mailing(each.config)}
        return mailings_of(self.facts, self.config.shop.currency, own, policies_of(self.config))

    @anew
    def decide(
        self,
        surface: str,
        visitor: str,
        *,
        cart: Iterable[str | CartLine] = (),
        most: int = 3,
        customer: str | None = None,
        payment: str | None = None,
        candidates: Iterable[str] = (),
        query: str | None = None,
        category: str | None = None,
        today: date | None = None,
        decision_id: str | None = None,
    ) -> Decision:
        """Return what a surface shows a visitor, and record that the visitor was eligible, and what was decided.

        The running experiment on the surface assigns the visitor to an arm, the arm's policy decides, and an exposure
        is recorded in every arm alike before anything is shown. Arms whose name is no policy of this product are
        served by the shop's own system: the decision names the arm and offers nothing. A policy decides as it was last
        fitted; one that never was is fitted now. Where its model may not serve, the static rule does and the reason says so.
        Where an arm is ``returns``, the basket is scored for every arm, and only who has a flagged basket is eligible.

        Args:
            surface: the place that asks.
            visitor: the visitor id.
            cart: products in the cart, or lines that say more of them, the newest last; of more than 100 different
                products the newest count.
            most: offers wanted at most.
            customer: who is signed in, where that is known.
            payment: how it will be paid, in the shop's own words.
            candidates: products that are to be put in order, as they came, at most 500; then all of them are offered. Only
                an arm ``ranking`` puts them in another order.
            query: what was searched for, where they are results; recorded with the decision.
            category: whose page it is, where they are its products; recorded with the decision.
            today: the shop's day; today unless given.
            decision_id: by which the log knows the decision, and which has one answer for a day; one is made unless given.

        Raises:
            UnknownNameError: ``shop.toml`` declares no such surface.
            ConfigError: several experiments run on it.
            ConflictError: something else was asked under this ``decision_id``.
            InputError: the visitor's or the decision's id is empty or too long, the cart has more than 10,000 lines, or the
                candidates are more than 500, or one of them is there twice.
        """
        from counterclick.shop.decided import ask_of

        ask = ask_of(surface, visitor, cart, most, customer, payment, candidates, query, category)
        return self._serving.decide(ask, today, decision_id)
