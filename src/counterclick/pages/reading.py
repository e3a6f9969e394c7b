"""How the report is to be read: its terms, and where its methods come from."""

from __future__ import annotations

__all__ = ["DEFINITIONS", "SOURCES"]

DEFINITIONS = (
    ("Revenue", "Of completed orders, net of tax, shipping and discount. Net revenue is what is left after returns."),
    (
        "Claimed",
        "What a tool reports as its own; for a surface whose tool reports no orders, every order within seven days after "
        "anything at all happened on it. Several may claim the same order.",
    ),
    ("Credited, attributed", "Given to a surface by the shop's rule, an order once. A rule of counting, never an effect."),
    (
        "Earned, incremental",
        "What visitors with the feature spent beyond visitors without it, chosen by chance: the only effect on these pages.",
    ),
    (
        "Interval",
        "The values that the data do not contradict. An interval that holds zero shows neither gain nor loss: it does not "
        "show that nothing is earned.",
    ),
    (
        "Won, lost, inconclusive, invalid",
        "What an experiment concludes, at looks that were planned before. A hollow point is one that has not concluded.",
    ),
    (
        "Provisional",
        "Orders may still come back. A return that is recorded later changes the figures of the month of its order.",
    ),
    (
        "As of a day",
        "What had happened by then, by when it happened and not by when it arrived. What shop.toml declares (costs, aims, "
        "limits) is what it declares today.",
    ),
    (
        "Change between months",
        "No effect. Season, campaigns, prices and chance are in it; only a comparison with visitors held out at the same "
        "time is free of them.",
    ),
    ("Theatre", "A proxy (clicks, time, messages) rose further than revenue where the experiment has not won on money."),
    (
        "Proxy drift",
        "A proxy rises further than revenue while the feature lost or stays below what pays it. In experiments it is an "
        "effect; over weeks it is an observation.",
    ),
)
"""Term and what it means."""
SOURCES = (
    "Looks at an experiment share the error rate (Lan and DeMets 1983); effects after several looks are median-unbiased.",
    "The ratio of earned to credited has the interval of Fieller (1954).",
    "Experiments are added up with the method of variance estimates recovery (Zou and Donner 2008).",
    "Colours can be told apart with any colour vision (Okabe and Ito 2008).",
    "Each figure's query: counterclick audit --explain. Each metric's definition: counterclick metric NAME.",
)
