// A page of somebody else with a figure in it. It knows the contract of the messages and nothing more.

import { expect } from "@playwright/test";

const wholeNumber = (value) => Number.isInteger(value) && value >= 0;
const text = (value) => typeof value === "string" && value !== "";
const hash = (value) => /^[0-9a-f]{16}$/.test(value);
const truth = (value) => typeof value === "boolean";
const table = (value) =>
  Object.keys(value).sort().join() === "columns,rows,things,title" &&
  text(value.title) &&
  value.columns.every(text) &&
  value.rows.every((row) => row.length === value.columns.length && row.every((cell) => typeof cell === "string")) &&
  value.things.length === value.rows.length &&
  value.things.every(text);
const tables = (value) => Array.isArray(value) && value.length > 0 && value.every(table);

/** What each message of the figure holds besides `glassbroker`, `id` and `type`; nothing else may be in it. */
const SHAPES = {
  ready: { example: text, step: wholeNumber, steps: wholeNumber, hash },
  resize: { height: wholeNumber },
  // Before the first idea step there is no sentence.
  step: { step: wholeNumber, steps: wholeNumber, time_us: wholeNumber, hash, sentence: (value) => typeof value === "string" },
  prediction: { prediction: text, answer: text, right: truth },
  "example-complete": { example: text },
  progress: { completed: wholeNumber, total: wholeNumber },
  state: { step: wholeNumber, time_us: wholeNumber, hash, tables },
  warning: { where: text, message: text },
  error: { where: text, message: text },
};

/** What is wrong with the shape of a message; nothing when it is as the contract says. */
function faults(message, id) {
  const fields = SHAPES[message?.type];
  if (!fields) return [`unknown type: ${JSON.stringify(message)}`];
  const names = ["glassbroker", "id", "type", ...Object.keys(fields)].sort();
  const faults = [];
  if (Object.keys(message).sort().join() !== names.join()) faults.push("fields");
  if (message.glassbroker !== 1) faults.push("glassbroker");
  if (message.id !== id) faults.push("id");
  for (const [name, fits] of Object.entries(fields)) if (!fits(message[name])) faults.push(name);
  return faults.map((fault) => `${fault}: ${JSON.stringify(message).slice(0, 300)}`);
}

/** The page itself; `attributes` are those of the frame. */
const hostPage = (attributes) => `<!doctype html>
<html lang="en">
  <meta charset="utf-8" /><meta name="viewport" content="width=device-width" /><title>A host</title>
  <style>body { margin: 0 } iframe { width: 100%; height: 900px; border: 0 }</style>
  <iframe title="Figure" ${attributes}></iframe>
  <script>
    const frame = document.querySelector("iframe").contentWindow;
    const messages = [];
    let waiting;
    addEventListener("message", (event) => {
      if (event.source !== frame) return;
      messages.push(event.data);
      if (event.data.type === "state" && waiting) {
        const said = messages.slice(waiting.from, -1).filter((message) => message.type !== "resize");
        waiting({ said, state: event.data });
        waiting = undefined;
      }
    });
    // The figure answers in order: what it has said before the state, it has said to the message. Its height alone is no
    // answer: it may settle at any time.
    function ask(message) {
      return new Promise((resolve) => {
        waiting = resolve;
        waiting.from = messages.length;
        if (message !== undefined) frame.postMessage(message, "*");
        frame.postMessage({ glassbroker: 1, id: null, type: "get-state" }, "*");
      });
    }
  </script>
</html>`;

const escape = (value) => value.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** A figure in a page of somebody else. */
export class Host {
  #page;
  #id;

  constructor(page, id) {
    this.#page = page;
    this.#id = id;
    /** The inside of the figure, for those who look at it as a person does. */
    this.inside = page.frameLocator("iframe");
  }

  /** All messages so far, of one type if it is named. */
  async messages(type) {
    const all = await this.#page.evaluate("messages");
    return type ? all.filter((message) => message.type === type) : all;
  }

  /** Waits for the first message of a type. */
  async first(type) {
    await this.#page.waitForFunction(`messages.some((message) => message.type === "${type}")`, null, { polling: 20 });
    return (await this.messages(type))[0];
  }

  /** Sends anything at all; returns what the figure said to it, and its state afterwards. */
  async post(message) {
    return this.#page.evaluate((message) => ask(message), message);
  }

  /** Sends a message of the contract. */
  async send(type, fields = {}) {
    return this.post({ glassbroker: 1, id: null, type, ...fields });
  }

  async state() {
    return (await this.#page.evaluate("ask()")).state;
  }

  /** Sends, and expects that it was obeyed; returns the state afterwards. */
  async obey(type, fields) {
    const { said, state } = await this.send(type, fields);
    expect(
      said.filter((message) => message.type === "error"),
      `${type} ${JSON.stringify(fields)}`,
    ).toEqual([]);
    return state;
  }

  /** Every message so far was as the contract says. */
  async expectContract() {
    const messages = await this.messages();
    expect(messages.flatMap((message) => faults(message, this.#id))).toEqual([]);
    expect(messages[0].type, "the first message").toBe("ready");
  }

  /** Whether the page still shows it. */
  isHere() {
    return this.#page.evaluate("typeof messages === 'object'");
  }
}

/**
 * Opens a page that embeds a figure.
 *
 * @param {import("@playwright/test").Page} page
 * @param {{url: string, origin: string}} site
 * @param {object} [query] the figure's query parameters; `embed=1` is added
 * @param {{sandbox?: string | null, fragment?: string}} [options] `sandbox: null` leaves it out
 */
export async function embed(page, site, query = {}, { sandbox = "allow-scripts", fragment = "" } = {}) {
  const source = `${site.url}?${new URLSearchParams({ embed: "1", ...query })}${fragment && `#${fragment}`}`;
  const attributes = `${sandbox === null ? "" : `sandbox="${sandbox}"`} src="${escape(source)}"`;
  const address = `${site.origin}/somebody/else`;
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body: hostPage(attributes) }));
  await page.goto(address);
  const host = new Host(page, query.id ?? null);
  await host.first("ready");
  return host;
}
