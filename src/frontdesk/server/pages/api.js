// Speaks with the server: a conversation token, its history, and replies as they come.

const KEY = "frontdesk-conversation";
const BASE = "/webhooks/chat";

/** Thrown where the server refuses for good, so that trying again would not help. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function store(session) {
  try {
    localStorage.setItem(KEY, JSON.stringify(session));
  } catch {
    // Without storage the conversation lasts as long as the page.
  }
}

export class Conversation {
  session = stored();

  /** Give the conversation a token if it has none; returns whether it is a new one. */
  async open() {
    if (this.session && this.session.expires * 1000 > Date.now()) return false;
    await this.renew();
    return true;
  }

  /** Begin a new conversation. */
  async renew() {
    const response = await fetch(`${BASE}/session`, { method: "POST" });
    await check(response);
    this.session = await response.json();
    store(this.session);
  }

  async about() {
    const response = await fetch(`${BASE}/`);
    await check(response);
    return response.json();
  }

  async history() {
    const response = await fetch(`${BASE}/history`, { headers: this.#headers() });
    await check(response);
    return response.json();
  }

  /** Wait for what the assistant says by itself after a position; after a while there may be nothing. */
  async news(position) {
    const response = await fetch(`${BASE}/news?after=${position}`, { headers: this.#headers() });
    await check(response);
    return response.json();
  }

  /** Send a message; `onReply` gets each reply as it is committed. The same `id` again is the same message. */
  async send({ id, text, title }, onReply) {
    const body = { message: text, message_id: id, metadata: title ? { title } : {} };
    const response = await fetch(`${BASE}/webhook`, {
      method: "POST",
      headers: { ...this.#headers(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    await check(response);
    let finished = false;
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === "message") onReply(data);
      if (event === "done") finished = true;
    }
    if (!finished) throw new Error("The connection broke off.");
  }

  #headers() {
    return { Authorization: `Bearer ${this.session.token}` };
  }
}

async function check(response) {
  if (response.ok) return;
  let message = `The server answered ${response.status}.`;
  try {
    message = (await response.json()).message ?? message;
  } catch {
    // Not ours: a proxy's page.
  }
  if (response.status >= 400 && response.status < 500 && response.status !== 429) throw new Refused(response.status, message);
  throw new Error(message);
}

async function* eventsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const found = { event: "message", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) found.event = line.slice(7);
        if (line.startsWith("data: ")) found.data += line.slice(6);
      }
      yield { event: found.event, data: JSON.parse(found.data || "{}") };
    }
  }
}
