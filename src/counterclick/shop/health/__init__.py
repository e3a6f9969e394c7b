"""Is the data fit to be judged? What was refused, what does not join, what is missing, late or no buyer's."""

from counterclick.audits.health import Finding, Health, Refused
from counterclick.shop.health.checking import health_of, refused_events

__all__ = ["Finding", "Health", "Refused", "health_of", "refused_events"]
