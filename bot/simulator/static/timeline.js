// The messages of the open chat: day marks, unread mark, bubbles; keeps its place while things arrive.

import { get } from "./api.js";
import { bubble } from "./bubble.js";
import { byId, el } from "./dom.js";
import { dayKey, dayName } from "./time.js";
import { wordsOf } from "./words.js";

const NEAR_END_PX = 140;
const SAME_SPEAKER_MS = 3 * 60_000;
const TYPING_MS = 25_000;

export class Timeline {
  constructor({ on, now, business }) {
    this.box = byId("timeline");
    this.toEnd = byId("to-end");
    this.on = { ...on, jump: (sid) => this.jump(sid) };
    this.now = now;
    this.business = business;
    this.person = null;
    this.messages = [];
    this.box.addEventListener("scroll", () => this.markEnd());
    this.toEnd.addEventListener("click", () => this.scrollToEnd("smooth"));
  }

  /** Show another person's chat. */
  async open(person) {
    this.person = person;
    this.messages = [];
    this.more = false;
    this.typing = false;
    const page = await get(`/chats/${encodeURIComponent(person.address)}`);
    if (this.person?.address !== person.address) return;
    this.messages = page.messages;
    this.more = page.more;
    this.unreadFrom = this.messages.find((m) => !m.inbound && m.state === "delivered")?.sid;
    this.unreadCount = this.messages.filter((m) => !m.inbound && m.state === "delivered").length;
    this.draw();
    const mark = this.box.querySelector(".unread-mark");
    if (mark) mark.scrollIntoView({ block: "start" });
    if (!mark || this.atEnd()) this.scrollToEnd();
    this.markEnd();
  }

  /** Fetch the chat again after the connection was away. */
  async refresh() {
    if (!this.person) return;
    const page = await get(`/chats/${encodeURIComponent(this.person.address)}`);
    for (const message of page.messages) this.put(message);
  }

  close() {
    this.person = null;
    this.messages = [];
    this.box.replaceChildren();
  }

  /** A message is new or has changed. */
  put(message) {
    if (message.address !== this.person?.address) return;
    const follow = this.atEnd();
    const at = this.messages.findIndex((known) => known.sid === message.sid);
    if (at >= 0) {
      this.messages[at] = message;
      this.redraw(at);
    } else {
      if (message.inbound) this.unreadFrom = null;
      else this.typing = false;
      this.messages.push(message);
      this.messages.sort((a, b) => a.seq - b.seq);
      this.draw();
      this.box.querySelector(`[data-sid="${message.sid}"]`)?.classList.add("new");
    }
    if (message.inbound && message.replied_sid) this.redraw(this.messages.findIndex((m) => m.sid === message.replied_sid));
    if (follow || (at < 0 && message.inbound)) this.scrollToEnd();
    this.markEnd();
  }

  /** The bot says that it is typing. */
  showTyping(address) {
    if (address !== this.person?.address) return;
    this.typing = true;
    clearTimeout(this.typingEnds);
    this.typingEnds = setTimeout(() => { this.typing = false; this.draw(); }, TYPING_MS);
    this.draw();
    this.scrollToEnd();
  }

  hasUnread() {
    return this.messages.some((message) => !message.inbound && message.state === "delivered");
  }

  latest() {
    return this.messages.at(-1);
  }

  draw() {
    const words = wordsOf(this.person.language);
    const nodes = [];
    if (this.more) nodes.push(el("button", { class: "pill earlier", type: "button", onclick: () => this.loadEarlier() }, words.earlier));
    let day = null;
    for (const [index, message] of this.messages.entries()) {
      const key = dayKey(new Date(message.at), this.person);
      if (key !== day?.dataset.day) nodes.push(day = this.dayGroup(key, message));
      if (message.sid === this.unreadFrom) day.append(el("div", { class: "unread-mark" }, el("span", {}, words.unread(this.unreadCount))));
      day.append(this.node(index));
    }
    if (!this.messages.length) nodes.push(el("p", { class: "empty" }, words.empty(this.business().name)));
    if (this.typing) nodes.push(el("div", { class: "message typing" }, el("div", { class: "bubble" }, el("i"), el("i"), el("i"))));
    this.box.replaceChildren(...nodes);
  }

  /** A day is a section of its own, so that the next day's mark pushes this one off the top. */
  dayGroup(key, first) {
    const name = dayName(new Date(first.at), this.now(), this.person);
    return el("section", { class: "day", "data-day": key, "aria-label": name }, el("div", { class: "day-mark" }, el("span", {}, name)));
  }

  redraw(index) {
    if (index < 0) return;
    const old = this.box.querySelector(`[data-sid="${this.messages[index].sid}"]`);
    const hadFocus = old?.contains(document.activeElement) && document.activeElement.dataset.payload;
    const fresh = this.node(index);
    old?.replaceWith(fresh);
    if (hadFocus) fresh.querySelector(`[data-payload="${CSS.escape(hadFocus)}"]`)?.focus();
  }

  node(index) {
    const message = this.messages[index];
    const before = this.messages[index - 1];
    const same = Boolean(before) && before.inbound === message.inbound && new Date(message.at) - new Date(before.at) < SAME_SPEAKER_MS;
    const answer = this.messages.findLast((m) => m.inbound && m.tapped && m.replied_sid === message.sid);
    const original = message.replied_sid && this.messages.find((m) => m.sid === message.replied_sid);
    return bubble(message, this.person, {
      same, on: this.on, businessName: this.business().name, chosen: answer?.text,
      // A tap right below its message needs no quote; anything else says what it answers.
      quoted: original && original !== before ? original : null,
    });
  }

  async loadEarlier() {
    const height = this.box.scrollHeight;
    const page = await get(`/chats/${encodeURIComponent(this.person.address)}?before=${this.messages[0].seq}`);
    this.messages = [...page.messages, ...this.messages];
    this.more = page.more;
    this.draw();
    this.box.scrollTop = this.box.scrollHeight - height;
  }

  jump(sid) {
    this.box.querySelector(`[data-sid="${sid}"]`)?.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END_PX;
  }

  scrollToEnd(behavior = "auto") {
    this.box.scrollTo({ top: this.box.scrollHeight, behavior });
  }

  markEnd() {
    this.toEnd.hidden = this.atEnd();
  }
}
