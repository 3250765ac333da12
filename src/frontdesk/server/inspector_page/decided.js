// The panels that tell what the assistant decided and why, what it remembers, and what was logged.

import { bar, button, code, fold, make, value } from "./dom.js";
import { said } from "./talk.js";

const KINDS = {
  wait: "Waits for the user", session: "Begins a session", say: "Says", form: "Asks, by the form", do: "Does",
};

export function decided(turn, { onAction }) {
  const steps = turn.steps.map((step, number) => card(step, number, onAction));
  return make("section", "panel",
    make("header", "", make("h3", "", "What it decided")),
    make("p", "soft", "After every message the assistant chooses one action after the other, until it waits for the user."),
    turn.filled.length ? make("div", "filled", make("h4", "", "First it took in"), slotChanges(turn.filled)) : null,
    make("ol", "decisions", steps));
}

function card(step, number, onAction) {
  const title = make("div", "decision-title",
    make("span", "number", String(number + 1)),
    make("div", "grow",
      make("span", "soft", step.refused ? "Tried, but it refused to run" : KINDS[step.kind]), " ",
      make("strong", "", code(step.action))),
    step.corrected ? make("span", "chip fixed", "your choice") : null,
    onAction ? button("Another action", "quiet small", () => onAction(step)) : null);
  const loop = step.loop.before === step.loop.after ? null
    : step.loop.after ? `The form ${step.loop.after} is under way now.` : `The form ${step.loop.before} is done.`;
  return make("li", "decision",
    title,
    matched(step),
    make("p", "why", step.corrected ? "You chose this action." : step.why),
    step.agrees ? null : make("p", "note", `The model in use would choose ${step.today} here.`),
    step.said.map((bubble) => said(bubble, null)),
    step.slots.length ? slotChanges(step.slots) : null,
    loop ? make("p", "loop", loop) : null,
    step.proposals.length ? fold("What every policy proposed", "", false, proposals(step.proposals)) : null,
    fold(`What was logged (${step.events.length})`, "", false, events(step.events)));
}

/** The rule or story that led to what was done, as it stands in its file. */
function matched(step) {
  const winner = step.proposals.find((proposal) => proposal.chosen && proposal.passages?.length);
  if (!winner || step.corrected) return null;
  return make("div", "matched", winner.passages.map((passage) => passageOf(winner.basis, passage)));
}

function passageOf(kind, passage) {
  const where = passage.file ? `${passage.file}:${passage.line}` : "not in the files (any more)";
  const title = [make("span", "soft", kind === "rule" ? "Rule " : "Story "), make("strong", "", passage.name), make("span", "file", where)];
  if (!passage.text) return make("p", "", title);
  const details = make("details", "passage", make("summary", "", title), make("pre", "", passage.text));
  return details;
}

const BASIS = {
  form: ({ names }) => `the form ${names[0]} goes on`,
  intent: ({ names }) => `the intent ${names[0]} always leads to it`,
  learnt: () => "learnt from the stories",
  fallback: ({ reason }) => reason || "nothing applies",
};

function proposals(found) {
  const rows = found.map((row) => {
    if (!row.action) return make("li", "nothing", make("span", "name", row.policy), make("span", "soft", "had nothing to say"));
    const because = row.passages?.length
      ? row.passages.map((passage) => passageOf(row.basis, passage))
      : make("p", "soft", BASIS[row.basis]?.(row) ?? row.reason);
    return make("li", row.chosen ? "won" : "",
      make("div", "proposal",
        make("span", "name", row.policy), code(row.action), bar(row.refused ? 0 : row.confidence),
        row.chosen ? make("span", "chip", "chosen") : null),
      row.refused ? make("p", "soft", "It has just refused to run, so this counts for nothing.") : null,
      because);
  });
  return make("ul", "proposals", rows);
}

function slotChanges(rows) {
  return make("ul", "changes", rows.map((row) => make("li", "",
    make("strong", "", row.name), ": ", became(row))));
}

/** What a slot held before (if anything), and what it holds now. */
function became({ before, after }) {
  const now = after === null ? make("em", "", "emptied") : value(after);
  return before === null ? [now] : [make("s", "soft", value(before)), " → ", now];
}

export function remembered(turn) {
  const full = turn.slots.filter((slot) => slot.changed || slot.after !== null);
  const empty = turn.slots.filter((slot) => !slot.changed && slot.after === null);
  full.sort((a, b) => Number(b.changed) - Number(a.changed) || a.name.localeCompare(b.name));
  return make("section", "panel",
    make("header", "", make("h3", "", "What it remembers")),
    make("p", "soft", "The slots after this turn; what changed comes first, with what it held before."),
    full.length ? make("table", "slots",
      make("tbody", "", full.map((slot) => make("tr", slot.changed ? "changed" : "",
        make("th", "", slot.name), make("td", "", slot.changed ? became(slot) : value(slot.after)))))) : make("p", "soft", "Nothing yet."),
    turn.loop.after ? make("p", "loop", "Form under way: ", make("strong", "", turn.loop.after)) : null,
    empty.length ? fold(`${empty.length} empty ${empty.length === 1 ? "slot" : "slots"}`, "", false,
      make("p", "soft names", empty.map((slot) => slot.name).join(", "))) : null);
}

export function logged(turn) {
  return make("section", "panel",
    make("header", "", make("h3", "", "What was logged")),
    fold(`${turn.events.length} events, as they are stored`, "", false, events(turn.events)));
}

function events(found) {
  return make("ul", "events", found.map((event) =>
    make("li", "", fold(brief(event), "", false, make("pre", "", JSON.stringify(event, null, 2))))));
}

function brief(event) {
  const told = {
    user: event.text, bot: event.text, action: event.name ?? event.action_text,
    slot: `${event.name} = ${value(event.value)}`, active_loop: event.name ?? "none",
    followup: event.name, action_execution_rejected: event.name,
  }[event.event];
  const text = told ? `${event.event}: ${told}` : event.event;
  return text.length > 90 ? `${text.slice(0, 89)}…` : text;
}
