"""What to do next: policies that learn from orders and returns, never from clicks."""

from counterclick.decisions.policy import Ask, Decision, Policy
from counterclick.decisions.static import POLICIES, Bestsellers, Nothing

__all__ = ["POLICIES", "Ask", "Bestsellers", "Decision", "Nothing", "Policy"]
