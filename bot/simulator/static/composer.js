// The typing box: Enter sends, Shift+Enter makes a new line, a quote may be attached.

import { byId, el } from "./dom.js";
import { plain } from "./markup.js";
import { wordsOf } from "./words.js";

export class Composer {
  constructor({ send }) {
    this.send = send;
    this.text = byId("text");
    this.drafts = new Map();
    this.replied = null;
    byId("composer").addEventListener("submit", (e) => { e.preventDefault(); this.submit(); });
    this.text.addEventListener("input", () => this.update());
    this.text.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.submit(); }
      if (e.key === "Escape" && this.replied) { e.stopPropagation(); this.quote(null); }
    });
    byId("quote-drop").addEventListener("click", () => this.quote(null));
  }

  /** Another chat is open: keep the draft of the old one. */
  open(person, suggestions) {
    if (this.person) this.drafts.set(this.person.address, this.text.value);
    this.person = person;
    this.text.placeholder = wordsOf(person.language).type;
    this.text.lang = person.language;
    this.text.setAttribute("aria-label", wordsOf(person.language).type);
    this.text.value = this.drafts.get(person.address) || "";
    this.quote(null);
    this.fail("");
    this.suggest(suggestions);
    this.update();
  }

  suggest(words) {
    const row = byId("suggestions");
    row.hidden = !words.length;
    row.replaceChildren(...words.map((word) => el("button", { type: "button", onclick: () => this.send(word, null) }, word)));
  }

  quote(message) {
    this.replied = message;
    byId("quote").hidden = !message;
    if (message) {
      byId("quote").querySelector(".quote-text").textContent = plain(message.text).slice(0, 160);
      this.text.focus();
    }
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  fail(problem) {
    byId("composer-error").textContent = problem;
    byId("composer-error").hidden = !problem;
  }

  async submit() {
    const text = this.text.value;
    if (!text.trim()) return;
    this.text.value = "";
    this.update();
    const replied = this.replied;
    this.quote(null);
    if (!(await this.send(text, replied?.sid || null))) {
      this.text.value = text;
      this.update();
    }
  }

  update() {
    byId("send").disabled = !this.text.value.trim();
  }
}
