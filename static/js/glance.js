// @ts-check
// What a hidden tab asks for once a minute: enough for its title, far less than a stream.

import { told } from "./ask.js";
import { only } from "./stream.js";

/** The least of each curve: its first point, its extremes, its newest. */
const POINTS = "&points=4";

/**
 * Makes the glance: the states of the runs in view, and their newest points.
 * @param {import("./ask.js").Ask} ask
 * @param {(cursor: string) => string} urlOf
 */
export function makeGlance(ask, urlOf) {
  let cursor = "";
  /** @returns {Promise<{states: any, points: any} | "denied" | null>} null where nobody answers. */
  async function look() {
    const heard = await told(ask, urlOf(cursor) + POINTS);
    if (heard === "gone" && cursor) {
      cursor = "";
      return look();
    }
    const states = heard?.runs ? await told(ask, "status.json") : heard;
    if (heard === "denied" || states === "denied") return "denied";
    if (!states?.runs) return null;
    cursor = heard.cursor ?? cursor;
    return { states: only(Object.keys(heard.runs), states.runs), points: heard.runs };
  }

  return {
    /** @param {string} at The cursor from which on points are news. */
    from(at) {
      cursor = at;
    },
    look,
  };
}
