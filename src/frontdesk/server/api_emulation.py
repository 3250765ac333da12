"""Show what was understood in the shape of another service, for programs that were written for it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

MODES = ("wit", "luis", "dialogflow")


def emulate(parsed: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """Return the answer of `/model/parse` as wit.ai, LUIS or Dialogflow would give it; unchanged for no mode."""
    shapes = {"wit": _wit, "luis": _luis, "dialogflow": _dialogflow}
    return shapes[mode](parsed) if mode in shapes else dict(parsed)


def _wit(parsed: Mapping[str, Any]) -> dict[str, Any]:
    entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entity in parsed["entities"]:
        name = entity["entity"]
        role = entity.get("role", name)
        start, end = entity.get("start", 0), entity.get("end", 0)
        found = {
            "confidence": entity.get("confidence_entity") or 1,
            "name": name,
            "value": entity.get("value"),
            "body": parsed["text"][start:end],
            "start": start,
            "end": end,
            "role": role,
            "entities": [],
        }
        entities[f"{name}:{role}"].append(found)
    return {"text": parsed["text"], "intents": [parsed["intent"]], "entities": entities}


def _luis(parsed: Mapping[str, Any]) -> dict[str, Any]:
    top = parsed["intent"]
    instances: dict[str, Any] = {}
    entities: dict[str, Any] = {"$instance": instances}
    for entity in parsed["entities"]:
        key = entity.get("role", entity["entity"])
        entities[key] = [entity.get("value")]
        has_span = "start" in entity and "end" in entity
        instance = {
            "role": entity.get("role"),
            "type": entity["entity"],
            "text": entity.get("value"),
            "startIndex": entity.get("start"),
            "length": entity["end"] - entity["start"] if has_span else None,
            "score": entity.get("confidence"),
            "modelType": entity.get("extractor"),
        }
        instances[key] = [instance]
    ranking = parsed.get("intent_ranking") or [top]
    prediction = {
        "normalizedQuery": parsed["text"],
        "topIntent": top["name"],
        "intents": {str(intent["name"]): {"score": intent["confidence"]} for intent in ranking},
        "entities": entities,
    }
    return {"query": parsed["text"], "prediction": prediction}


def _dialogflow(parsed: Mapping[str, Any]) -> dict[str, Any]:
    parameters: dict[str, list[Any]] = defaultdict(list)
    for entity in parsed["entities"]:
        parameters[entity["entity"]].append(entity.get("value"))
    name = parsed["intent"]["name"]
    result = {
        "queryText": parsed["text"],
        "action": name,
        "parameters": parameters,
        "fulfillmentText": "",
        "fulfillmentMessages": [],
        "outputContexts": [],
        "intent": {"name": name, "displayName": name},
        "intentDetectionConfidence": parsed["intent"]["confidence"],
    }
    return {"responseId": str(uuid.uuid1()), "queryResult": result}
