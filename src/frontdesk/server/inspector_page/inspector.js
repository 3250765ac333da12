// The inspector: which conversation and which turn are open, and what is done with them.

import { correctAction, correctMessage } from "./correct.js";
import { decided, logged, remembered } from "./decided.js";
import { openDialog } from "./dialog.js";
import { button, field, find, make, time } from "./dom.js";
import { redraw } from "./redraw.js";
import { saveExample, saveStory } from "./save.js";
import { NeedsKey, get, post, takeKey, useKey } from "./server.js";
import { showList, showTalk } from "./talk.js";
import { understood } from "./understood.js";

let about = null;
let talk = null; // the conversation that is open
let selected = null; // the number of the turn that is shown
let shown = ""; // the conversation and turn on the right
let round = 0; // grows with whatever is opened, so that late answers for what was open before are dropped

function status(text, trouble = false) {
  find("status").textContent = text;
  find("status").classList.toggle("trouble", trouble);
}

function view(name) {
  document.body.dataset.view = name;
}

/** Run something that asks the server; whatever goes wrong is told. */
async function trying(work, told = "") {
  try {
    if (told) status(told);
    const done = await work();
    if (told && find("status").textContent === told) status("");
    return done;
  } catch (error) {
    if (error instanceof NeedsKey) askForKey(error.message);
    else status(error.message, true);
    return undefined;
  }
}

function askForKey(message) {
  const input = make("input");
  input.type = "password";
  input.autocomplete = "off";
  openDialog("Who is there?", [
    make("p", "", "The inspector shows what customers wrote, and it writes to the project's files."),
    make("p", "soft", message), field("Key", input),
  ], [["Open", "main", async () => {
    useKey(input.value);
    await get("about");
    find("dialog").close();
    await begin();
  }]]);
}

async function refreshList() {
  const search = find("search").value.trim();
  const found = await get("conversations", search ? { search } : {});
  showList(found.conversations, talk?.id, (id) => open(id));
}

function remember() {
  const asked = new URLSearchParams({ id: talk.id, ...(selected !== null && { turn: selected }) });
  history.replaceState(null, "", `#${asked}`);
}

/** Open a conversation, and its last turn (or the one given). */
async function open(id, turn = null, everything = false) {
  const mine = ++round;
  const found = await trying(() => get("conversation", { id, ...(everything && { all: 1 }) }), "Loading …");
  if (!found || mine !== round) return;
  view("talk"); // before it is drawn: what is hidden cannot be scrolled
  await show(found, turn);
  refreshList().catch(() => {});
}

async function show(found, turn = null) {
  talk = found;
  const numbers = talk.turns.map((each) => each.number);
  const last = talk.turns.findLast((each) => each.kind === "message") ?? talk.turns.at(-1);
  selected = numbers.includes(turn) ? turn : last?.number ?? null;
  draw();
  find("turns").querySelector(".selected")?.scrollIntoView({ block: "nearest" });
  if (turn === null) find("turns").scrollTop = find("turns").scrollHeight;
  await showTurn();
}

function draw() {
  showTalk(talk, selected, {
    onTurn: (number) => select(number),
    onEarlier: () => open(talk.id, selected, true),
    onButton: (payload) => say(payload),
  });
  remember();
}

async function select(number) {
  selected = number;
  draw();
  view("turn");
  await showTurn();
}

async function showTurn() {
  const mine = ++round;
  const whole = talk;
  if (selected === null) {
    drawPart("", make("p", "welcome soft", talk
      ? "Each message you send appears on the left. Choose it there to see what the assistant made of it."
      : "Choose a conversation, or begin a new one. Then you see here what the assistant understood, what it decided and why."));
    return;
  }
  const turn = await trying(() => get("turn", { id: whole.id, turn: selected }));
  if (!turn || mine !== round) return;
  drawTurn(whole, turn);
}

function drawPart(what, ...children) {
  redraw(find("turn"), children, { fresh: what !== shown });
  shown = what;
}

/** Draw a turn. Its buttons are about this turn, also while the next one that was chosen is still on its way. */
function drawTurn(whole, turn) {
  const { number } = turn;
  const heard = turn.text !== null;
  const head = make("header", "turn-head",
    button("‹", "quiet small back", () => view("talk")),
    make("div", "grow",
      make("h2", "", heard ? `Message ${place(whole, number)}` : "The assistant by itself"),
      make("p", "soft", [time(turn.time), turn.channel && `channel ${turn.channel}`].filter(Boolean).join(" · "))),
    make("div", "tools",
      whole.own && number !== whole.turns.at(-1).number ? button("Undo to here", "quiet small", () => undo(whole.id, number)) : null,
      whole.own && heard ? button("Undo this", "quiet small", () => undo(whole.id, number - 1)) : null,
      button("Fork from here", "quiet small", () => fork(whole.id, number)),
      button("Save as story", "quiet small", () => saveStory(whole, number, told))));
  head.querySelector(".back").setAttribute("aria-label", "Back to the conversation");
  const panels = make("div", "panels",
    make("div", "side", heard ? understood(turn, { onCorrect: () => correct(whole, turn), onExample: () => keep(whole, turn) }) : null, remembered(turn)),
    make("div", "side", decided(turn, { onAction: heard ? (step) => another(whole, turn, step) : null }), logged(turn)));
  drawPart(`${whole.id} ${number}`, head, panels);
}

/** Which message of the user it is, counted from the first one that is shown. */
function place(whole, number) {
  const earlier = whole.earlier ? "" : whole.turns.filter((each) => each.kind === "message" && each.number <= number).length;
  return earlier || number;
}

function told(text) {
  status(text);
}

function correct(whole, turn) {
  const writable = toWrite(whole, turn);
  correctMessage(turn, about, whole.own, {
    onApply: async ({ intent, entities }) => {
      const id = await writable();
      await show(await post("understanding", { id, turn: turn.number, intent, entities }), turn.number);
      status(`Understood as ${intent} now.`);
      refreshList().catch(() => {});
    },
    onSave: (example) => saveExample(example, told),
  });
}

function another(whole, turn, step) {
  const writable = toWrite(whole, turn);
  correctAction(step, about, whole.own, async (action) => {
    const id = await writable();
    await show(await post("action", { id, turn: turn.number, at: step.at, action }), turn.number);
    status(`Did ${action} instead.`);
    refreshList().catch(() => {});
  });
}

/** Return what gives the id of a conversation that may be changed: this one, or one copy of it up to a turn. */
function toWrite(whole, turn) {
  let id = whole.own ? whole.id : null;
  return async () => (id ??= (await post("fork", { id: whole.id, turn: turn.number })).id);
}

function keep(whole, turn) {
  const { then, annotated } = turn.understanding;
  if (!then.intent || then.intent === "nlu_fallback") {
    correct(whole, turn);
    return;
  }
  saveExample({ intent: then.intent, annotated }, told);
}

async function undo(id, turn) {
  const found = await trying(() => post("undo", { id, turn }), "Going back …");
  if (found) await show(found);
}

async function fork(id, turn) {
  const found = await trying(() => post("fork", { id, turn }), "Copying …");
  if (!found) return;
  await show(found);
  status("This is the copy. The original is in the list.");
  refreshList().catch(() => {});
  find("entry").focus();
}

async function say(text) {
  find("send").disabled = true;
  const found = await trying(() => post("message", { id: talk.id, text }), "The assistant answers …");
  find("send").disabled = false;
  if (!found) return false;
  await show(found);
  refreshList().catch(() => {});
  return true;
}

function fit() {
  const entry = find("entry");
  entry.style.height = "auto";
  entry.style.height = `${entry.scrollHeight + 2}px`;
}

function wire() {
  find("refresh").addEventListener("click", () => trying(async () => {
    await refreshList();
    if (talk) await show(await get("conversation", { id: talk.id }), selected);
  }, "Loading …"));
  find("new").addEventListener("click", () => trying(async () => {
    const { id } = await post("begin");
    await open(id);
    find("entry").focus();
  }));
  find("search").addEventListener("input", () => trying(refreshList));
  find("to-list").addEventListener("click", () => view("list"));
  find("save-whole").addEventListener("click", () => saveStory(talk, null, told));
  find("copy").addEventListener("click", () => fork(talk.id, talk.turns.at(-1).number));
  const entry = find("entry");
  const submit = async () => {
    const text = entry.value.trim();
    if (!text || find("send").disabled) return;
    entry.value = "";
    fit();
    if (!(await say(text))) entry.value = text;
    entry.focus();
  };
  find("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  entry.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  entry.addEventListener("input", fit);
}

async function begin() {
  const before = round;
  about = await trying(() => get("about"), "Loading …");
  if (!about) return;
  find("model").textContent = about.model ? `model ${about.model}` : "no model";
  await trying(refreshList);
  if (round !== before) return; // somebody was quicker, and opened a conversation
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.get("id")) await open(asked.get("id"), asked.has("turn") ? Number(asked.get("turn")) : null);
  else await showTurn();
  if (!asked.get("id")) view("list");
}

takeKey();
wire();
begin();
