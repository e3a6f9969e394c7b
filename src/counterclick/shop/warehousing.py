"""Verbs of the facts' contract: what it says, whether it holds where the facts lie, and ready mappings."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.audits.contract import FactsCheck
from counterclick.connectors.ready_mappings import ready_mapping, ready_mappings
from counterclick.display import Grid, Shown
from counterclick.facts.base import CONTRACT
from counterclick.facts.contract import Fact, Field
from counterclick.shop.anew import anew
from counterclick.shop.holding import Held
from counterclick.shop.warehouse.checking import check_facts
from counterclick.shop.warehouse.own import own_facts

__all__ = ["FactsContract", "Mapping", "Mappings", "Warehousing", "contract", "mapping", "mappings", "range_of"]


@dataclass(frozen=True, slots=True)
class FactsContract(Shown):
    """What each fact is: the tables that ``[facts.NAME]`` can name.

    Attributes:
        facts: in their order.
    """

    facts: tuple[Fact, ...]

    def grids(self) -> list[Grid]:
        """Return a table for each fact."""
        found = []
        for fact in self.facts:
            rows = [
                (field.name, field.kind, "required" if field.is_needed else "", range_of(field), field.says)
                for field in fact.fields
            ]
            notes = [f"No two rows agree in {', '.join(fact.key)}."] if fact.key else []
            notes += [f"{one.field} names a row of {one.fact}." for one in fact.refers]
            notes += ["Each row names a visitor or a customer."] if fact.someone else []
            columns = ("column", "type", "", "values", "meaning")
            found.append(Grid(f"{fact.name}: {fact.says}", columns, rows, notes, left=5))
        return found


def range_of(field: Field) -> str:
    """Return which values a column may have, as text; empty where any."""
    if field.words:
        return ", ".join(field.words)
    least = "" if field.least is None else f"{'above' if field.above else 'from'} {field.least:g}"
    most = "" if field.most is None else f"up to {field.most:g}"
    return f"{least} {most}".strip()


@dataclass(frozen=True, slots=True)
class Mappings(Shown):
    """The ready mappings.

    Attributes:
        mappings: name -> what it is for.
    """

    mappings: dict[str, str]

    def grids(self) -> list[Grid]:
        """Return them."""
        note = "`counterclick facts mapping NAME` prints one, to be pasted into shop.toml."
        return [Grid("Ready mappings", ("name", "tables"), [*self.mappings.items()], (note,), left=2)]


@dataclass(frozen=True, slots=True)
class Mapping(Shown):
    """A ready mapping.

    Attributes:
        name: of it.
        toml: to be pasted into ``shop.toml``.
    """

    name: str
    toml: str

    def grids(self) -> list[Grid]:
        """Return its name; `str` is the text itself."""
        return [Grid(self.name, (), (), tuple(self.toml.splitlines()))]

    def __str__(self) -> str:
        return self.toml.rstrip("\n")


def contract() -> FactsContract:
    """Return what each fact is: its columns, types, ranges, keys and references."""
    return FactsContract(tuple(CONTRACT.values()))


def mappings() -> Mappings:
    """Return the ready mappings by their names."""
    return Mappings(ready_mappings())


def mapping(name: str) -> Mapping:
    """Return a ready mapping.

    Raises:
        UnknownNameError: there is none of that name.
    """
    return Mapping(name, ready_mapping(name))


class Warehousing(Held):
    """A shop whose facts may lie in a warehouse."""

    @anew
    def facts_check(self) -> FactsCheck:
        """Return whether the contract of the facts holds where they lie, and each breach of it.

        Raises:
            ConfigError: a mapping names a table or column that is not there.
            EngineError: the engine cannot be had.
        """
        facts, engine = own_facts(self.reading)
        has_rates = self.config.shop.rates is not None
        return check_facts(engine, facts, self.config.shop.currency, has_rates=has_rates)

    def facts_contract(self) -> FactsContract:
        """Return what each fact is: its columns, types, ranges, keys and references."""
        return contract()

    def facts_mappings(self) -> Mappings:
        """Return the ready mappings by their names."""
        return mappings()

    def facts_mapping(self, name: str) -> Mapping:
        """Return a ready mapping.

        Raises:
            UnknownNameError: there is none of that name.
        """
        return mapping(name)
