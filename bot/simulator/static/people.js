// The list of phones on the left.

import { avatar } from "./avatar.js";
import { byId, el } from "./dom.js";
import { frameLanguage, say } from "./frame_words.js";
import { plain } from "./markup.js";
import { ticks } from "./ticks.js";
import { shortTime } from "./time.js";
import { wordsOf } from "./words.js";

export const chatLink = (address) => `#/chat/${encodeURIComponent(address)}`;

export function drawPeople(people, selected, now) {
  const list = byId("people");
  const focused = document.activeElement?.closest?.(".person")?.getAttribute("href");
  list.replaceChildren(...people.map((person) => el("li", {}, row(person, person.address === selected, now))));
  if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

function row(person, isSelected, now) {
  const { latest, unread } = person;
  return el(
    "a",
    { class: `person${unread ? " fresh" : ""}`, href: chatLink(person.address), "aria-current": isSelected ? "page" : null, "data-address": person.address },
    avatar(person),
    el("div", { class: "person-lines" },
      el("div", { class: "person-row" },
        el("span", { class: "person-name" }, person.name),
        el("span", { class: "language", title: say("Language") }, person.language),
        latest && el("time", { class: "person-time", datetime: latest.at }, shortTime(new Date(latest.at), now, person))),
      el("div", { class: "person-row" },
        latest && latest.inbound && ticks(latest, person.language),
        el("span", { class: `person-preview${latest?.error ? " bad" : ""}` }, preview(person)),
        unread > 0 && el("span", { class: "count", "aria-label": wordsOf(frameLanguage).unread(unread) }, String(unread)))),
  );
}

function preview({ latest, language, phone }) {
  if (!latest) return phone;
  const words = wordsOf(language);
  if (latest.error && !latest.inbound) return `${words.failed}: ${plain(latest.text)}`;
  return plain(latest.text);
}
