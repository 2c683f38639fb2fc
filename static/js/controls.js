// @ts-check
// The controls of the view: filter, x, scale of y; and the chips that name the runs.

import { element, swatch } from "./card.js";
import { X } from "./view.js";

/** @typedef {import("./view.js").View} View */

const TYPING = 120;

/**
 * Brings the page's controls to life.
 * @param {Document} document
 * @param {(then: () => void, ms: number) => any} setTimeout
 * @param {(timer: any) => void} clearTimeout
 * @param {(change: Partial<View>) => void} onChange
 */
export function makeControls(document, setTimeout, clearTimeout, onChange) {
  const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const filter = /** @type {HTMLInputElement} */ (at("filter"));
  const [x, y, tools, fold, runs] = ["x", "y", "tools", "fold", "runs"].map(at);
  /** @type {any} */
  let timer = null;

  const xs = radios(document, x, "x", X, (value) => onChange({ x: value }));
  const ys = radios(document, y, "y", new Map([["", "Linear"], ["1", "Log"]]), (value) =>
    onChange({ log: value === "1" }),
  );
  filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => onChange({ filter: filter.value }), TYPING);
  });
  fold.addEventListener("click", () => {
    fold.setAttribute("aria-expanded", String(tools.classList.toggle("open")));
  });

  return {
    /** @param {View} view */
    show(view) {
      if (document.activeElement !== filter) filter.value = view.filter;
      for (const [value, input] of xs) input.checked = value === view.x;
      for (const [value, input] of ys) input.checked = value === (view.log ? "1" : "");
    },
    /**
     * @param {{name: string, colour: string}[]} list One run needs no chip.
     * @param {number} more Runs that the view has no room for.
     */
    runs(list, more) {
      runs.hidden = list.length < 2;
      runs.replaceChildren(...list.map(({ name, colour }) => {
        const chip = element(document, "li", "chip");
        chip.append(swatch(document, colour, "solid"), name);
        return chip;
      }));
      if (more) runs.append(element(document, "li", "chip", `and ${more} more: choose with ?run= in the address`));
    },
  };
}

/**
 * Makes one choice of several, as radio buttons: arrow keys and screen readers know them.
 * @param {Document} document
 * @param {HTMLElement} place
 * @param {string} name
 * @param {Map<string, string>} choices Value → word.
 * @param {(value: string) => void} onChoice
 */
function radios(document, place, name, choices, onChoice) {
  return new Map([...choices].map(([value, word]) => {
    const label = element(document, "label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name, value });
    input.addEventListener("change", () => onChoice(value));
    label.append(input, element(document, "span", "", word));
    place.append(label);
    return [value, input];
  }));
}
