"""Is the number honest? What is claimed beside what is true, and what to do about it."""

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
