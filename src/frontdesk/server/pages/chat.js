// The chat page: one conversation, its messages sent one after the other, each until it has arrived.

import { Conversation, Refused } from "./api.js";
import { View } from "./view.js";

const GREETING = "/greet";
const LONGEST_PAUSE = 15_000;

const conversation = new Conversation();
const waiting = [];
let busy = false;
let round = 0; // grows with every new conversation, so that late replies of the one before are dropped

const view = new View({
  onSend: (text) => say({ text }),
  onChoice: ({ text, title }) => say({ text, title }),
  onAgain: () => begin(true),
});

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

function say({ text, title, silent = false }) {
  const line = silent ? null : view.user(title ?? text);
  waiting.push({ id: newId(), text, title, line, round });
  deliver();
}

async function deliver() {
  if (busy) return;
  busy = true;
  while (waiting.length) {
    await untilSent(waiting[0]);
    waiting.shift();
  }
  busy = false;
}

/** Try until the message has arrived; the same id makes sure that it counts once. */
async function untilSent(message) {
  for (let tries = 0; message.round === round; tries++) {
    let shown = 0;
    try {
      view.typing(true);
      await conversation.send(message, (reply) => {
        if (message.round !== round || ++shown <= (message.shown ?? 0)) return;
        view.typing(false);
        view.reply(reply);
        view.typing(true);
      });
      view.typing(false);
      view.status("Online");
      if (message.line) view.note(message.line, null);
      return;
    } catch (error) {
      view.typing(false);
      message.shown = Math.max(message.shown ?? 0, shown);
      if (error instanceof Refused) {
        if (error.status === 401) {
          await begin(true, "Your session has ended, so this is a new one.");
        } else if (message.line) {
          view.note(message.line, `Not sent: ${error.message}`);
        }
        return;
      }
      view.status("Connection lost. Trying again …", true);
      if (message.line) view.note(message.line, "Not sent yet. Trying again …");
      await pause(Math.min(LONGEST_PAUSE, 1000 * 2 ** tries));
    }
  }
}

/** Show the conversation so far, or begin a new one. */
async function begin(fresh = false, status = "Online") {
  round += 1;
  waiting.splice(busy ? 1 : 0);
  for (let tries = 0, mine = round; mine === round; tries++) {
    try {
      if (fresh) await conversation.renew();
      const opened = fresh || (await conversation.open());
      const about = await conversation.about();
      if (about.title) view.title(about.title);
      const past = opened ? { messages: [], position: 0 } : await conversation.history();
      view.clear();
      for (const entry of past.messages) replay(entry);
      view.status(status);
      if (!past.messages.length) say({ text: GREETING, silent: true });
      listen(mine, past.position);
      return;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        fresh = true;
        continue;
      }
      view.status("The assistant can't be reached. Trying again …", true);
      await pause(Math.min(LONGEST_PAUSE, 1000 * 2 ** tries));
    }
  }
}

/** Show what the assistant says by itself: a reminder, an event from outside, a person who takes over. */
async function listen(mine, position) {
  for (let tries = 0; mine === round; ) {
    try {
      const news = await conversation.news(position);
      if (mine !== round) return;
      for (const entry of news.messages) view.reply(entry);
      position = news.position;
      tries = 0;
    } catch (error) {
      if (error instanceof Refused) return; // the next message says why
      await pause(Math.min(LONGEST_PAUSE, 1000 * 2 ** tries++));
    }
  }
}

function replay(entry) {
  if (entry.role !== "user") view.reply(entry);
  else if (entry.title) view.user(entry.title);
  else if (!entry.text?.startsWith("/")) view.user(entry.text ?? "");
}

begin();
