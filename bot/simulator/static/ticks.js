// The small marks after a message: on its way, sent, delivered, read, failed.

import { el, icon } from "./dom.js";
import { wordsOf } from "./words.js";

const MARKS = {
  accepted: ["wait", "wait"], queued: ["wait", "wait"], sending: ["wait", "wait"], sent: ["check", "one"],
  delivered: ["checks", "two"], read: ["checks", "seen"], failed: ["alert", "bad"], undelivered: ["alert", "bad"],
};

/** `data-state` holds the state itself, for whoever looks at the page with a script. */
export function ticks(message, language) {
  const [shape, look] = MARKS[message.state] || MARKS.queued;
  const label = wordsOf(language).states[message.state] || message.state;
  return el("span", { class: `ticks ${look}`, role: "img", "aria-label": label, title: label, "data-state": message.state }, icon(shape));
}
