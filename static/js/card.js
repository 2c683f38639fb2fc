// @ts-check
// The card around a chart: its title, its key with last values, what is to be said of it.

import { number } from "./words.js";

/** @typedef {import("./figure.js").Card} Card */
/** @typedef {import("./figure.js").Key} Key */

/**
 * Makes an element; names from the log only ever become text.
 * @param {Document} document
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 */
export function element(document, tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/**
 * Makes the swatch that stands for a line: its colour, and dashed or dotted as it is.
 * @param {Document} document
 * @param {string} colour
 * @param {string} dash As Plotly names it.
 */
export function swatch(document, colour, dash) {
  const mark = element(document, "i", "swatch");
  mark.style.borderTopColor = colour;
  mark.style.borderTopStyle = dash === "solid" ? "solid" : dash === "dot" ? "dotted" : "dashed";
  return mark;
}

/**
 * Makes an empty card; `show` and `values` fill its head, `plot` is for the chart.
 * @param {Document} document
 * @param {string} key
 */
export function makeCard(document, key) {
  const root = element(document, "article", "card");
  const head = element(document, "header", "head");
  const title = element(document, "h2");
  const note = element(document, "span", "note");
  const alert = element(document, "span", "alert");
  const keys = element(document, "ul", "key");
  const plot = element(document, "div", "chart");
  plot.dataset.chart = key;
  head.append(title, note, alert, keys);
  root.append(head, plot);
  /** @type {(HTMLElement | null)[]} */
  let places = [];

  /** @param {Key | null} of */
  function place(of) {
    if (!of) return null;
    const row = element(document, "li");
    const last = element(document, "b", "", number(of.last));
    row.append(swatch(document, of.colour, of.dash), `${of.label} `, last);
    keys.append(row);
    return last;
  }

  return {
    root,
    plot,
    /** @param {Card} card */
    show(card) {
      root.setAttribute("aria-label", card.key);
      title.textContent = card.key;
      note.textContent = card.note;
      alert.textContent = card.alert;
      keys.replaceChildren();
      places = card.keys.map(place);
    },
    /** @param {(Key | null)[]} series */
    values(series) {
      series.forEach((of, i) => {
        const last = places[i];
        if (of && last) last.textContent = number(of.last);
      });
    },
  };
}
