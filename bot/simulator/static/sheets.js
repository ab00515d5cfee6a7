// Sheets over the page: opening, closing, and the list of a list picker.

import { byId, el, icon } from "./dom.js";
import { say } from "./frame_words.js";

/** Fill a dialog with a title and nodes, and open it. */
export function openSheet(id, title, ...nodes) {
  const sheet = byId(id);
  const close = el("button", { class: "round plain", type: "button", "aria-label": say("Close"), onclick: () => sheet.close() }, icon("close"));
  sheet.replaceChildren(el("div", { class: "sheet-head" }, el("h2", { id: `${id}-title` }, title), close), ...nodes);
  if (!sheet.open) sheet.showModal();
  sheet.onclick = (e) => { if (e.target === sheet) sheet.close(); };
  return sheet;
}

/** The choices of a list picker. */
export function openPicker(message, choose) {
  const sheet = openSheet("picker", message.list_label, ...message.buttons.map((item) =>
    el("button", { class: "choice", type: "button", onclick: () => { sheet.close(); choose(item); } },
      el("b", {}, item.title), item.description && el("span", {}, item.description))));
}
