"""E-mail blocks: which products each recipient of one campaign is shown, personalised or the same for all, by lot.

The lot is drawn for every recipient that is to be sent to, and all of them count in the verdict, opened or not: who opens a
message is chosen by what its subject promises, and no longer by chance.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from counterclick.config import ExperimentConfig
from counterclick.decisions import Ask, Decides
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import ConfigError, InputError
from counterclick.facts import Outcomes
from counterclick.shop.decided import RETURNS

__all__ = ["Blocks", "blocks_of", "check_mailing", "check_writable", "recipients_in", "write_blocks"]

_HEADS = ("customer_id", "recipient", "email")
"""What a file's column of recipients may be called, the first of them first."""
_LONGEST = 200
_EVERYBODY = "everybody"
_EXAMPLES = 3

_Bought = Mapping[str, tuple[tuple[str, ...], frozenset[str]]]
"""customer -> products of its last order, and all others that it ever bought."""


@dataclass(frozen=True, slots=True)
class Blocks(Shown):
    """What recipients of one campaign are shown.

    Attributes:
        experiment: by which they are assigned.
        today: day as of which.
        rows: one for each recipient, as they came: recipient, as it was given, arm, and product_1, product_2, ..., null
            where there are fewer, and in arms that the e-mail tool serves itself.
        recipients: arm -> how many.
        control: the arm whose block is the same for all.
        served_here: arms that are served by a policy of this product.
        n_repeated: recipients that were given more than once, and stand there once.
        n_strangers: recipients of whom no order is known: a personalised block of theirs is the static one.
    """

    experiment: str
    today: date
    rows: pa.Table = field(repr=False)
    recipients: Mapping[str, int]
    control: str
    served_here: tuple[str, ...]
    n_repeated: int = 0
    n_strangers: int = 0

    def grids(self) -> list[Grid]:
        """Return how many recipients each arm has, and what to do."""
        total = sum(self.recipients.values())
        rows = [(arm, count(n), percent(n / total) if total else "-", self._what(arm)) for arm, n in self.recipients.items()]
        notes = [
            "Send to all of them: each counts in the verdict, opened or not. Who is sent nothing must not be in the file.",
            f"`counterclick experiment verdict {self.experiment}` judges by orders per recipient sent.",
        ]
        if self.n_strangers:
            notes.append(
                f"Of {count(self.n_strangers)} no order is known: a personalised block of theirs is the static one."
            )
        if self.n_repeated:
            notes.append(f"{count(self.n_repeated)} stood there more than once, and count once.")
        title = f"{count(total)} recipients of {self.experiment}, as of {self.today}"
        return [Grid(title, ("arm", "recipients", "share", "block"), rows, notes, left=1)]

    def _what(self, arm: str) -> str:
        if arm not in self.served_here:
            return "the e-mail tool's own"
        return "the same for all" if arm == self.control else "for each recipient"


def recipients_in(path: Path) -> list[str]:
    """Return the recipients of a CSV file with a column ``customer_id``, ``recipient`` or ``email``.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read, has no such column, or a row without a recipient.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            heads = [head for head in _HEADS if head in (rows.fieldnames or ())]
            if not heads:
                said = ", ".join(rows.fieldnames or ()) or "none"
                raise InputError(
                    f"{path} needs a column called {', '.join(_HEADS[:-1])} or {_HEADS[-1]}; its columns: {said}."
                )
            found = [(rows.line_num, (row[heads[0]] or "").strip()) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    for line, who in found:
        if not 0 < len(who) <= _LONGEST:
            raise InputError(f"{path}, line {line}: {heads[0]} has 1 to {_LONGEST} characters; it has {len(who)}.")
    return [who for _line, who in found]


def check_mailing(name: str, settings: ExperimentConfig, today: date, most: int) -> None:
    """Refuse what recipients cannot be assigned by.

    Args:
        name: the experiment.
        settings: what it declares.
        today: day of sending.
        most: products of a block.

    Raises:
        ConfigError: it is not of customers, has an arm that offers no products, does not run on that day, or ``most`` is
            below 1.
    """
    if settings.unit != "customer":
        raise ConfigError(f'experiment {name!r} is of visitors; recipients are customers: write unit = "customer".')
    if RETURNS in settings.variants:
        raise ConfigError(f"experiment {name!r} has the arm {RETURNS!r}, which nudges baskets and offers no products.")
    if not settings.starts_on <= today <= settings.ends_on:
        raise ConfigError(
            f"experiment {name!r} runs from {settings.starts_on} to {settings.ends_on}, and not on {today}: set its days so "
            "that it runs when the campaign is sent."
        )
    if most < 1:
        raise ConfigError(f"a block has 1 product or more; most was {most}.")


def blocks_of(
    recipients: Iterable[str],
    known_as: Callable[[str], str],
    arms: Callable[[pa.Array], pa.Array],
    policies: Mapping[str, Decides],
    outcomes: Outcomes,
    name: str,
    settings: ExperimentConfig,
    today: date,
    most: int,
) -> tuple[Blocks, pa.Table]:
    """Return what each recipient is shown, and what is recorded: all of them as eligible, in every arm alike, and products.

    The control's policy is asked once, for everybody; every other policy of this product is asked for each recipient, with
    the products of its last order as its cart. What a recipient ever bought is not offered to it.

    Args:
        recipients: as they were given.
        known_as: returns a recipient as the log knows it.
        arms: returns the arm of each of them.
        policies: arm -> what decides for it; arms without one are served by the e-mail tool.
        outcomes: of the shop.
        name: the experiment.
        settings: what it declares.
        today: day of sending.
        most: products of a block.
    """
    listed = [*recipients]
    given = dict(zip(map(known_as, listed), listed, strict=True))  # of one that is given twice the last way of writing
    customers = pa.array([*given], pa.string())
    variant = arms(customers)
    lines = _lines(outcomes, customers)
    n_strangers = len(customers) - len(pc.unique(lines["customer_id"]))
    bought = _bought(lines, customers.filter(pc.is_in(variant, value_set=pa.array([*policies.keys() - {settings.control}]))))
    same = {arm: _offered(policy, Ask(settings.surface, _EVERYBODY, most=most)) for arm, policy in policies.items()}
    offers: list[tuple[str, ...] | None] = []
    for who, arm in zip(given, variant.to_pylist(), strict=True):
        if arm not in policies or arm == settings.control or who not in bought:
            offers.append(same.get(arm))
        else:
            cart, before = bought[who]
            offers.append(_offered(policies[arm], Ask(settings.surface, who, cart, most, before, customer=who)))
    columns = {"recipient": pa.array([*given.values()], pa.string()), "arm": variant}
    for nth in range(most):
        places = [each[nth] if each is not None and nth < len(each) else None for each in offers]
        columns[f"product_{nth + 1}"] = pa.array(places, pa.string())
    counts = {arm: pc.sum(pc.equal(variant, arm)).as_py() or 0 for arm in settings.variants}
    own = Blocks(
        name,
        today,
        pa.table(columns),
        counts,
        settings.control,
        tuple(policies),
        len(listed) - len(given),
        n_strangers,
    )
    products = pa.array(offers, pa.list_(pa.string()))
    return own, pa.table({"customer_id": customers, "variant": variant, "products": products})


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written; one that is there stays as it is.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def write_blocks(found: Blocks, path: Path) -> None:
    """Write a row for each recipient as CSV.

    Args:
        found: what they are shown.
        path: of the file, written anew.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(found.rows.column_names)
            rows.writerows(zip(*(column.to_pylist() for column in found.rows.columns), strict=True))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _offered(policy: Decides, ask: Ask) -> tuple[str, ...]:
    return policy.decide(ask)[0][: ask.most]


def _lines(outcomes: Outcomes, customers: pa.Array) -> pa.Table:
    """Return what customers bought: customer_id, ordered_at, order_id, product_id; one row a product of an order."""
    sold = outcomes.orders.filter(_.customer_id.notnull() & ~_.is_cancelled).select("order_id", "customer_id")
    lines = outcomes.order_lines.select("order_id", "ordered_at", "product_id").join(sold, "order_id").distinct()
    table = lines.to_pyarrow()
    return table.filter(pc.is_in(table["customer_id"], value_set=customers))


def _bought(lines: pa.Table, customers: pa.Array) -> _Bought:
    """Return what customers bought, the products of their last order apart."""
    own = lines.filter(pc.is_in(lines["customer_id"], value_set=customers))
    own = own.sort_by([("ordered_at", "ascending"), ("order_id", "ascending")])
    last: dict[str, tuple[str, list[str]]] = {}
    every: dict[str, set[str]] = {}
    rows = zip(*(own[name].to_pylist() for name in ("customer_id", "order_id", "product_id")), strict=True)
    for who, order, product in rows:
        if last.get(who, ("", []))[0] != order:
            last[who] = (order, [])
        last[who][1].append(product)
        every.setdefault(who, set()).add(product)
    return {who: (tuple(sorted(cart)), frozenset(every[who]) - {*cart}) for who, (_order, cart) in last.items()}
