// Draws a part of the page anew and leaves in place whatever is the same: the focus stays on its control, a list stays
// where it was scrolled to, what was unfolded stays unfolded, and a dialog gives the focus back to the button it came from.

/** Bring a part's content to `children`. With `fresh` it is about something else now: it begins folded, at its top. */
export function redraw(part, children, { fresh = false } = {}) {
  const focused = part.contains(document.activeElement);
  bring(part, children.filter((child) => child !== null), fresh);
  if (fresh) part.scrollTop = 0;
  if (focused && !part.contains(document.activeElement)) part.closest("[tabindex]")?.focus({ preventScroll: true });
}

function bring(part, children, fresh) {
  const before = new Map();
  for (const node of part.childNodes) {
    const key = keyOf(node);
    before.set(key, [...(before.get(key) ?? []), node]);
  }
  const after = children.map((child) => become(before.get(keyOf(child))?.shift(), child, fresh));
  for (const left of before.values()) for (const node of left) node.remove();
  const holder = after.find((node) => node.contains(document.activeElement)); // moved, it would lose the focus
  let place = part.firstChild;
  for (const node of after) {
    if (node === place || node === holder) place = node.nextSibling;
    else part.insertBefore(node, place);
  }
}

/** Nodes of a part with the same key are the same thing, drawn twice. */
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return "text";
  const told = { BUTTON: node, DETAILS: node.firstChild }[node.tagName]?.textContent;
  return [node.tagName, node.dataset.key ?? told ?? ""].join(" ");
}

/** Make a node that is there what another one is, and return it; without one there, the other one is it. */
function become(old, made, fresh) {
  if (!old) return made;
  if (made.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return old;
  }
  for (const name of new Set([...old.getAttributeNames(), ...made.getAttributeNames()])) {
    if (old.tagName === "DETAILS" && name === "open" && !fresh) continue;
    if (name === "style") old.style.cssText = made.style.cssText;
    else if (made.hasAttribute(name)) old.setAttribute(name, made.getAttribute(name));
    else old.removeAttribute(name);
  }
  old.onclick = made.onclick;
  bring(old, [...made.childNodes], fresh);
  return old;
}
