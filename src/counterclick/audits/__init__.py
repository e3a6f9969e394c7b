"""Is the number honest? What is claimed beside what is true, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.audits.adding import claims_together, period_claims
    from counterclick.audits.alignment import Aims, Alignment, alignment_audit
    from counterclick.audits.claims import Base, Claims, Line, claims_audit, laid
    from counterclick.audits.drift import Alarm, Drift, drift_audit
    from counterclick.audits.drift_experiments import Agreement, Compared, ExperimentDrift
    from counterclick.audits.drift_weekly import SeriesDrift
    from counterclick.audits.following import Following, clicked_by_day, followings, moves, shown_by_day
    from counterclick.audits.laying import WAYS, claimed_by_surface, counted_by, ledger_audit
    from counterclick.audits.ledger import CLAIM_RULE, WIDEST, WINDOWS, Ledger
    from counterclick.audits.page import Audit
    from counterclick.audits.recommending import Recommendation, Situation, Trial, recommend
    from counterclick.audits.theatre import SurfaceFigures, Theatre, theatre_audit

__all__ = [
    "CLAIM_RULE",
    "WAYS",
    "WIDEST",
    "WINDOWS",
    "Agreement",
    "Aims",
    "Alarm",
    "Alignment",
    "Audit",
    "Base",
    "Claims",
    "Compared",
    "Drift",
    "ExperimentDrift",
    "Following",
    "Ledger",
    "Line",
    "Recommendation",
    "SeriesDrift",
    "Situation",
    "SurfaceFigures",
    "Theatre",
    "Trial",
    "alignment_audit",
    "claimed_by_surface",
    "claims_audit",
    "claims_together",
    "clicked_by_day",
    "counted_by",
    "drift_audit",
    "followings",
    "laid",
    "ledger_audit",
    "moves",
    "period_claims",
    "recommend",
    "shown_by_day",
    "theatre_audit",
]

__getattr__ = exports(
    __name__,
    {
        "Agreement": "drift_experiments",
        "Aims": "alignment",
        "Alarm": "drift",
        "Alignment": "alignment",
        "Audit": "page",
        "Base": "claims",
        "CLAIM_RULE": "ledger",
        "Claims": "claims",
        "Compared": "drift_experiments",
        "Drift": "drift",
        "ExperimentDrift": "drift_experiments",
        "Following": "following",
        "Ledger": "ledger",
        "Line": "claims",
        "Recommendation": "recommending",
        "SeriesDrift": "drift_weekly",
        "Situation": "recommending",
        "SurfaceFigures": "theatre",
        "Theatre": "theatre",
        "Trial": "recommending",
        "WAYS": "laying",
        "WIDEST": "ledger",
        "WINDOWS": "ledger",
        "alignment_audit": "alignment",
        "claimed_by_surface": "laying",
        "claims_audit": "claims",
        "claims_together": "adding",
        "clicked_by_day": "following",
        "counted_by": "laying",
        "drift_audit": "drift",
        "followings": "following",
        "laid": "claims",
        "ledger_audit": "laying",
        "moves": "following",
        "period_claims": "adding",
        "recommend": "recommending",
        "shown_by_day": "following",
        "theatre_audit": "theatre",
    },
)
