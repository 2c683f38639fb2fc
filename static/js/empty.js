// @ts-check
// The page while there is no chart: one sentence of what is happening, and the lines not understood.

import { element } from "./card.js";

/** @typedef {import("./words.js").Status} Status */

const MOST = 5;

/**
 * Fills the empty page.
 * @param {Document} document
 * @param {HTMLElement} place
 * @param {Map<string, Status>} runs
 * @param {string} sentence What to say where no run says anything.
 */
export function showEmpty(document, place, runs, sentence) {
  const told = [...runs].filter(([, { text }]) => text).slice(0, MOST);
  const parts = told.flatMap(([run, status]) => [
    ...(runs.size > 1 ? [element(document, "h3", "", run)] : []),
    element(document, "p", "sentence", status.text),
    ...unread(document, status.unread ?? []),
    ...explained(document, run, status),
  ]);
  const children = parts.length ? parts : [element(document, "p", "sentence", sentence)];
  if (runs.size > told.length && told.length) {
    children.push(element(document, "p", "faint", `and ${runs.size - told.length} more runs`));
  }
  // The same words again would only make a screen reader begin anew.
  const said = children.map(({ textContent }) => textContent).join("\n");
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  place.replaceChildren(...children);
}

/** @param {Document} document @param {string[]} lines */
function unread(document, lines) {
  if (!lines.length) return [];
  return [
    element(document, "p", "faint", "Lines with numbers that no format understood:"),
    element(document, "pre", "lines", lines.join("\n")),
  ];
}

/** @param {Document} document @param {string} run @param {Status & {lines?: number}} status */
function explained(document, run, status) {
  if (!status.lines) return [];
  const link = /** @type {HTMLAnchorElement} */ (element(document, "a", "", "What became of each line"));
  link.href = `explain?run=${encodeURIComponent(run)}`;
  const place = element(document, "p", "why");
  place.append(link);
  return [place];
}
