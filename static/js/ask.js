// @ts-check
// Asks the server for something small, and gives up where no byte comes: a fetch alone would wait for ever.

/** @typedef {{status: number, ok: boolean, text: string}} Answer */
/** @typedef {(url: string, within?: number, abort?: AbortController) => Promise<Answer>} Ask */
/**
 * @typedef {object} Effects
 * @property {(url: string, options: {signal: AbortSignal}) => Promise<any>} fetch
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

const WITHIN = 8_000;
/** An answer that has begun may take its time (a phone, a large figure), but not fall silent. */
const SILENT_FOR = 10_000;

/**
 * Makes the function that asks. It rejects where there is no answer, also where it is aborted.
 * @param {Effects} effects
 * @returns {Ask} `within`: ms until the answer must have begun.
 */
export function makeAsk({ fetch, setTimeout, clearTimeout }) {
  return async (url, within = WITHIN, abort = new AbortController()) => {
    /** @type {any} */
    let timer = null;
    const limit = (/** @type {number} */ ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), ms);
    };
    limit(within);
    try {
      const answer = await fetch(url, { signal: abort.signal });
      const text = await textOf(answer, () => limit(SILENT_FOR));
      return { status: answer.status, ok: answer.ok, text };
    } finally {
      clearTimeout(timer);
    }
  };
}

/** @param {Response} answer @param {() => void} heard Called whenever some of it has come. */
async function textOf({ body }, heard) {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    heard();
    const piece = await reader?.read();
    if (!piece || piece.done) return text + decoder.decode();
    text += decoder.decode(piece.value, { stream: true });
  }
}

/**
 * Gives the JSON of an address; "denied"; "gone" (there is no such run or cursor); null for no answer.
 * @param {Ask} ask
 * @param {string} url
 * @returns {Promise<any>}
 */
export async function told(ask, url) {
  try {
    const answer = await ask(url);
    if (forbidden(answer)) return "denied";
    if ([400, 404, 410].includes(answer.status)) return "gone";
    return answer.ok ? JSON.parse(answer.text) : null;
  } catch {
    return null;
  }
}

/** @param {{status: number}} answer */
export function forbidden({ status }) {
  return status === 401 || status === 403;
}
