// The weather panel: what goes wrong on the way, switched on and off by hand.

import { post, remove } from "./api.js";
import { byId, el, icon } from "./dom.js";
import { say } from "./frame_words.js";
import { openSheet } from "./sheets.js";

const FAULTS = [
  { kind: "429", name: "Too many requests", text: "The next 3 sends are refused with 429.", fields: { times: 3 } },
  { kind: "500", name: "Server error", text: "The next send is answered with 500.", fields: {} },
  { kind: "timeout_after_accept", name: "No answer", text: "The next message is taken, but the answer never comes.", fields: { seconds: 60 } },
  { kind: "connection_closed", name: "Connection drops", text: "The next send is cut off before it is taken.", fields: {} },
  { kind: "callback_duplicated", name: "Echo", text: "Every report about the next message comes twice.", fields: {} },
  { kind: "callback_out_of_order", name: "Mixed up", text: "Reports about the next message come in reverse.", fields: {} },
  { kind: "callback_late", name: "Slow post", text: "Reports about the next message come 30 seconds late.", fields: { seconds: 30 } },
  { kind: "callback_lost", name: "Lost post", text: "No report about the next message comes at all.", fields: {} },
  { kind: "error", name: "Not on WhatsApp", text: "The next message fails with 63024.", fields: { code: 63024 } },
  { kind: "error", name: "Outside the window", text: "The next message fails with 63016.", fields: { code: 63016 } },
  { kind: "error", name: "Opted out", text: "The next send is refused with 21610.", fields: { code: 21610 } },
  { kind: "inbound_duplicated", name: "Double tap", text: "The next message you write arrives twice.", fields: {} },
  { kind: "inbound_lost", name: "Bot is down", text: "The next message you write does not arrive.", fields: {} },
];

let active = [];

/** New list of faults: keep the badge, and the panel when it is open. */
export function showFaults(faults) {
  active = faults;
  byId("weather-count").textContent = String(faults.length);
  byId("weather-count").hidden = !faults.length;
  if (byId("weather").open) openWeather();
}

export function openWeather() {
  const scroll = byId("weather").scrollTop;
  const sheet = openSheet("weather", say("Weather"), el("div", { class: "sheet-body" },
    el("p", {}, say("Everything that goes wrong between a provider and a bot, on demand. Each switch counts for the next messages only.")),
    active.length > 0 && el("div", { class: "active-faults" }, ...active.map(activeRow)),
    ...FAULTS.map(faultRow)));
  sheet.scrollTop = scroll;
}

function activeRow(fault) {
  const known = FAULTS.find((f) => f.kind === fault.kind && (f.fields.code ?? null) === fault.code);
  const left = fault.times === null ? say("always") : say("{n} left", { n: fault.times });
  return el("div", { class: "active-fault" }, icon("weather"), el("span", {}, `${known ? say(known.name) : fault.kind}, ${left}`),
    el("button", { class: "round plain", type: "button", "aria-label": say("Switch off"), onclick: () => remove(`/faults?id=${fault.id}`) }, icon("close")));
}

function faultRow({ kind, name, text, fields }) {
  return el("div", { class: "fault" }, el("b", {}, say(name)), el("p", {}, say(text)),
    el("button", { class: "pill", type: "button", "aria-label": say("Switch on: {name}", { name: say(name) }), onclick: () => post("/faults", { kind, ...fields }) }, say("Switch on")));
}
