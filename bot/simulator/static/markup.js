// WhatsApp's own formatting (*bold* _italic_ ~strike~ `code` ```block``` > quote) as elements, never as HTML text.

import { el } from "./dom.js";

const STYLES = { "*": "strong", _: "em", "~": "s", "`": "code" };
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;
const WORD = /[\p{L}\p{N}]/u;
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d\p{Extended_Pictographic}|\p{Emoji_Modifier})*|\p{Regional_Indicator}{2}){1,3}$/u;

/** A fragment of a whole message. */
export function formatted(text) {
  const out = document.createDocumentFragment();
  for (const [index, part] of text.split("```").entries()) {
    const isBlock = index % 2 === 1 && text.split("```").length > index + 1;
    if (isBlock) out.append(el("pre", {}, part.replace(/^\n|\n$/g, "")));
    else out.append(...lines(index % 2 === 1 ? "```" + part : part));
  }
  return out;
}

/** Whether a message is nothing but one to three emoji, which phones show large. */
export const emojiOnly = (text) => EMOJI_ONLY.test(text.trim());

/** The text without its markers, on one line, for previews. */
export const plain = (text) => text.replace(/```/g, "").replace(/(^|[^\p{L}\p{N}])([*_~`])(\S(?:[^\n]*?\S)?)\2(?![\p{L}\p{N}])/gu, "$1$3").replace(/\s+/g, " ").trim();

function lines(text) {
  const nodes = [];
  for (const [index, line] of text.split("\n").entries()) {
    const quoted = line.startsWith("> ");
    if (index > 0 && !quoted && !(nodes.at(-1) instanceof HTMLQuoteElement)) nodes.push("\n");
    if (quoted) nodes.push(el("blockquote", {}, ...inline(line.slice(2))));
    else nodes.push(...inline(line));
  }
  return nodes;
}

/** Markers count when they hug the text inside and stand at the edge of a word outside. */
function inline(text) {
  const nodes = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const end = STYLES[text[at]] && !WORD.test(text[at - 1] || " ") ? closing(text, at) : -1;
    if (end < 0) continue;
    nodes.push(...links(text.slice(start, at)));
    const inner = text.slice(at + 1, end);
    nodes.push(el(STYLES[text[at]], {}, ...(text[at] === "`" ? [inner] : inline(inner))));
    at = end;
    start = end + 1;
  }
  nodes.push(...links(text.slice(start)));
  return nodes;
}

function closing(text, open) {
  if (!text[open + 1] || /\s/.test(text[open + 1]) || text[open + 1] === text[open]) return -1;
  for (let at = text.indexOf(text[open], open + 2); at > 0; at = text.indexOf(text[open], at + 1)) {
    if (!/\s/.test(text[at - 1]) && !WORD.test(text[at + 1] || " ")) return at;
  }
  return -1;
}

function links(text) {
  const nodes = [];
  let start = 0;
  for (const match of text.matchAll(LINK)) {
    nodes.push(text.slice(start, match.index), el("a", { href: match[0], target: "_blank", rel: "noopener noreferrer" }, match[0]));
    start = match.index + match[0].length;
  }
  nodes.push(text.slice(start));
  return nodes.filter((node) => node !== "");
}
