// A round face with initials; neighbours in the list never have the same tone.

import { el } from "./dom.js";

const TONES = 8;

export function initials(name) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0] || "?").join("").toUpperCase();
}

export function avatar(person, size = "") {
  return el("span", { class: `avatar ${size} tone-${person.place % TONES}`, "aria-hidden": "true" }, initials(person.name));
}
