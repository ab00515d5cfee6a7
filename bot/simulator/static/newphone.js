// A sheet to add one more phone: a new curator's, or a stranger's.

import { post } from "./api.js";
import { el } from "./dom.js";
import { say } from "./frame_words.js";
import { openSheet } from "./sheets.js";

const LANGUAGES = { en: "English", ru: "Русский", es: "Español", pt: "Português" };

/** `added(address)` is called when the phone exists. */
export function openNewPhone(added) {
  const name = el("input", { name: "name", maxlength: "80", placeholder: "Olga" });
  const phone = el("input", { name: "phone", type: "tel", required: true, placeholder: "+371 20 000 099", inputmode: "tel" });
  const language = el("select", { name: "language" }, ...Object.entries(LANGUAGES).map(([code, text]) => el("option", { value: code }, text)));
  const error = el("p", { class: "form-error", role: "alert", hidden: true });
  const form = el("form", { class: "sheet-body", method: "dialog" },
    el("p", {}, say("Anybody may write to the bot. It knows its curators by number; see what it says to a stranger.")),
    el("label", { class: "field" }, say("Number, with country code"), phone),
    el("div", { class: "field-row" }, el("label", { class: "field" }, say("Name"), name), el("label", { class: "field" }, say("Language"), language)),
    error,
    el("button", { class: "pill strong", type: "submit" }, say("Add phone")));
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const person = await post("/people", { name: name.value, phone: phone.value, language: language.value });
      sheet.close();
      added(person.address);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  const sheet = openSheet("person", say("Add a phone"), form);
  phone.focus();
}
