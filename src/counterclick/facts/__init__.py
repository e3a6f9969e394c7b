"""What it adds up to: pure functions from the events table to one table each, with the grain stated."""

from counterclick.facts.tables import Facts, Outcomes

__all__ = ["Facts", "Outcomes"]
