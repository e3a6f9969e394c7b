"""Counterclick measures an online store's AI features on completed orders, and says which of them earn money."""
