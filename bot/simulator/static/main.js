// Puts the page together: what is selected, what arrived, what is drawn.

import { follow, get, post } from "./api.js";
import { avatar } from "./avatar.js";
import { BarClock } from "./clock.js";
import { Composer } from "./composer.js";
import { byId, el } from "./dom.js";
import { frameLanguage, say as inFrame, translateFrame } from "./frame_words.js";
import { openNewPhone } from "./newphone.js";
import { chatLink, drawPeople } from "./people.js";
import { openPicker } from "./sheets.js";
import { weekdayTime } from "./time.js";
import { Timeline } from "./timeline.js";
import { openWeather, showFaults } from "./weather.js";
import { wordsOf } from "./words.js";

const NARROW = matchMedia("(max-width: 760px)");
const REFRESH_MS = 120;
const UTC = { language: frameLanguage, time_zone: "UTC" };

let state = null;
let selected = null;

const personOf = (address) => state?.people.find((person) => person.address === address);
const clock = new BarClock({ person: () => personOf(selected) || state?.people[0] || UTC, moved: refreshSoon, failed: say });
const composer = new Composer({ send });
const timeline = new Timeline({
  now: () => clock.now(),
  business: () => state.business,
  on: {
    tap: (message, button) => act("/taps", { address: selected, sid: message.sid, title: button.title }),
    pick: (message) => openPicker(message, (item) => act("/taps", { address: selected, sid: message.sid, title: item.title })),
    reply: (message) => composer.quote(message),
  },
});

async function refresh() {
  state = await get("/state");
  for (const [place, person] of state.people.entries()) person.place = place;
  clock.set(state.clock);
  showFaults(state.faults);
  const link = byId("console-link");
  link.hidden = !state.business.console_url;
  if (state.business.console_url) link.href = state.business.console_url;
  byId("business-name").textContent = state.business.name;
  byId("business-avatar").textContent = [...state.business.name][0] || "?";
  draw();
}

let refreshing = 0;

function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => refresh().catch(() => {}), REFRESH_MS);
}

function draw() {
  drawPeople(state.people, selected, clock.now());
  const unread = state.people.reduce((sum, person) => sum + person.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${state.business.name} · ${inFrame("Phones")}`;
  const person = personOf(selected);
  if (person) drawHead(person);
}

function drawHead(person) {
  const words = wordsOf(person.language);
  byId("chat").lang = person.language;
  byId("holder-line").textContent = state.business.partner ? `${person.name} · ` : person.name;
  byId("partner-name").textContent = state.business.partner;
  byId("holder").replaceChildren(avatar(person, "small"), el("div", { class: "holder-text" },
    el("div", { class: "holder-name" }, person.name, el("span", { class: "language" }, person.language)),
    el("div", { class: "holder-phone" }, person.phone)));
  const end = person.window_closes_at && new Date(person.window_closes_at);
  const open = Boolean(end) && end > clock.now();
  byId("window-note").className = `window-note${open ? " open" : ""}`;
  byId("window-note").textContent = open ? words.open(weekdayTime(end, person)) : words.closed;
}

/** The address bar says which chat is open, so that Back works and a link leads to a phone. */
async function route() {
  const match = location.hash.match(/^#\/chat\/(.+)$/);
  const wanted = match && personOf(decodeURIComponent(match[1])) ? decodeURIComponent(match[1]) : null;
  if (!wanted && !NARROW.matches && state.people.length) {
    const first = state.people.find((person) => person.unread) || state.people[0];
    location.replace(chatLink(first.address));
    return;
  }
  const changed = wanted !== selected;
  selected = wanted;
  byId("rooms").dataset.view = wanted ? "chat" : "list";
  byId("chat").hidden = !wanted;
  byId("nobody").hidden = Boolean(wanted);
  draw();
  if (!wanted) timeline.close();
  else if (changed) await openChat(personOf(wanted));
}

async function openChat(person) {
  composer.open(person, state.suggestions?.[person.language] || []);
  await timeline.open(person);
  if (!NARROW.matches) composer.focus();
  markRead();
}

function markRead() {
  if (selected && document.visibilityState === "visible" && timeline.hasUnread()) post("/read", { address: selected }).catch(() => {});
}

async function act(path, body) {
  try {
    await post(path, body);
    say("");
    return true;
  } catch (problem) {
    say(problem.message);
    return false;
  }
}

function send(text, repliedSid) {
  return act("/messages", { address: selected, text, ...(repliedSid ? { replied_sid: repliedSid } : {}) });
}

function say(problem) {
  composer.fail(problem);
}

function arrived(message) {
  timeline.put(message);
  refreshSoon();
  if (message.address === selected && !message.inbound && message.state === "delivered") markRead();
}

/** Connected, for the first time or again. Where it breaks off in between, the next connection comes here once more. */
async function up() {
  byId("offline").hidden = true;
  try {
    await refresh();
    await (selected ? timeline.refresh() : route());
  } catch {
    return;
  }
  markRead();
}

function turn(step) {
  const at = state.people.findIndex((person) => person.address === selected);
  const next = state.people[at + step];
  if (next) location.hash = chatLink(next.address);
}

addEventListener("hashchange", () => state && route());
addEventListener("keydown", (e) => {
  if (document.querySelector("dialog[open]")) return;
  if (e.altKey && (e.key === "ArrowUp" || e.key === "ArrowDown")) { e.preventDefault(); turn(e.key === "ArrowUp" ? -1 : 1); }
  if (e.key === "Escape" && NARROW.matches && selected) location.hash = "#/";
});
document.addEventListener("visibilitychange", markRead);
NARROW.addEventListener("change", () => state && route());
byId("weather-open").addEventListener("click", openWeather);
byId("person-open").addEventListener("click", () => openNewPhone(async (address) => { await refresh(); location.hash = chatLink(address); }));

translateFrame();
follow({
  up, down: () => { byId("offline").hidden = false; },
  message: arrived, people: refreshSoon, typing: ({ address }) => timeline.showTyping(address),
  faults: ({ faults }) => showFaults(faults), clock: (view) => { clock.set(view); if (state) draw(); },
});
