"""What holds of the contract of the facts, and what does not: each breach with its fact, column, rows and an example."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.display import Grid, Shown, count

__all__ = ["Breach", "FactState", "FactsCheck"]


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that the contract says and some rows do not keep.

    Attributes:
        fact: whose rows.
        column: which of its columns, or several with commas between.
        what: ``type``, ``null``, ``grain``, ``reference``, ``range``, ``words``, ``currency``, ``someone``, ``order`` or
            ``amount``.
        n: how many rows; all of them where a type is wrong.
        example: the key of one of them, such as ``order_id=A17``; empty where there are no rows.
        says: what is wrong, and what would be right.
    """

    fact: str
    column: str
    what: str
    n: int
    example: str
    says: str


@dataclass(frozen=True, slots=True)
class FactState:
    """A fact that was looked at.

    Attributes:
        name: of the fact.
        source: the tables it comes from, or ``the log``.
        n: its rows.
        n_breaches: breaches of the contract in it.
    """

    name: str
    source: str
    n: int
    n_breaches: int


@dataclass(frozen=True, slots=True)
class FactsCheck(Shown):
    """The contract of the facts, tested on the engine where they lie.

    Attributes:
        engine: its name, such as ``postgres``.
        facts: those that are there, in the contract's order.
        missing: those that are not mapped; what needs them is empty.
        breaches: what does not hold.
    """

    engine: str
    facts: tuple[FactState, ...]
    missing: tuple[str, ...]
    breaches: tuple[Breach, ...]

    @property
    def is_clean(self) -> bool:
        """Whether all of it holds."""
        return not self.breaches

    def grids(self) -> list[Grid]:
        """Return the facts, and each breach."""
        rows = [(one.name, one.source, count(one.n), count(one.n_breaches)) for one in self.facts]
        notes = [f"Not mapped: {', '.join(self.missing)}. What is worked out of them is empty."] if self.missing else []
        if self.is_clean:
            notes.append("Grain, keys, types, nulls, ranges, times and currencies are as the contract says.")
        found = [Grid(f"Facts on {self.engine}", ("fact", "source", "rows", "breaches"), rows, notes, left=2)]
        if self.breaches:
            listed = [(one.fact, one.column, count(one.n), one.example, one.says) for one in self.breaches]
            broken = [(fact, column, n, example) for fact, column, n, example, _says in listed]
            says = [f"{fact}.{column}: {text}" for fact, column, _n, _example, text in listed]
            found.append(
                Grid(
                    "What the contract says and rows do not keep",
                    ("fact", "column", "rows", "example"),
                    broken,
                    says,
                    left=2,
                )
            )
        return found
