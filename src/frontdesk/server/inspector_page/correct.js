// Dialogs that correct: what was understood of a message, and which action was chosen.

import { closeDialog, openDialog } from "./dialog.js";
import { button, choice, code, field, make, percent, value } from "./dom.js";
import { redraw } from "./redraw.js";
import { post } from "./server.js";
import { isPayload } from "./understood.js";

const WORD = /[\p{L}\p{N}]+(?:[-'’.@_+/&][\p{L}\p{N}]+)*/gu;
const OFFERED = 5;

/** Ask for the right intent and entities; `onApply` goes on from them, `onSave` keeps them as an example. */
export function correctMessage(turn, about, own, { onApply, onSave }) {
  const { then } = turn.understanding;
  const intent = intentField(then, about);
  const entities = entityEditor(turn.text, then.entities, about);
  const chosen = () => {
    const name = intent.name();
    if (!name) throw new Error("Choose what the user wants, or write a new name.");
    return { intent: name, annotated: entities.annotated(), entities: entities.changed() };
  };
  openDialog("What should it have understood?", [
    make("blockquote", "", turn.text), intent.element, isPayload(turn) ? null : entities.element,
    own ? null : make("p", "soft", "This is a stored conversation: going on makes a copy, and the original stays as it is."),
    make("p", "soft", "Going on runs the assistant's actions for real."),
  ], [
    [own ? "Go on from here" : "Go on in a copy", "main", async () => { await onApply(chosen()); closeDialog(); }],
    ...(isPayload(turn) ? [] : [["Save as example …", "quiet", async () => onSave(chosen())]]),
  ]);
}

function intentField(then, about) {
  const offered = then.ranking.slice(0, OFFERED);
  const { input, list } = choice(about.intents, offered.some((row) => row.name === then.intent) ? "" : then.intent ?? "");
  input.placeholder = "another one, or a new name";
  const radios = offered.map((row) => {
    const radio = make("input");
    radio.type = "radio";
    radio.name = "intent";
    radio.value = row.name;
    radio.checked = row.name === then.intent && !input.value;
    radio.addEventListener("change", () => { input.value = ""; });
    return make("label", "option", radio, make("span", "name", row.name), make("span", "soft", percent(row.confidence)));
  });
  const fresh = make("p", "soft");
  input.addEventListener("input", () => {
    for (const label of radios) label.querySelector("input").checked = false;
    const name = input.value.trim();
    fresh.textContent = name && !about.intents.includes(name) && !name.includes("/")
      ? `“${name}” is new. Save an example of it first; after the next training the assistant knows it.` : "";
  });
  const element = make("fieldset", "", make("legend", "", "What the user wants (intent)"), radios,
    field("Another intent", input), list, fresh);
  const name = () => input.value.trim() || radios.map((label) => label.querySelector("input")).find((r) => r.checked)?.value;
  return { element, name };
}

/** Words to pick from, a name for what they are, and the sentence as it stands in a training file. */
function entityEditor(text, found, about) {
  const characters = Array.from(text);
  let entities = withoutOverlaps(found);
  let picked = null;
  let touched = false;
  const list = make("ul", "plain-list picked");
  const words = make("div", "words");
  words.setAttribute("role", "group");
  words.setAttribute("aria-label", "Words of the message");
  const kind = choice(about.entities.map((entity) => entity.name));
  const role = choice([]);
  const group = choice([]);
  const meaning = make("input");
  meaning.placeholder = "as written";
  const add = button("Add", "main small", () => {
    if (!picked || !kind.input.value.trim()) return;
    entities = withoutOverlaps([{
      entity: kind.input.value.trim(), start: picked[0], end: picked[1],
      value: meaning.value.trim() || characters.slice(...picked).join(""),
      ...(role.input.value.trim() && { role: role.input.value.trim() }),
      ...(group.input.value.trim() && { group: group.input.value.trim() }),
    }, ...entities]);
    touched = true;
    picked = null;
    for (const one of [kind.input, role.input, group.input, meaning]) one.value = "";
    refresh();
  });
  kind.input.addEventListener("input", () => {
    const known = about.entities.find((entity) => entity.name === kind.input.value.trim());
    role.list.replaceChildren(...(known?.roles ?? []).map((name) => new Option(name, name)));
    group.list.replaceChildren(...(known?.groups ?? []).map((name) => new Option(name, name)));
  });
  const form = make("div", "entity-form", field("What it is", kind.input), field("Meaning", meaning),
    field("Role", role.input), field("Group", group.input), kind.list, role.list, group.list, add);
  const written = make("textarea");
  written.rows = 2;
  written.spellcheck = false;
  const trouble = make("p", "note");
  written.addEventListener("change", async () => {
    try {
      const read = await post("annotation", { annotated: written.value });
      if (read.text !== text) throw new Error(`The words must stay as they are: ${text}`);
      entities = read.entities;
      touched = true;
      trouble.textContent = "";
      refresh();
    } catch (error) {
      trouble.textContent = error.message;
    }
  });

  function pick(start, end) {
    if (!picked) picked = [start, end];
    else if (picked[0] === start && picked[1] === end) picked = null;
    else picked = [Math.min(picked[0], start), Math.max(picked[1], end)];
    drawWords();
  }

  function drawWords() {
    redraw(words, spans(text).map(([start, end]) => {
      const inside = picked && start >= picked[0] && end <= picked[1];
      const taken = entities.some((entity) => start < entity.end && end > entity.start);
      const word = button(characters.slice(start, end).join(""), `word${inside ? " on" : ""}${taken ? " taken" : ""}`, () => pick(start, end));
      word.dataset.key = start;
      word.setAttribute("aria-pressed", String(Boolean(inside)));
      return word;
    }));
    form.hidden = !picked;
  }

  async function refresh() {
    list.replaceChildren(...entities.map((entity) => make("li", "",
      make("span", "", make("strong", "", entity.entity), " = ", value(entity.value),
        entity.role ? make("span", "chip plain", `role ${entity.role}`) : null,
        entity.group ? make("span", "chip plain", `group ${entity.group}`) : null),
      button("Remove", "quiet small", () => {
        entities = entities.filter((other) => other !== entity);
        touched = true;
        refresh();
      }))));
    drawWords();
    written.value = (await post("annotation", { text, entities })).annotated;
  }

  refresh();
  const element = make("fieldset", "", make("legend", "", "Details in the message (entities)"),
    list, make("p", "soft", "Choose a word; choose another one to take all between them, too."), words, form,
    field("Or edit the sentence as it stands in a training file", written), trouble);
  // Left alone, they stay as they were found, also those that overlap and cannot be shown here.
  return { element, changed: () => (touched ? entities : null), annotated: () => written.value };
}

function withoutOverlaps(found) {
  const kept = [];
  for (const entity of found) {
    if (!Number.isInteger(entity.start) || !Number.isInteger(entity.end)) continue;
    if (kept.some((other) => entity.start < other.end && entity.end > other.start)) continue;
    const { entity: kind, start, end, role, group } = entity;
    kept.push({ entity: kind, start, end, value: entity.value, ...(role && { role }), ...(group && { group }) });
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** Where the words are, counted in characters as the server does. */
function spans(text) {
  return Array.from(text.matchAll(WORD), (match) => {
    const start = Array.from(text.slice(0, match.index)).length;
    return [start, start + Array.from(match[0]).length];
  });
}

const KINDS = {
  wait: "Wait for the user", say: "Say a response", do: "Run an action", form: "Begin or go on with a form", own: "The engine's own",
};

/** Ask for another action at one decision. */
export function correctAction(step, about, own, onApply) {
  const select = make("select");
  select.autofocus = true;
  const proposed = [...new Set(step.proposals.map((row) => row.action).filter((name) => name && name !== step.action))];
  if (proposed.length) select.append(group("Proposed by another policy", proposed, about));
  for (const { kind, names } of about.actions) {
    const others = names.filter((name) => name !== step.action);
    if (others.length) select.append(group(KINDS[kind], others, about));
  }
  openDialog("What should it have done?", [
    make("p", "", "Instead of ", code(step.action), ":"),
    field("Action", select),
    own ? null : make("p", "soft", "This is a stored conversation: going on makes a copy, and the original stays as it is."),
    make("p", "soft", "The action runs for real, and the assistant goes on from there."),
  ], [[own ? "Do this instead" : "Do this in a copy", "main", async () => { await onApply(select.value); closeDialog(); }]]);
}

function group(label, names, about) {
  const made = make("optgroup", "", names.map((name) => {
    const text = about.texts[name];
    return new Option(text ? `${name}: ${text}` : name, name);
  }));
  made.label = label;
  return made;
}
