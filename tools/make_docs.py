"""Write the docs pages that are made from the code: glossary, metrics, events, commands, files.

``python tools/make_docs.py`` writes them; with ``--check`` it says which are out of date and exits with 1.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import msgspec
from cyclopts import App

from counterclick import attribution, verdicts
from counterclick.audits import Drift
from counterclick.cli.app import app
from counterclick.config import Config
from counterclick.config.meanings import meanings
from counterclick.connectors.translated import Translated
from counterclick.decisions import Decision, Policy
from counterclick.events.rejection import Reason
from counterclick.events.rules import RULES
from counterclick.events.schema import SCHEMA
from counterclick.events.vocabulary import EVENTS, Event, OrderLine, RefundLine, ShownItem
from counterclick.experiments import Experiment, Plan, Result, Slices
from counterclick.experiments.onoff_plan import OnOffPlan
from counterclick.experiments.onoff_schedule import Schedule
from counterclick.facts import Facts, Outcomes, people
from counterclick.facts.base import CONTRACT
from counterclick.metrics import MEASURES, METRICS, Measure, Metric
from counterclick.shop import Shop
from counterclick.shop.evaluating import Evaluation
from counterclick.shop.onoff import OnOff
from counterclick.shop.receiving import Received
from counterclick.shop.warehousing import range_of
from counterclick.stats import Estimate, Moments

DOCS = Path(__file__).resolve().parent.parent / "docs"
SOURCE = Path(__file__).resolve().parent.parent / "src" / "counterclick"
ROOMS = (
    *("shapes", "errors", "display", "verdicts", "lazily", "config", "stats", "events", "connectors", "store", "facts"),
    *("attribution", "metrics", "experiments", "audits", "decisions", "simulate", "shop", "pages", "web", "cli"),
)
MADE = "<!-- Made from the code by tools/make_docs.py; change the code, then run `make docs`. -->\n\n"

TERMS = {
    "eligible": "The visitor's first `exposure` event of an experiment, written where the feature would have shown, the "
    "same in every arm. Impressions never define it.",
    "touch": "What may be credited with an order: a helpful answer, or a click on another surface. A view is none.",
    "helpful": 'Of an answer: it matched a product of the catalogue, was not escalated, was not "I don\'t know".',
    "AI interaction": "An answer of an assistant, or a click on what a surface showed or sent.",
    "session": f"Events of a visitor with less than {people.IDLE_SECONDS // 60} minutes between one and the next.",
    "cart": "What a visitor laid in, less what was taken out, from one order to the next.",
    "surface": "A place where the shop speaks to a buyer: a cart drawer, an assistant, a search box, an e-mail block.",
    "channel": "Where a surface is: onsite, email, voice, social or agent_checkout.",
    "arm, variant": "What an experiment shows a visitor. A variant is a policy; `nothing` is one too.",
    "control": "The arm that the feature is compared with: the static rule where there is one.",
    "holdout": "Visitors who are eligible and do not get the feature, by lot.",
    "look": "A test of an experiment from the visitors who had entered by a day, taken once and never rewritten.",
    "planned buyers": "Buyers of control and feature by which looks share the error rate; fixed before the first look.",
    "repeated interval": "The interval that holds the lift at all looks together with 95 %; without zero where a bound "
    "was crossed.",
    "anytime-valid band": "An interval that holds the lift at every moment together with 95 %; to look at between looks.",
    "layer": "Experiments of one layer exclude each other: a visitor is in one of them at most.",
    "stratum": "Visitors who entered while one set of shares was in force; strata are tested apart and combined.",
    "calibration": "A shop's past visitors, assigned anew many times and judged each time: a win there is false.",
    "slice": "Visitors who have something in common that was so before they became eligible; exploratory, never a verdict. "
    "A category is a slice of the revenue.",
    "new, returning": "Returning is a visitor with an order in the log before its first eligibility, of its own or of the "
    "customer as whom it was known by then; everyone else is new.",
    "sensitivity line": "The outcome's lift computed in another way, to see how much it hangs on it; never the verdict.",
    "matured": "Of a visitor: its window and the allowance for late events have closed. Of an order: its returns window "
    "has closed.",
    "claimed": "What a surface's tool reports as its own; without a report, what its dashboard would count: any interaction "
    "within 7 days, each surface for itself.",
    "claimant": "An outside tool whose report is recorded: an e-mail platform, a recommendation app, an ad network.",
    "ledger": "Claims of all tools and surfaces beside the shop's credits and revenue; it changes none of them.",
    "incrementality ratio": "What a feature earned over its control, over what it is credited with (or claims): the same "
    "visitors and window.",
    "theatre": "A proxy rose, as the drift audit tests it, where the experiment has not won: green arrows, no money shown.",
    "kill rule": "For how many days with a concurrent holdout a surface may cost without showing anything.",
    "alignment": "Whether a surface is measured, tuned and tested on what its owner would celebrate.",
    "attributed": "Credited by the shop's rule; an order once. Never an effect.",
    "incremental": "Shown by a randomised experiment. The only effect.",
    "unmatched": "Of an order: it may be an assigned visitor's, but nobody can say whose. Of a refund: its order is not "
    "in the log.",
    "revenue": "Net of tax, shipping and discount, before returns. `net_revenue` is after returns and cancellations, "
    "`gmv` before discount.",
    "break-even lift": "The feature's monthly cost over the margin revenue a month that it touches.",
    "lift": "Relative change of a metric against the control: +5 % is 0.05.",
    "policy": "What decides what a surface shows. It learns from carts, orders and returns, never from clicks.",
    "on/off test": "A surface is switched on and off for everyone, by a randomised schedule of paired blocks; the whole "
    "shop's revenue on its on days is compared with that on its off days.",
    "block, pair": "Of an on/off test: consecutive days of which all are on or all off; two blocks of the same weekdays, of "
    "which a coin switches one on.",
    "decision lag": "How long buyers take from their first visit to their first order; for blocks, its 90 % quantile.",
    "carry-over": "Part of an effect that arrives after the surface has been switched, by the decision lag.",
    "gap": "Consecutive days without events of a kind on which so many would be usual, by the same weekdays near them.",
    "late": "Of an event: it came more than the allowance after it occurred, from a source that was live, when something "
    "else had arrived after it should have been there.",
    "likely bot": "A visitor that says it is one (device `bot`), or has more events on one day than `[health]` allows. "
    "Nothing is left out for it.",
    "readiness": "What a store of this size and history may run, by gates whose limits name their source.",
    "gate": "A number that a store must reach before an intervention; its limit is configuration.",
    "gate of a page": "What hides a feature in a page, whoever made it, from visitors who are held out from it, and "
    "watches it in both arms.",
    "leak": "An event of a surface, of a visitor who is held out from it.",
    "reassigned": "Of a visitor: its browser lost its id and was given another, until its cart told the first one.",
    "washout": "Days at the beginning of every block of an on/off test that do not count.",
    "folk rule": '"Off for two weeks; if revenue falls by more than 2 %, on again." Shown with its false alarms, never a '
    "verdict.",
    "proxy": "A metric that is easy to count and is not what is wanted: clicks, time, messages, carts.",
    "proxy drift": "A proxy rises while revenue does not. An alarm stands where the proxy is up, further than revenue, on a "
    "feature that lost or stays below break-even; never on one that has won. Over months it is observational.",
    "propensity": "The probability with which a visitor got its arm, or a policy showed what it showed.",
}
FIELDS = {
    "category": "the product's category.",
    "config_hash": "hash of the configuration.",
    "campaign_id": "the campaign.",
    "details": "as JSON.",
    "message_id": "the message.",
    "page": "path of the page.",
    "title": "the product's name.",
}
"""Meanings of fields that no struct's docstring explains on its own."""
TYPES = (
    Event,
    Facts,
    Outcomes,
    attribution.Rule,
    Measure,
    Metric,
    Moments,
    Estimate,
    Experiment,
    Plan,
    Result,
    OnOff,
    OnOffPlan,
    Schedule,
    Slices,
    Drift,
    verdicts.Verdict,
    verdicts.Check,
    Policy,
    Decision,
    Translated,
    Evaluation,
    Received,
    Shop,
)


def first_line(thing: object) -> str:
    """Return the first sentence of a docstring."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def glossary() -> str:
    """Return the glossary."""
    lines = ["# Glossary", "", "One term for one idea.", "", "| term | meaning |", "|---|---|"]
    lines += [f"| {term} | {meaning} |" for term, meaning in sorted(TERMS.items(), key=lambda item: item[0].lower())]
    lines += ["", "## Types", "", "| type | room | meaning |", "|---|---|---|"]
    for thing in TYPES:
        room = thing.__module__.split(".")[1]
        lines.append(f"| `{thing.__name__}` | {room} | {first_line(thing)} |")
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """Return the page of metrics."""
    lines = [
        "# Metrics",
        "",
        "Every number's one definition. *Outcomes* are what is wanted, *guardrails* what must not suffer, *proxies* what is "
        "easy to count. An experiment is decided on an outcome per visitor only; AOV and units per order are conditional on "
        "buying and never decide alone.",
        "",
        "Two rates with the same letters: `order_submit_rate` is the ranking objective (orders of a shown product over "
        "times shown), `order_success_rate` is about qualified AI interactions.",
        "",
        "| metric | role | unit | numerator | denominator | decides | definition | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for metric in METRICS.values():
        decides = "yes" if metric.decides else ""
        lines.append(
            f"| `{metric.name}` | {metric.role} | {metric.unit} | {metric.numerator} | {metric.denominator or '(total)'} "
            f"| {decides} | {metric.says} | {metric.source} |"
        )
    lines += ["", "## Measures", "", "| measure | table | what is added up |", "|---|---|---|"]
    for measure in MEASURES.values():
        lines.append(f"| `{measure.name}` | {measure.source} | {measure.says} |")
    return "\n".join(lines) + "\n"


def events() -> str:
    """Return the page of events."""
    shared = {field.name for field in msgspec.structs.fields(Event)}
    lines = ["# Events", "", first_line(sys.modules[Event.__module__]), "", "Every event has:", ""]
    lines += ["| field | type | meaning |", "|---|---|---|", "| `kind` | string, required | which event it is |"]
    said = meanings(Event)
    for field in msgspec.structs.fields(Event):
        lines.append(f"| `{field.name}` | {_typed(field)} | {said[field.name]} |")
    everywhere = {
        name: says for struct in (Event, ShownItem, OrderLine, *EVENTS[::-1]) for name, says in meanings(struct).items()
    }
    for event in EVENTS:
        lines += [
            "",
            f"## {event.__struct_config__.tag}",
            "",
            first_line(event),
            "",
            "| field | type | meaning |",
            "|---|---|---|",
        ]
        said = meanings(event)
        for field in msgspec.structs.fields(event):
            if field.name not in shared or (field.required and field.name != "occurred_at"):
                says = said.get(field.name) or everywhere.get(field.name) or FIELDS[field.name]
                lines.append(f"| `{field.name}` | {_typed(field)} | {says} |")
    for struct in (ShownItem, OrderLine, RefundLine):
        lines += ["", f"## {struct.__name__}", "", first_line(struct), "", "| field | meaning |", "|---|---|"]
        lines += [f"| `{key}` | {says} |" for key, says in meanings(struct).items()]
    lines += ["", "## What is refused, and why", "", "| reason | meaning |", "|---|---|"]
    source = inspect.getsource(Reason)
    for reason in Reason:
        found = re.search(rf'{reason.name} = .*\n\s+"""(.*?)"""', source, re.DOTALL)
        lines.append(f"| `{reason.value}` | {found.group(1) if found else ''} |")
    lines += ["", "Beyond the types of its fields, an event must keep these rules:", ""]
    lines += [f"- {rule.says} (`{rule.reason.value}`)" for rule in RULES]
    return "\n".join(lines) + "\n"


def _typed(field: msgspec.structs.FieldInfo) -> str:
    arrow = SCHEMA.field(field.name).type if field.name in SCHEMA.names else None
    plain = {"string": "string", "int32": "integer", "double": "number", "bool": "boolean"}
    text = "list" if arrow is None or str(arrow).startswith("list") else plain.get(str(arrow), "")
    text = text or ("decimal" if str(arrow).startswith("decimal") else "ISO 8601 time with zone")
    return f"{text}, required" if field.required else text


def commands() -> str:
    """Return the page of commands."""
    lines = [
        "# Commands",
        "",
        "Each command is a verb of `counterclick.Shop`. All take `--shop FILE` and `--json`.",
        "",
    ]
    lines += ["| command | what it does | options |", "|---|---|---|"]
    groups = {"counterclick": app} | {f"counterclick {name}": app[name] for name in app if _is_group(app[name])}
    for prefix, commands_of in groups.items():
        for name in commands_of:
            if name.startswith("-") or f"counterclick {name}" in groups:
                continue
            command = commands_of[name].default_command or main
            lines.append(f"| `{prefix} {name}` | {first_line(command)} | {options(command)} |")
    lines += [
        "",
        "Exit codes: 0; 1 for a finding that `check --fail-on` asked to fail on, an alarm that `drift --watch` found, a "
        "holdout that leaks, or a step that `connect --verify` misses; 2 for input that cannot be taken, data that needs "
        "attention (`record`, `reconcile`, `check`), or a question that cannot be answered; 130 where you stopped it.",
        "",
        "# Settings of shop.toml",
        "",
    ]
    for struct in msgspec.inspect.type_info(Config).fields:  # type: ignore[attr-defined]  # a struct has fields
        for part in _structs(struct.type):
            lines += [f"## {heading(part)}", "", "| setting | meaning |", "|---|---|"]
            lines += [f"| `{key}` | {says} |" for key, says in meanings(part).items()]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def options(command: Callable[..., object]) -> str:
    """Return a command's options with what they mean."""
    found = []
    for name, hint in get_type_hints(command, include_extras=True).items():
        if (
            name in ("common", "return")
            or inspect.signature(command).parameters[name].kind != inspect.Parameter.KEYWORD_ONLY
        ):
            continue
        said = next((part for part in getattr(hint, "__metadata__", ()) if getattr(part, "help", None)), None)
        flag = said.name[0] if said is not None and said.name else f"--{name.replace('_', '-')}"
        found.append(f"`{flag}`" + (f" {said.help}" if said is not None else ""))
    return " ".join(found)


def files() -> str:
    """Return every file of every room with what it is for, as it says itself."""
    lines = [
        "# What each file is for",
        "",
        "The first sentence of each, in the order in which rooms may import each other: a room knows those above it, and",
        "[ARCHITECTURE.md](../ARCHITECTURE.md) says what they are.",
    ]
    for room in ROOMS:
        folder = SOURCE / room
        lines += ["", f"## {room}", "", _purpose(folder / "__init__.py" if folder.is_dir() else SOURCE / f"{room}.py")]
        rows = [(path, _purpose(path)) for path in sorted(folder.rglob("*.py")) if path != folder / "__init__.py"]
        if rows:
            lines += ["", "| file | what it is for |", "|---|---|"]
            lines += [f"| `{_named(path.relative_to(folder))}` | {says} |" for path, says in rows]
    return "\n".join(lines) + "\n"


def facts() -> str:
    """Return the page of the facts' contract."""
    parts = [
        "# The facts",
        "What a shop is measured on, as flat tables: its log has them, and `[facts.NAME]` in `shop.toml` names tables of a "
        "[warehouse](warehouse.md) for them. Every other fact, metric and moment is worked out of these. "
        "`counterclick facts contract` prints this page, `counterclick facts check` tests it where the facts lie.",
        "Types: *text* is anything that names something, whole numbers included; *time* is a moment, with its time zone or "
        "in the mapping's; *money* has four digits behind the point, in the row's currency. What is not required may be "
        "left out of a mapping: it is null then, or what its meaning says.",
    ]
    for fact in CONTRACT.values():
        rows = [
            f"| `{field.name}` | {field.kind} | {'yes' if field.is_needed else ''} | {range_of(field)} | {field.says} |"
            for field in fact.fields
        ]
        says = [f"## {fact.name}", "", fact.says]
        if fact.key:
            says += ["", f"Grain: no two rows agree in {', '.join(f'`{name}`' for name in fact.key)}."]
        says += [f"\n`{one.field}` names a row of `{one.fact}`." for one in fact.refers]
        says += ["", "Each row names a visitor or a customer."] if fact.someone else []
        parts.append(
            "\n".join([*says, "", "| column | type | required | values | meaning |", "|---|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def _named(path: Path) -> str:
    return f"{path.parent}/" if path.name == "__init__.py" else str(path)


def _purpose(path: Path) -> str:
    """Return the first sentence of a file's docstring."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).replace("|", "\\|")


def heading(thing: object) -> str:
    """Return the TOML section that a configuration struct describes."""
    found = re.search(r"``(.+?)``", first_line(thing))
    return f"`{found.group(1)}`" if found else first_line(thing)


def _is_group(command: App) -> bool:
    """Say whether a command only holds others."""
    return command.default_command is None and any(not name.startswith("-") for name in command)


def _structs(kind: object) -> list[type]:
    if isinstance(kind, msgspec.inspect.StructType):
        return [kind.cls, *(part for field in kind.fields for part in _structs(field.type))]
    if isinstance(kind, msgspec.inspect.UnionType):
        return [part for each in kind.types for part in _structs(each)]
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _structs(kind.item_type)
    if isinstance(kind, msgspec.inspect.DictType):
        return _structs(kind.value_type)
    return []


PAGES = {
    "glossary.md": glossary,
    "metrics.md": metrics,
    "events.md": events,
    "commands.md": commands,
    "files.md": files,
    "facts.md": facts,
}


def main() -> int:
    """Write the pages, or check them."""
    check = "--check" in sys.argv
    stale = []
    for name, page in PAGES.items():
        text = MADE + page()
        path = DOCS / name
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
