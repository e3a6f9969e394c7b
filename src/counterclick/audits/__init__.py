"""Is the number honest? What is claimed beside what is true."""

from counterclick.audits.claims import CLAIM_RULE, Audit, Line, claims_audit

__all__ = ["CLAIM_RULE", "Audit", "Line", "claims_audit"]
