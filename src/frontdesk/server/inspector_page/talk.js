// The left side: the list of conversations, and the one that is open, turn by turn.

import { button, find, make, percent, time } from "./dom.js";
import { redraw } from "./redraw.js";

const SHORT = 34;

function named(row) {
  return row.own ? "Tried here" : row.channel ? `Channel ${row.channel}` : "Conversation";
}

export function showList(rows, current, onOpen) {
  const lines = rows.map((row) => {
    const open = button("", "row", () => onOpen(row.id));
    open.append(
      make("span", "row-text", row.text || "(nothing said yet)"),
      make("span", "row-about", `${named(row)} · ${time(row.time)}`),
      make("span", "row-id", row.id.length > SHORT ? `${row.id.slice(0, SHORT)}…` : row.id),
    );
    if (row.id === current) open.setAttribute("aria-current", "true");
    const line = make("li", "", open);
    open.dataset.key = line.dataset.key = row.id;
    return line;
  });
  if (!lines.length) lines.push(make("li", "soft empty", "No conversation yet. Begin one, or talk on the chat page."));
  redraw(find("conversations"), lines);
}

export function showTalk(found, selected, { onTurn, onEarlier, onButton }) {
  find("talk-name").textContent = found.own ? "Tried here" : "Stored conversation";
  find("talk-about").textContent = `${found.id}${found.channel && !found.own ? ` · channel ${found.channel}` : ""}`;
  find("talk-about").title = found.id;
  find("composer").hidden = !found.own;
  find("read-only").hidden = found.own;
  find("save-whole").hidden = !found.turns.length;
  const last = found.turns.at(-1);
  const lines = found.turns.map((turn) => line(turn, turn.number === selected, turn === last && found.own, { onTurn, onButton }));
  if (found.earlier) {
    lines.unshift(make("li", "divider", button(`Show ${found.earlier} earlier turns`, "quiet small", onEarlier)));
  }
  if (!lines.length) lines.push(make("li", "soft empty", "Say something, and see here what the assistant makes of it."));
  redraw(find("turns"), lines);
}

function line(turn, selected, live, { onTurn, onButton }) {
  const item = make("li", `entry ${turn.kind}`);
  if (selected) item.classList.add("selected");
  const open = button("", "open", () => onTurn(turn.number));
  open.setAttribute("aria-pressed", String(selected));
  open.dataset.turn = open.dataset.key = item.dataset.key = turn.number;
  if (turn.kind === "message") {
    open.append(
      make("span", "unseen", "User: "),
      make("span", "bubble user", turn.title ?? turn.text),
      make("span", "chips", chips(turn)),
    );
  } else {
    open.append(make("span", "pill", turn.kind === "session" ? "A session begins" : "The assistant acts by itself"));
  }
  item.append(open, ...turn.said.map((bubble) => said(bubble, live ? onButton : null)));
  for (const note of turn.notes) item.append(make("p", "note", note));
  if (turn.open) item.append(make("p", "note", "This turn is not finished."));
  return item;
}

function chips(turn) {
  const found = [make("span", turn.intent === "nlu_fallback" ? "chip low" : "chip", turn.intent ?? "nothing understood")];
  if (turn.intent) found.push(make("span", "chip plain", percent(turn.confidence)));
  found.push(...turn.entities.slice(0, 4).map((entity) => make("span", "chip entity", `${entity.entity}: ${entity.value}`)));
  if (turn.corrected) found.push(make("span", "chip fixed", "corrected"));
  return found;
}

/** What the assistant said; its buttons work in the last turn of a conversation that is tried here. */
export function said(bubble, onButton) {
  const shown = make("div", "bubble bot");
  if (bubble.text) shown.append(bubble.text);
  if (bubble.image) shown.append(make("em", "", `Picture: ${bubble.image}`));
  if (bubble.attachment) shown.append(make("em", "", `Attachment: ${textOf(bubble.attachment)}`));
  if (bubble.custom) shown.append(make("em", "", `Custom: ${textOf(bubble.custom)}`));
  const group = make("div", "said", make("span", "unseen", "Assistant: "), shown);
  if (bubble.buttons?.length) {
    group.append(
      make("div", "choices", bubble.buttons.map(({ title, payload }) =>
        onButton ? button(title, "quiet small", () => onButton(payload ?? title)) : make("span", "chip plain", title))),
    );
  }
  return group;
}

function textOf(found) {
  return typeof found === "string" ? found : JSON.stringify(found);
}
