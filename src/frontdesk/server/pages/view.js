// Draws the conversation. Everything that comes from outside is set as text, never as HTML.

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g;

const find = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Return a URL if it may be followed: http(s), or a path of this site. */
function safe(url) {
  try {
    const found = new URL(url, location.href);
    return ["http:", "https:"].includes(found.protocol) ? found.href : null;
  } catch {
    return null;
  }
}

function link(url, text) {
  const anchor = make("a", "", text);
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}

function withLinks(text) {
  const bubble = make("div", "bubble");
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    bubble.append(text.slice(from, match.index), link(match[0], match[0]));
    from = match.index + match[0].length;
  }
  bubble.append(text.slice(from));
  return bubble;
}

export class View {
  constructor({ onSend, onChoice, onAgain }) {
    this.onChoice = onChoice;
    const entry = find("entry");
    const submit = () => {
      const text = entry.value.trim();
      if (!text) return;
      entry.value = "";
      this.#fit();
      onSend(text);
    };
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
      entry.focus();
    });
    entry.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    });
    entry.addEventListener("input", () => this.#fit());
    find("again").addEventListener("click", () => {
      onAgain();
      entry.focus();
    });
  }

  #fit() {
    const entry = find("entry");
    entry.style.height = "auto";
    entry.style.height = `${entry.scrollHeight + 2}px`;
  }

  title(text) {
    document.title = text;
    find("title").textContent = text;
  }

  status(text, trouble = false) {
    find("status").textContent = text;
    find("status").classList.toggle("trouble", trouble);
  }

  typing(on) {
    find("typing").hidden = !on;
    if (on) this.#down();
  }

  clear() {
    find("log").replaceChildren();
  }

  user(text) {
    this.#retire();
    return this.#line("user", "You", withLinks(text));
  }

  /** Show that a message has not arrived yet, or (null) that it has. */
  note(line, text) {
    line.querySelector(".note")?.remove();
    if (text) line.append(make("p", "note", text));
    this.#down();
  }

  reply(reply) {
    const role = reply.role === "agent" ? "agent" : "bot";
    const who = role === "agent" ? "Our colleague" : "Assistant";
    if (reply.text) {
      const line = this.#line(role, who, withLinks(reply.text));
      this.#sources(line, reply.metadata?.sources);
      this.#buttons(line, reply.buttons);
    }
    const image = safe(reply.image ?? "");
    if (reply.image && image) {
      const picture = make("img");
      picture.src = image;
      picture.alt = "Picture from the assistant";
      const bubble = make("div", "bubble");
      bubble.append(picture);
      this.#line(role, who, bubble);
    }
    const file = typeof reply.attachment === "string" ? safe(reply.attachment) : null;
    if (file) {
      const bubble = make("div", "bubble");
      bubble.append(link(file, "Open the attachment"));
      this.#line(role, who, bubble);
    }
  }

  #sources(line, sources) {
    const list = make("ul", "sources");
    for (const source of sources ?? []) {
      const url = source.url ? safe(source.url) : null;
      if (!url) continue;
      const item = make("li");
      item.append(link(url, source.title ?? url));
      list.append(item);
    }
    if (list.children.length) line.append(list);
  }

  #buttons(line, buttons) {
    if (!buttons?.length) return;
    const choices = make("div", "choices");
    choices.setAttribute("role", "group");
    choices.setAttribute("aria-label", "Choices");
    for (const { title, payload } of buttons) {
      const button = make("button", "", title);
      button.type = "button";
      button.addEventListener("click", () => {
        this.onChoice({ title, text: payload ?? title });
        find("entry").focus();
      });
      choices.append(button);
    }
    line.append(choices);
    this.#down();
  }

  /** Take away choices that were offered before the last answer. */
  #retire() {
    for (const old of document.querySelectorAll(".choices")) old.remove();
  }

  #line(role, who, content) {
    const line = make("li", role);
    line.append(make("span", "unseen", `${who}: `), content);
    find("log").append(line);
    this.#down();
    return line;
  }

  #down() {
    const area = find("scroll");
    area.scrollTop = area.scrollHeight;
  }
}
