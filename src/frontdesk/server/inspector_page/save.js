// Dialogs that save: first what would change in the files, word for word; then, if told so, the change.

import { closeDialog, openDialog } from "./dialog.js";
import { field, make } from "./dom.js";
import { post } from "./server.js";

const PERSONAL = "What customers told about themselves does not belong into training files: change it first.";

/** Show the sentence, which may be changed, before anything is written. */
export function saveExample(example, onSaved) {
  const written = make("textarea");
  written.value = example.annotated;
  written.rows = 3;
  written.spellcheck = false;
  openDialog("Save as an example", [
    make("p", "", "The assistant learns from this sentence that the user wants ", make("strong", "", example.intent), "."),
    field("The sentence; what is in brackets is a detail (entity)", written),
    make("p", "soft personal", PERSONAL),
  ], [["Show what is written …", "main", () =>
    preview("Save as an example", "example", { intent: example.intent, annotated: written.value }, onSaved)]]);
}

/** Ask for the story's name and how much of the conversation it holds. */
export function saveStory(conversation, turn, onSaved) {
  const name = make("input");
  name.value = suggested(conversation, turn);
  name.maxLength = 200;
  name.autofocus = true;
  const upTo = make("input");
  upTo.type = "checkbox";
  upTo.checked = turn !== null;
  const words = make("input");
  words.type = "checkbox";
  const options = [make("label", "option", words, "Keep the user's words beside each intent (end-to-end)")];
  if (turn !== null) options.unshift(make("label", "option", upTo, "Only up to the selected turn"));
  openDialog("Save as a story", [
    make("p", "soft", "A story teaches the policies how a conversation goes: what the user wants, and what is done then. Corrections are in it."),
    field("Name of the story", name), ...options,
    make("p", "soft personal", PERSONAL),
  ], [["Show what is written …", "main", () => preview("Save as a story", "story", {
    id: conversation.id, name: name.value, words: words.checked,
    ...(turn !== null && upTo.checked && { turn }),
  }, onSaved)]]);
}

function suggested(conversation, turn) {
  const until = turn ?? Infinity;
  const intents = conversation.turns.filter((t) => t.kind === "message" && t.number <= until).map((t) => t.intent);
  return [...new Set(intents.filter(Boolean))].slice(0, 4).join(", ").replaceAll("_", " ");
}

async function preview(title, operation, body, onSaved) {
  const planned = await post(operation, body);
  if (!planned.files.length) {
    openDialog(title, [make("p", "", `This is in the files already: ${planned.place}. Nothing has to be written.`)], []);
    return;
  }
  openDialog(title, [
    make("p", "soft", "This is what changes. Nothing is written yet."),
    ...planned.files.map((file) => make("section", "file-change",
      make("h3", "", make("code", "", file.name), file.new ? make("span", "chip", "new file") : null),
      diff(file.lines))),
  ], [["Write to the file", "main", async () => {
    const done = await post(operation, { ...body, digest: planned.digest });
    closeDialog();
    onSaved(`Written to ${done.place}. The assistant learns it with the next training.`);
  }]]);
}

function diff(lines) {
  const shown = make("pre", "diff", lines.map(({ kind, number, text }) => {
    const sign = { added: "+", removed: "−", same: " " }[kind];
    return make("span", kind, make("span", "line-number", number === null ? "" : String(number)),
      make("span", "unseen", kind === "added" ? "added: " : kind === "removed" ? "removed: " : ""), `${sign} ${text}\n`);
  }));
  shown.tabIndex = 0;
  shown.setAttribute("aria-label", "What changes in the file");
  return shown;
}
