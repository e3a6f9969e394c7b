"""The whole check, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from counterclick.attribution import Rule
from counterclick.audits.effects import coarser
from counterclick.audits.health import Carried, Finding, Health, Refusal, Refused
from counterclick.config import Config, HealthConfig, duration
from counterclick.display import count, percent
from counterclick.errors import UnknownNameError
from counterclick.events.schema import REJECTION
from counterclick.experiments import Experiment
from counterclick.shop.health.arms import carried_of
from counterclick.shop.health.arriving import ahead_of, arrivals_of, delay_of, late_of
from counterclick.shop.health.erased import complete_from, cut_off_of, erased_of, overdue_of, unfinished_of
from counterclick.shop.health.joining import exposures_of, orders_of, refunds_of, touches_of
from counterclick.shop.health.people import bots_of, consent_of, unidentified_of
from counterclick.shop.health.reassigned import reassigned_of
from counterclick.shop.health.volumes import days_without, gaps_of, known_until, scan, volumes_of
from counterclick.shop.reading import Reading

__all__ = ["health_of", "refused_events"]


def health_of(
    reading: Reading,
    rule: Rule,
    config: Config,
    experiments: Mapping[str, Experiment],
    skipped: Mapping[str, int],
    fail_on: Sequence[str] = (),
    n_overdue: int = 0,
) -> Health:
    """Return the state of the recorded data.

    Args:
        reading: the store.
        rule: the shop's rule of attribution.
        config: the shop's.
        experiments: every declared one and the holdout over all of them.
        skipped: name -> rows of files that are no events.
        fail_on: names of findings that make `Health.fails` true where they stand; ``any`` for all of them.
        n_overdue: requests about people whose time is over.

    Raises:
        UnknownNameError: ``fail_on`` names no finding.
    """
    scanned = scan(reading)
    volumes = volumes_of(scanned)
    events = {volume.kind: volume.n for volume in volumes}
    refusals = _refusals(reading, events)
    missing = gaps_of(volumes, config, known_until(reading, scanned, config.shop.timezone))
    arrivals = arrivals_of(reading, scanned, duration(config.shop.allowance))
    late, late_finding = late_of(arrivals, config)
    bots, bots_finding, n_visitors = bots_of(reading, config.health, tuple(experiments))
    carried = carried_of(experiments)
    reassigned, reassigned_finding = reassigned_of(reading, config.health)
    complete = complete_from(reading, config.shop.timezone)
    findings = [
        _refused(refusals),
        *orders_of(reading),
        *refunds_of(reading),
        *touches_of(reading, rule),
        exposures_of(reading, tuple(experiments)),
        days_without(missing, volumes, config),
        late_finding,
        *_uncarried(carried, config.health),
        reassigned_finding,
        bots_finding,
        unfinished_of(reading, config),
        overdue_of(n_overdue),
        cut_off_of(complete, config),
    ]
    names = [found.name for found in findings]
    for wanted in fail_on:
        if wanted != "any" and wanted not in names:
            raise UnknownNameError("finding", wanted, [*names, "any"])
    standing = tuple(found for found in findings if found.n)
    return Health(
        currency=config.shop.currency,
        events=events,
        rejected={each.reason: each.n for each in refusals},
        skipped=skipped,
        findings=standing,
        fails=any(wanted in ("any", found.name) for wanted in fail_on for found in standing),
        volumes=volumes,
        gaps=missing,
        refusals=refusals,
        signs=(
            late,
            delay_of(arrivals, config.shop.allowance),
            ahead_of(scanned),
            unidentified_of(reading, n_visitors),
            consent_of(reading),
            reassigned,
            bots,
        ),
        carried=carried,
        erased=erased_of(reading, config.shop.timezone),
        complete_from=complete,
    )


def refused_events(reading: Reading, most: int) -> Refused:
    """Return the newest refused events with their reasons."""
    rows = reading.rows(
        f"SELECT reason, details FROM events WHERE kind = '{REJECTION}' ORDER BY received_at DESC, event_id LIMIT {most}"
    )
    n_all = int(reading.one(f"SELECT count(*) FROM events WHERE kind = '{REJECTION}'"))
    parsed = [(reason, json.loads(details)) for reason, details in rows]
    return Refused(tuple((reason, found["details"], found["body"]) for reason, found in parsed), n_all)


def _refusals(reading: Reading, events: Mapping[str, int]) -> tuple[Refusal, ...]:
    """Return what was refused, by reason, with the kinds that the refused say they are."""
    rows = reading.rows(f"""
        SELECT reason, CASE WHEN json_valid(body) THEN json_extract_string(body, '$.kind') END AS said, count(*) AS n FROM (
            SELECT reason, json_extract_string(details, '$.body') AS body FROM events WHERE kind = '{REJECTION}')
        GROUP BY reason, said ORDER BY reason, n DESC, said""")
    kinds: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for reason, said, n in rows:
        sizes[reason] = sizes.get(reason, 0) + n
        if said is not None:
            kinds.setdefault(reason, {})[said] = n
    found = [
        Refusal(reason, n, kinds.get(reason, {}), _missing(kinds.get(reason, {}), events, n)) for reason, n in sizes.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.n, each.reason)))


def _missing(kinds: Mapping[str, int], events: Mapping[str, int], n_all: int) -> str:
    """Say what refused events of these kinds do to the verdicts."""
    says = []
    orders = kinds.get("purchase", 0)
    if orders:
        share = orders / (orders + events.get("purchase", 0))
        says.append(
            f"{count(orders)} orders ({percent(share)} of those sent) have no revenue in any arm; a lift must be "
            f"{percent(coarser(share) - 1)} larger to be seen."
            if share < 1
            else f"All {count(orders)} orders sent: nothing can be judged."
        )
    exposures = kinds.get("exposure", 0)
    if exposures:
        share = exposures / (exposures + events.get("exposure", 0))
        says.append(f"{count(exposures)} exposures ({percent(share)}): visitors only in them are in no arm.")
    refunds = kinds.get("refund", 0)
    if refunds:
        share = refunds / (refunds + events.get("refund", 0))
        says.append(f"{count(refunds)} refunds ({percent(share)}): net revenue is too high by them.")
    others = sum(n for kind, n in kinds.items() if kind not in ("purchase", "exposure", "refund"))
    if others:
        says.append(f"{count(others)} of other kinds: no revenue, arm or refund is lost with them.")
    unread = n_all - sum(kinds.values())
    if unread:
        says.append(f"{count(unread)} whose kind cannot be read: what they were is not known.")
    return " ".join(says)


def _refused(refusals: Sequence[Refusal]) -> Finding:
    says = "They are in no figure. `counterclick check --rejections` lists them; mend and record them again."
    return Finding("rejected_events", sum(each.n for each in refusals), None, says)


def _uncarried(carried: Sequence[Carried], settings: HealthConfig) -> list[Finding]:
    """Return the findings about experiments whose assignment is not carried to orders."""
    several = [each for each in carried if each.several_share >= settings.several_share]
    lost = [each for each in carried if each.unmatched_share >= settings.unmatched_share]
    names = [", ".join(each.experiment for each in those) for those in (several, lost)]
    return [
        Finding(
            "visitors_in_several_arms",
            sum(each.n_several for each in several),
            None,
            f"{percent(settings.several_share)} of visitors or more in {names[0]}; from 1 % on the verdict is invalid. "
            "Assign by an id that stays, and send the assigned arm with every exposure.",
        ),
        Finding(
            "unmatched_revenue",
            sum(each.n_unmatched for each in lost),
            sum(each.unmatched for each in lost),
            f"{percent(settings.unmatched_share)} of revenue or more has no known arm in {names[1]}; from 5 % on the "
            "verdict is invalid. Send visitor_id with purchases, or identify visitors.",
        ),
    ]
