// What the other parts of this script stand on: the data, and the only way in which elements are made.
// Texts go in as text nodes alone; no token can become an element.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);

// The verdict of a cell by the lower four bits of its byte; 16 says that the likeliest token is another.
const ROW_VERDICTS = ["not compared", "BIT-EXACT", "MATCH", "DRIFT", "TIE-FLIP", "INCONCLUSIVE", "DIVERGED"];
const DIVERGED = 6;
const FLIP = 16;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// Cells are decoded when they are first looked at.
function cellsOf(one) {
  const cells = one.receipt && one.receipt.cells;
  if (cells && !cells.decoded) {
    cells.decoded = {
      distance: bytesOf(cells.distance),
      kl: bytesOf(cells.kl),
      verdicts: bytesOf(cells.verdicts),
      tokens: inSevens(bytesOf(cells.tokens)),
    };
  }
  return cells ? cells.decoded : null;
}

// Numbers of seven bits a byte, the lowest first; all but the last byte of each have the highest bit.
function inSevens(bytes) {
  const numbers = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    [value, factor] = [0, 1];
  }
  return numbers;
}

// The text of a token, or null where none is known.
function tokenText(one, id) {
  const texts = page.tokens[page.comparisons[one.comparison]?.model];
  return texts && Object.hasOwn(texts, id) ? texts[id] : null;
}

function tokenChip(one, id) {
  const text = tokenText(one, id);
  const chip = element("span", { class: text === null ? "token id" : "token", title: `token ${id}` });
  chip.append(element("bdi", null, text === null ? String(id) : text));
  return chip;
}

// The figure that a byte stands for, to be read by people.
function figureOf(byte) {
  if (byte === 0) return "not compared";
  if (byte === 1) return "0";
  if (byte === 255) return "no number";
  return `≈ ${Number(Math.pow(10, (byte - 2) / 10 - 16).toPrecision(2))}`;
}

// The same prompt may be there in several templates.
function promptOf(one) {
  return one.template === "raw" ? one.prompt : `${one.prompt} · ${one.template}`;
}

function nameOf(one) {
  return `${one.set} / ${promptOf(one)}`;
}

// What tells the comparisons apart: their names without the words that all begin and end with.
const shortNames = (() => {
  const names = page.comparisons.map((it) => it.name.split("-"));
  const shortest = Math.min(...names.map((it) => it.length));
  const agree = (at) => names.every((it) => it.at(at) === names[0].at(at));
  let [from, upTo] = [0, 0];
  while (from < shortest - 1 && agree(from)) from += 1;
  while (from + upTo < shortest - 1 && agree(-1 - upTo)) upTo += 1;
  return names.map((it) => (names.length > 1 ? it.slice(from, it.length - upTo).join("-") : ""));
})();

const isOneSet = page.cases.every((it) => it.set === page.cases[0].set);

// As short as it still tells a case from the others.
function labelOf(one) {
  const comparison = shortNames[one.comparison];
  return `${isOneSet ? promptOf(one) : nameOf(one)}${comparison ? ` · ${comparison}` : ""}`;
}

function placeOf(place) {
  if (!place) return "";
  return "position" in place ? `position ${place.position}` : `greedy step ${place.step}`;
}

function badgeOf(one) {
  return element("span", { class: `badge ${one.class}` }, one.verdict);
}
