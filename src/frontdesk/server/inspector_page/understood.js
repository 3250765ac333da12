// The panel that tells what was understood of a message, and which component found what.

import { bar, button, code, fold, make, percent, value } from "./dom.js";

const SHOWN = 5;
const LEAST = 0.005; // what would be shown as 0 % says nothing

export function understood(turn, { onCorrect, onExample }) {
  const { then, now, annotated } = turn.understanding;
  const tools = make("div", "tools",
    button("Correct this", "main small", onCorrect),
    isPayload(turn) ? null : button("Save as example", "quiet small", onExample));
  return make("section", "panel",
    make("header", "", make("h3", "", "What was understood"), tools),
    make("p", "sentence", marked(turn.text, then.entities)),
    now ? otherwise(then, now) : null,
    make("h4", "", "What the user wants ", make("span", "soft", "(intent)")),
    ranking(then),
    then.retrieved ? make("p", "", "Answer chosen: ", code(then.retrieved)) : null,
    make("h4", "", "Details in the message ", make("span", "soft", "(entities)")),
    entities(then.entities),
    then.sentiment?.name ? mood(then.sentiment) : null,
    fold("How the components got there", "steps", false, components(turn.understanding.components)),
    annotated !== turn.text ? fold("As it would stand in a training file", "", false, make("pre", "", annotated)) : null);
}

export function isPayload(turn) {
  return turn.text?.startsWith("/");
}

/** The message with its entities marked. */
function marked(text, entities) {
  const parts = [];
  let from = 0;
  const placed = entities.filter((e) => Number.isInteger(e.start) && Number.isInteger(e.end));
  const characters = Array.from(text); // offsets count characters, not UTF-16 units
  for (const entity of placed.sort((a, b) => a.start - b.start)) {
    if (entity.start < from) continue;
    parts.push(characters.slice(from, entity.start).join(""));
    const mark = make("mark", "", characters.slice(entity.start, entity.end).join(""), make("span", "label", entity.entity));
    parts.push(mark);
    from = entity.end;
  }
  return [...parts, characters.slice(from).join("")];
}

function otherwise(then, now) {
  const told = now.intent === then.intent
    ? `The model in use finds ${now.entities.length ? "other" : "no"} details in it`
    : `The model in use takes it for ${now.intent ?? "nothing it knows"} (${percent(now.confidence)})`;
  const found = now.entities.map((e) => `${e.entity} ${value(e.value)}`).join(", ");
  return make("p", "note", `${told}${found ? ` (${found})` : ""}. Below is what the conversation went by.`);
}

function ranking(then) {
  const rows = then.ranking.length ? then.ranking : then.intent ? [{ name: then.intent, confidence: then.confidence }] : [];
  if (!rows.length) return make("p", "soft", "Nothing that it knows.");
  const told = rows.filter((row, number) => number < 2 || row.confidence >= LEAST).slice(0, SHOWN);
  return make("ol", "ranking", told.map((row) =>
    make("li", row.name === then.intent ? "first" : "", make("span", "name", row.name), bar(row.confidence))));
}

function entities(found) {
  if (!found.length) return make("p", "soft", "None.");
  return make("ul", "plain-list", found.map((entity) => make("li", "",
    make("strong", "", entity.entity), " = ", value(entity.value),
    entity.role ? make("span", "chip plain", `role ${entity.role}`) : null,
    entity.group ? make("span", "chip plain", `group ${entity.group}`) : null,
    make("span", "soft", ` ${origin(entity)}`))));
}

function origin(entity) {
  const sure = entity.confidence_entity === undefined ? "" : `, ${percent(entity.confidence_entity)}`;
  const by = entity.extractor ? `found by ${entity.extractor}${sure}` : "given by hand or by a button";
  return entity.processors?.length ? `${by}, then ${entity.processors.join(", ")}` : by;
}

function mood(sentiment) {
  return make("div", "", make("h4", "", "Mood ", make("span", "soft", "(sentiment)")),
    make("p", "", make("strong", "", sentiment.name), make("span", "soft", ` ${percent(sentiment.confidence)}`)));
}

function components(found) {
  return make("ol", "components", found.map((component) => {
    const told = component.changes.map(change).filter(Boolean);
    return make("li", told.length ? "" : "idle",
      make("div", "", make("strong", "", named(component.name)), make("span", "soft", ` ${component.milliseconds} ms`)),
      component.options.length ? make("p", "soft options", component.options.join(" · ")) : null,
      told.length ? told.map((text) => make("p", "", text)) : make("p", "soft", "changed nothing"));
  }));
}

function named(component) {
  return component === "payload" ? "Read as a command (it begins with /)" : component;
}

const TOLD = {
  words: ({ words }) => `split it into ${words.length} ${words.length === 1 ? "word" : "words"}: ${words.join(" · ")}`,
  features: ({ set, of }) => `described it in numbers: ${set} of ${of} features`,
  intent: ({ before, after }) => before?.name
    ? `changed the intent from ${before.name} (${percent(before.confidence)}) to ${after.name} (${percent(after.confidence)})`
    : `took it for ${after?.name ?? "nothing"} (${percent(after?.confidence)})`,
  ranking: ({ ranking: rows, of }) => `compared ${of} ${of === 1 ? "intent" : "intents"}; best: ${rows.slice(0, 3).map((row) => `${row.name} ${percent(row.confidence)}`).join(", ")}`,
  entity: ({ entity }) => `found ${entity.entity} = ${value(entity.value)}`,
  value: ({ entity, before }) => `changed the value of ${entity.entity} from ${value(before)} to ${value(entity.value)}`,
  gone: ({ entity }) => `took away ${entity.entity} = ${value(entity.value)}`,
  sentiment: ({ after }) => `heard the mood: ${after.name} (${percent(after.confidence)})`,
  more: ({ names }) => `added ${names.join(", ")}`,
};

function change(found) {
  return TOLD[found.kind]?.(found);
}
