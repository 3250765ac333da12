// One dialog at a time: a title, a form, buttons; Escape and Cancel close it.

import { button, find, make } from "./dom.js";

const FIRST = ".content :is(input, select, textarea, button, [tabindex])";

/** Open a dialog; `actions` are [text, className, onClick]. An error of one is shown, and the dialog stays. */
export function openDialog(title, content, actions) {
  const dialog = find("dialog");
  const trouble = make("p", "note");
  trouble.setAttribute("role", "alert");
  trouble.hidden = true;
  const heading = make("h2", "", title);
  heading.id = "dialog-title";
  const buttons = actions.map(([text, className, onClick]) => {
    const made = button(text, className, async () => {
      trouble.hidden = true;
      for (const other of buttons) other.disabled = true;
      try {
        await onClick();
      } catch (error) {
        trouble.textContent = error.message;
        trouble.hidden = false;
      }
      for (const other of buttons) other.disabled = false;
      if (dialog.open && document.activeElement === document.body) made.focus();
    });
    return made;
  });
  dialog.replaceChildren(
    make("header", "", heading, button("Close", "quiet small", closeDialog)),
    make("div", "content", content),
    trouble,
    make("footer", "", buttons),
  );
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(FIRST))?.focus();
  dialog.onclose = () => { // the browser gives the focus back, unless what had it is gone
    if (document.activeElement === document.body) find("turn").focus({ preventScroll: true });
  };
}

export function closeDialog() {
  find("dialog").close();
}
