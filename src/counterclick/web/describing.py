"""What each address takes and answers, as OpenAPI: bodies, statuses, keys. Parameters are told by the handlers themselves.

Bodies are read by hand, since senders agree neither on a content type nor on packing; so their shapes stand here, and
those of our own words are made from the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import Components, OpenAPI, Parameter

from counterclick.config import Config
from counterclick.events.vocabulary import EVENTS
from counterclick.metrics import METRICS
from counterclick.web.decide import Asked, RankingAsked
from counterclick.web.figures import FIGURES
from counterclick.web.mailing import BLOCKS, BlocksAsked

__all__ = ["DESCRIBED", "Described", "describe"]

Shape = Mapping[str, Any]

_OBJECT: Shape = {"type": "object"}
_TEXT: Shape = {"type": "string"}
_ERROR: Shape = {"type": "object", "required": ["error"], "properties": {"error": _TEXT}}
_ONE_RESULT: Shape = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["accepted", "skipped", "rejected"]},
        "events": {"type": "integer", "description": "events that it became"},
        "skipped": {"type": "array", "items": _TEXT, "description": "names of what means nothing here"},
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["reason", "details"],
                "properties": {"reason": _TEXT, "details": _TEXT},
            },
        },
    },
}


def _results(of: Shape) -> Shape:
    """Return the answer to a body of several, one result for each."""
    counted = {"accepted": {"type": "integer"}, "rejected": {"type": "integer"}, "results": {"type": "array", "items": of}}
    return {"type": "object", "required": [*counted], "properties": counted}


_RESULTS: Shape = {"type": "array", "items": _ONE_RESULT}
_OBJECTS: Shape = {"type": "array", "items": _OBJECT, "maxItems": 2_500}
_EVENT_RESULT: Shape = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["accepted", "rejected"]}, "event_id": _TEXT, "reason": _TEXT, "details": _TEXT},
}
_FLAG: Shape = {
    "type": "object",
    "required": ["key", "value", "reason", "variant", "metadata"],
    "properties": {
        "key": _TEXT,
        "value": {"type": ["string", "boolean"]},
        "reason": {"enum": ["SPLIT", "TARGETING_MATCH", "DISABLED", "STATIC"]},
        "variant": _TEXT,
        "metadata": _OBJECT,
    },
}
_FLAG_ERROR: Shape = {
    "type": "object",
    "properties": {"key": _TEXT, "errorCode": _TEXT, "errorDetails": _TEXT, "error": _TEXT},
}
_CONTEXT: Shape = {
    "type": "object",
    "required": ["context"],
    "properties": {
        "context": {
            "type": "object",
            "required": ["targetingKey"],
            "properties": {"targetingKey": {"type": "string", "minLength": 1, "maxLength": 200}},
        }
    },
}
_MESSAGE: Shape = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("messageId", "anonymousId", "userId", "event", "timestamp", "writeKey"), _TEXT),
        **dict.fromkeys(("properties", "traits", "context"), _OBJECT),
    },
}
_HITS: Shape = {
    "type": "object",
    "required": ["client_id", "events"],
    "properties": {
        "client_id": _TEXT,
        "user_id": _TEXT,
        "timestamp_micros": {"type": "integer"},
        "events": {
            "type": "array",
            "maxItems": 25,
            "items": {"type": "object", "required": ["name"], "properties": {"name": _TEXT, "params": _OBJECT}},
        },
    },
}
_KLAVIYO: Shape = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "object",
            "required": ["type", "attributes"],
            "properties": {"type": {"const": "event"}, "attributes": _OBJECT},
        }
    },
}
_ANY_PAYLOAD: Shape = {"anyOf": [_OBJECT, _OBJECTS]}
_WRITE = ("bearer", "basic", "apiKey")
_SAYS = {
    200: "taken; the answer says what became of each part",
    202: "taken; the answer says what became of it",
    304: "nothing has changed",
    400: "the body or a parameter is not what it should be",
    401: "no key that allows it, or a signature that does not fit",
    403: "of another store, or a page of another host, than is declared",
    404: "there is no such name",
    408: "the body was not here in time",
    409: "what is recorded does not answer the question, or the decision id has another answer",
    413: "too large",
    415: "packed otherwise than with gzip",
    429: "too many requests; Retry-After says when to come again",
    503: "nothing was kept, or too many questions wait; Retry-After says when to come again",
}
_BODY = (400, 401, 408, 413, 415, 429, 503)
_QUESTION = (400, 401, 404, 409, 429, 503)


@dataclass(frozen=True, slots=True)
class Described:
    """What an address takes and answers.

    Attributes:
        answer: shape of the answer, where it is JSON.
        body: shape of the body; None where there is none.
        refused: statuses of refusals.
        keys: in which of the ways a key may be carried; none where none is needed.
        status: of the answer.
        error: shape of a refusal, where it is not the usual one.
        media: of the answer.
        parameters: of the query that the handler reads by itself.
    """

    answer: Shape
    body: Shape | None = None
    refused: Sequence[int] = ()
    keys: Sequence[str] = ()
    status: int = 200
    error: Shape | None = None
    media: str = "application/json"
    parameters: Sequence[Shape] = ()


def _written(path: str) -> str:
    """Return a handler's path as OpenAPI writes it."""
    return path.replace(":str}", "}")


def _query(name: str, says: str) -> Shape:
    return {"name": name, "in": "query", "required": False, "description": says, "schema": {**_TEXT}}


def _taking(answer: Shape, body: Shape, *also: int, keys: Sequence[str] = _WRITE, **rest: Any) -> Described:
    """Return what an address takes that reads a body; ``also`` are statuses that not all of these have."""
    return Described(answer, body, (*_BODY, *also), keys, **rest)


_SEGMENT = ("track", "t", "identify", "i", "page", "p", "screen", "s", "group", "g", "alias", "a")
_SEGMENT_RESULT: Shape = {**_ONE_RESULT, "required": ["status", "success"]}

DESCRIBED: Mapping[str, Described] = {
    "/v1/events": _taking(_results(_EVENT_RESULT), {"$ref": "#/components/schemas/Events"}),
    **{f"/v1/{name}": _taking(_SEGMENT_RESULT, _MESSAGE) for name in _SEGMENT},
    "/v1/batch": _taking(
        _results(_ONE_RESULT),
        {"type": "object", "required": ["batch"], "properties": {"batch": {"type": "array", "items": _MESSAGE}}},
    ),
    "/mp/collect": _taking(
        _ONE_RESULT,
        _HITS,
        keys=("apiSecret", *_WRITE),
        parameters=(_query("measurement_id", "as Google's clients send it; not read"),),
    ),
    "/api/events": _taking(_ONE_RESULT, _KLAVIYO, keys=("klaviyoKey", *_WRITE), status=202),
    "/v1/chat/{name}": _taking(_results(_ONE_RESULT), _ANY_PAYLOAD, 404),
    "/v1/alhena": _taking(
        _results(_ONE_RESULT),
        _ANY_PAYLOAD,
        parameters=(_query("experiment", "the shop's experiment whose groups are test and control; alhena unless given"),),
    ),
    "/webhooks/loop": _taking(_ONE_RESULT, _OBJECT, 404, keys=("loopSignature",)),
    "/webhooks/shopify": _taking(_OBJECT, _OBJECT, 403, 404, keys=("shopifySignature",)),
    "/v1/visitor": _taking(
        {
            "type": "object",
            "properties": {
                "visitor": _TEXT,
                "seconds": {"type": "integer", "description": "for which the cookie holds"},
                "surfaces": {"type": "object", "additionalProperties": {"type": "boolean"}},
                "experiments": {"type": "object", "additionalProperties": _TEXT},
            },
        },
        {"type": "object", "properties": {"key": _TEXT, "visitor": _TEXT, "cart": _TEXT, "consent": {"type": "boolean"}}},
        403,
    ),
    "/v1/collect": _taking(
        {
            "type": "object",
            "required": ["arms", "stale", "results"],
            "properties": {"arms": _OBJECT, "stale": {"type": "array", "items": _TEXT}, "results": _RESULTS},
        },
        {
            "type": "object",
            "required": ["visitor"],
            "properties": {
                **dict.fromkeys(("key", "visitor", "sent_at"), _TEXT),
                "eligible": {"type": "object", "description": "flags that the page went by, each with its value"},
                "events": _OBJECTS,
                "consent": {"type": "boolean"},
            },
        },
        403,
    ),
    "/v1/offers": _taking(
        {
            "type": "object",
            "required": ["surface", "offers", "variant", "served_here", "decision_id", "mark", "arms"],
            "properties": {
                **dict.fromkeys(("surface", "decision_id"), _TEXT),
                "variant": {"type": ["string", "null"]},
                "offers": {"type": "array", "items": _TEXT},
                "served_here": {"type": "boolean"},
                "mark": {"type": "object", "additionalProperties": _TEXT},
                "arms": {"type": "object", "additionalProperties": _TEXT},
            },
        },
        {
            "type": "object",
            "required": ["visitor", "surface"],
            "properties": {
                **dict.fromkeys(("key", "visitor", "surface", "decision_id", "payment"), _TEXT),
                "cart": {"type": "array", "items": {"anyOf": [_TEXT, _OBJECT]}},
                "most": {"type": "integer", "minimum": 1, "maximum": 100},
                "consent": {"type": "boolean"},
            },
        },
        403,
        404,
        409,
    ),
    "/v1/pixel": _taking(
        {"type": "object", "required": ["results"], "properties": {"results": _RESULTS}},
        {"type": "object", "required": ["events"], "properties": {"key": _TEXT, "sent_at": _TEXT, "events": _OBJECTS}},
        404,
    ),
    **{f"/{name}.js": Described(_TEXT, refused=(304,), media="text/javascript") for name in ("cc", "pixel")},
    "/ofrep/v1/evaluate/flags/{key}": _taking(_FLAG, _CONTEXT, 404, error=_FLAG_ERROR),
    "/ofrep/v1/evaluate/flags": _taking(
        {
            "type": "object",
            "required": ["flags", "metadata"],
            "properties": {"flags": {"type": "array", "items": _OBJECT}, "metadata": _OBJECT},
        },
        _CONTEXT,
        304,
        error=_FLAG_ERROR,
    ),
    "/ofrep/v1/stream": Described(_TEXT, None, (401, 429), _WRITE, media="text/event-stream"),
    "/v1/decide/{surface}": _taking(
        {"$ref": "#/components/schemas/Decision"}, {"$ref": "#/components/schemas/Asked"}, 404, 409
    ),
    "/v1/decide/ranking": _taking(
        {"$ref": "#/components/schemas/Decision"}, {"$ref": "#/components/schemas/RankingAsked"}, 404, 409
    ),
    "/v1/blocks/{experiment}": _taking(BLOCKS, {"$ref": "#/components/schemas/BlocksAsked"}, 404, 409),
    **{_written(path): Described(_OBJECT, None, _QUESTION, _WRITE) for handler in FIGURES for path in handler.paths},
    "/healthz": Described(_OBJECT),
    "/readyz": Described(_OBJECT, refused=(503,)),
    "/metrics": Described(_TEXT, media="text/plain"),
}
"""Address -> what it takes and answers."""

_SCHEMES: Mapping[str, Shape] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "the key is the user's name, without a password"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "apiSecret": {"type": "apiKey", "in": "query", "name": "api_secret"},
    "klaviyoKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Klaviyo-API-Key KEY`, with a key of ours",
    },
    "loopSignature": {"type": "apiKey", "in": "header", "name": "X-Loop-Signature"},
    "shopifySignature": {"type": "apiKey", "in": "header", "name": "X-Shopify-Hmac-Sha256"},
}
_DECISION: Shape = {
    "type": "object",
    "required": ["decision_id", "surface", "offers", "because", "policy", "propensity", "scores", "served_here"],
    "properties": {
        "decision_id": _TEXT,
        "surface": _TEXT,
        "offers": {"type": "array", "items": _TEXT},
        "because": _TEXT,
        "policy": _TEXT,
        "experiment": {"type": ["string", "null"]},
        "variant": {"type": ["string", "null"]},
        "propensity": {"type": "number"},
        "scores": {"type": "array", "items": {"type": "number"}},
        "served_here": {"type": "boolean"},
        "risk": {"type": ["object", "null"]},
        "propensities": {"type": "array", "items": {"type": "number"}},
        "in_time": {"type": "boolean"},
        "n_drawn": {"type": "integer"},
        "mark": {"type": "object", "additionalProperties": _TEXT},
    },
}


def describe(api: OpenAPI, config: Config) -> None:
    """Write into an application's OpenAPI document what its handlers do not tell.

    Args:
        api: the document, with its paths and parameters.
        config: of the shop, for names that its addresses know.
    """
    surfaces = [*config.surfaces, *(each.surface for each in config.experiments.values())]
    mailed = [name for name, each in config.experiments.items() if each.unit == "customer"]
    names = {
        "/v1/blocks/": mailed,
        "/v1/chat/": [*config.chats],
        "/v1/decide/": surfaces,
        "/v1/experiments/": [*config.experiments],
        "/v1/metrics/": [*METRICS],
        "/v1/onoff/": [*config.onoff, *surfaces],
        "/ofrep/v1/evaluate/flags/": [*config.experiments, *surfaces],
    }
    types = (*EVENTS, Asked, RankingAsked, BlocksAsked)
    _refs, shapes = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    events = {"type": "array", "items": {"$ref": "#/components/schemas/Event"}, "maxItems": 2_500}
    shapes |= {
        "Event": {"anyOf": [{"$ref": f"#/components/schemas/{one.__name__}"} for one in EVENTS]},
        "Events": {"anyOf": [{"$ref": "#/components/schemas/Event"}, events]},
        "Decision": _DECISION,
    }
    told: Any = Components()
    told.schemas, told.security_schemes = shapes, dict(_SCHEMES)
    api.components = told
    for path, item in (api.paths or {}).items():
        known = DESCRIBED.get(path)
        for operation in (item.get, item.post):
            if operation is not None and known is not None:
                _tell(operation, known)
                example = next((found[0] for begins, found in names.items() if path.startswith(begins) and found), None)
                for parameter in operation.parameters or ():
                    if example is not None and isinstance(parameter, Parameter) and parameter.param_in == "path":
                        parameter.example = example


def _tell(operation: Any, known: Described) -> None:
    """Write into one operation what is known of its address."""
    operation.responses = {
        str(known.status): {
            "description": _SAYS[known.status] if known.body else "the answer",
            "content": {known.media: {"schema": known.answer}},
        },
        **{
            str(status): {"description": _SAYS[status]}
            | ({"content": {"application/json": {"schema": known.error or _ERROR}}} if status >= _REFUSED else {})
            for status in known.refused
        },
    }
    if known.body is not None:
        operation.request_body = {"required": True, "content": {"application/json": {"schema": known.body}}}
    operation.security = [{name: []} for name in known.keys]
    operation.parameters = [*(operation.parameters or ()), *known.parameters] or None


_REFUSED = 400
