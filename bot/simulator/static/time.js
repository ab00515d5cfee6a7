// Writes moments the way a person's phone would: in their language and time zone.

import { wordsOf } from "./words.js";

const made = new Map();
const LOCALES = { en: "en-GB", es: "es-ES", pt: "pt-BR" };

function format(person, name, options) {
  const key = `${name} ${person.language} ${person.time_zone}`;
  if (!made.has(key)) {
    made.set(key, new Intl.DateTimeFormat(LOCALES[person.language] || person.language, { timeZone: person.time_zone, ...options }));
  }
  return made.get(key);
}

/** 09:15 */
export const clockTime = (moment, person) =>
  format(person, "time", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);

/** 2026-11-26, the person's own day. */
export function dayKey(moment, person) {
  const parts = format(person, "key", { year: "numeric", month: "2-digit", day: "2-digit", calendar: "gregory", numberingSystem: "latn" }).formatToParts(moment);
  const part = (type) => parts.find((p) => p.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

const DAY_MS = 86_400_000;

/** Today, Yesterday, or Thursday 26 November. */
export function dayName(moment, now, person) {
  const words = wordsOf(person.language);
  const key = dayKey(moment, person);
  if (key === dayKey(now, person)) return words.today;
  if (key === dayKey(new Date(now.getTime() - DAY_MS), person)) return words.yesterday;
  const sameYear = key.slice(0, 4) === dayKey(now, person).slice(0, 4);
  const options = { weekday: "long", day: "numeric", month: "long" };
  return sameYear ? format(person, "day", options).format(moment) : format(person, "day+year", { ...options, year: "numeric" }).format(moment);
}

/** For the list: the time today, else Yesterday, else 26 Nov. */
export function shortTime(moment, now, person) {
  const day = dayName(moment, now, person);
  const words = wordsOf(person.language);
  if (day === words.today) return clockTime(moment, person);
  if (day === words.yesterday) return day;
  return format(person, "short", { day: "numeric", month: "short" }).format(moment);
}

/** Thu 26 Nov */
export const weekdayName = (moment, person) =>
  format(person, "weekday", { weekday: "short", day: "numeric", month: "short" }).format(moment);

/** Thu 26 Nov, 09:15 */
export const weekdayTime = (moment, person) =>
  format(person, "full", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);
