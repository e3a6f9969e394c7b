"""A surface that does nothing, over the customers of a real store."""

from __future__ import annotations

from pathlib import Path

import placebo

from data_folder import data_file


def test_a_placebo_claims_revenue_and_has_no_effect(tmp_path: Path) -> None:
    """Online Retail, drawn once: clicks are credited and claimed all the same; the holdout shows nothing."""
    file = data_file("online_retail", "online_retail.parquet")
    with placebo.recorded_store(tmp_path, file) as shop:
        audit = placebo.with_placebo(shop, tmp_path, file, 0).audit()
    line = next(each for each in audit.claims.lines if each.surface == "placebo")
    assert line.attributed > 0.1
    assert line.claimed > 0.4
    assert line.verdict is not None
    assert line.verdict.outcome == "inconclusive"
    shares = {each.way: each.shares for each in audit.claims.ledger.inflation if each.surface == "placebo"}
    first = shares["first touch, once"]
    assert 0 < first["24 h"] < first["7 d"] < first["30 d"]
    advice = next(each for each in audit.theatre.surfaces if each.name == "placebo").recommendation
    assert advice.action != "keep"
