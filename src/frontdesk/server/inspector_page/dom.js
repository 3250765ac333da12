// Small ways to build the page. Everything that comes from outside is set as text, never as HTML.

export const find = (id) => document.getElementById(id);

/** Make an element; children may be elements, texts, or nothing. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function button(text, className, onClick) {
  const element = make("button", className, text);
  element.type = "button";
  element.onclick = onClick; // a property: drawn anew, the button takes it over
  return element;
}

/** A bar from 0 to 1 with its per cent beside it. */
export function bar(value, label) {
  const share = Math.max(0, Math.min(1, value ?? 0));
  const fill = make("span", "fill");
  fill.style.width = `${share * 100}%`;
  const track = make("span", "track", fill);
  track.setAttribute("aria-hidden", "true");
  return make("span", "bar", track, make("span", "percent", percent(value, label)));
}

export function percent(value, label = "") {
  return `${label}${Math.round((value ?? 0) * 100)} %`;
}

/** A part that opens and closes; `open` is how it begins. */
export function fold(title, className, open, ...children) {
  const details = make("details", className, make("summary", "", title), ...children);
  details.open = open;
  return details;
}

/** A value as people write it: texts in quotes, nothing as a dash. */
export function value(found) {
  if (found === null || found === undefined) return "—";
  return typeof found === "string" ? `“${found}”` : JSON.stringify(found);
}

export function code(text) {
  return make("code", "", text);
}

export function time(seconds) {
  if (!seconds) return "";
  const then = new Date(seconds * 1000);
  const today = new Date().toDateString() === then.toDateString();
  const clock = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? clock : `${then.toLocaleDateString([], { day: "numeric", month: "short" })}, ${clock}`;
}

let fields = 0;

/** An input with its label. */
export function field(label, input, hint) {
  input.id = `field-${++fields}`;
  const name = make("label", "", label);
  name.htmlFor = input.id;
  return make("div", "field", name, input, hint ? make("p", "soft", hint) : null);
}

/** A text field that offers names, and takes others. */
export function choice(names, current = "") {
  const list = make("datalist", "", names.map((name) => new Option(name, name)));
  list.id = `names-${++fields}`;
  const input = make("input");
  input.setAttribute("list", list.id);
  input.value = current;
  input.autocomplete = "off";
  input.spellcheck = false;
  return { input, list };
}
