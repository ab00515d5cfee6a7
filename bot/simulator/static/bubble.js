// One message as a bubble: quote, text, time and ticks, buttons.

import { el, icon } from "./dom.js";
import { emojiOnly, formatted, plain } from "./markup.js";
import { ticks } from "./ticks.js";
import { clockTime } from "./time.js";
import { wordsOf } from "./words.js";

const FOLD_AT = 1800;
const ICONS = { reply: "reply", url: "link", phone: "call", code: "copy", item: "list" };
const SAFE_LINK = /^https?:\/\//i;

/** `on` holds what the bubble can ask for: tap(message, button), pick(message), reply(message), jump(sid). */
export function bubble(message, person, { same, quoted, chosen, businessName, on }) {
  const words = wordsOf(person.language);
  const lost = Boolean(message.error);
  const box = el("div", { class: "bubble" },
    el("div", { class: "bubble-body" }, quoted && quote(quoted, words, businessName, on), message.media && picture(message, words), textOf(message, words), meta(message, person, words)),
    message.buttons.length > 0 && taps(message, chosen, lost, on));
  const reply = !message.inbound && !lost &&
    el("button", { class: "round plain reply-here", "aria-label": words.reply, title: words.reply, onclick: () => on.reply(message) }, icon("reply"));
  return el("article", { class: `message${message.inbound ? " mine" : ""}${same ? " same" : ""}${lost ? " lost" : ""}`, "data-sid": message.sid, "data-kind": message.kind },
    el("div", { class: "bubble-row" }, box, reply),
    lost && problem(message, words));
}

function quote(original, words, businessName, on) {
  const who = original.inbound ? words.you : businessName;
  return el("button", { class: "quoted", type: "button", onclick: () => on.jump(original.sid) }, el("b", {}, who), el("span", {}, plain(original.text).slice(0, 120)));
}

function picture(message, words) {
  return el("a", { class: "picture", href: message.media, target: "_blank", rel: "noopener", title: words.picture },
    el("img", { src: message.media, alt: words.picture, loading: "lazy" }));
}

function textOf(message, words) {
  const box = el("div", { class: `text${emojiOnly(message.text) ? " big" : ""}`, dir: "auto" });
  if (message.text.length <= FOLD_AT) {
    box.append(formatted(message.text));
    return box;
  }
  const more = el("button", { class: "more", type: "button", onclick: () => box.replaceChildren(formatted(message.text)) }, words.more);
  box.append(formatted(message.text.slice(0, FOLD_AT) + "…"), " ", more);
  return box;
}

function meta(message, person, words) {
  const kind = message.kind === "template" ? words.template : words.session;
  const how = message.template ? `${kind} · ${message.template}` : kind;
  return el("div", { class: "meta" },
    !message.inbound && el("span", { class: "how", title: how }, kind),
    el("time", { datetime: message.at }, clockTime(new Date(message.at), person)),
    ticks(message, person.language));
}

function problem(message, words) {
  const { code, text } = message.error;
  const what = message.inbound ? words.notTaken : words.failed;
  return el("p", { class: "problem" }, icon("alert"), el("span", {}, [code ? `${what} (${code})` : what, text].filter(Boolean).join(": ")));
}

function taps(message, chosen, lost, on) {
  if (message.list_label) {
    return el("div", { class: "taps" },
      el("button", { class: "tap", type: "button", disabled: lost, onclick: () => on.pick(message) }, icon("list"), message.list_label));
  }
  return el("div", { class: "taps" }, ...message.buttons.map((button) => tap(message, button, chosen === button.title, lost, on)));
}

function tap(message, button, isChosen, lost, on) {
  const look = `tap${isChosen ? " chosen" : ""}`;
  const inside = [icon(isChosen ? "check" : ICONS[button.kind]), button.title];
  if (button.kind === "url" && SAFE_LINK.test(button.target)) {
    return el("a", { class: look, href: button.target, target: "_blank", rel: "noopener noreferrer" }, ...inside);
  }
  if (button.kind === "code") {
    return el("button", { class: look, type: "button", title: button.target, onclick: () => navigator.clipboard?.writeText(button.target) }, ...inside);
  }
  if (button.kind !== "reply") return el("span", { class: look, title: button.target }, ...inside);
  return el("button", { class: look, type: "button", disabled: lost, "data-payload": button.payload, onclick: () => on.tap(message, button) }, ...inside);
}
