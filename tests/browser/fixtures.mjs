// What every browser test stands on: a site of its own, and no tolerance for errors in the page.

import { expect, test as base } from "@playwright/test";
import { embed } from "./host.mjs";
import { serve, WASM } from "./serve.mjs";

export { expect, WASM };

export const test = base.extend({
  /** What the site does with WebAssembly; `test.use({ wasm: WASM.refused })` changes it. */
  wasm: [WASM.served, { option: true }],

  /** The running site: `{url, origin}`. */
  site: async ({ wasm }, use) => {
    const site = await serve({ wasm });
    await use(site);
    await site.close();
  },

  baseURL: async ({ site }, use) => use(site.url),

  /** Console errors a test expects, as patterns; all others fail it. */
  tolerated: [[], { option: true }],

  /** Opens a figure in a page of somebody else; before it goes each of its messages must be as the contract says. */
  embed: async ({ page, site }, use) => {
    let host;
    const leave = async () => {
      if (await host?.isHere()) await host.expectContract();
    };
    await use(async (query, options) => {
      await leave();
      host = await embed(page, site, query, options);
      return host;
    });
    await leave();
  },

  /** The addresses of all requests so far, in order. */
  requests: async ({ page }, use) => {
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await use(requests);
  },

  /** Watches every test: a console error, an uncaught exception or a failed request fails it. */
  noProblems: [
    async ({ page, tolerated }, use) => {
      const problems = [];
      const note = (problem) => {
        if (!tolerated.some((pattern) => pattern.test(problem))) problems.push(problem);
      };
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) note(`console ${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => note(`exception: ${error.message}`));
      page.on("requestfailed", (request) => {
        const why = request.failure()?.errorText;
        // The browser fetches the icon when it has time; whoever leaves the page before takes that request along.
        const isIconLeftBehind = why === "net::ERR_ABORTED" && /\/icon-[^/]*\.svg$/.test(request.url());
        if (!isIconLeftBehind) note(`request failed: ${request.url()} ${why}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) note(`status ${response.status()}: ${response.url()}`);
      });
      await use();
      expect(problems, "problems in the page").toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens the page and waits until the program runs, which is when the static text has gone. */
export async function open(page, query = "") {
  await page.goto(`./${query}`);
  await expect(page.locator("#fallback")).toHaveCount(0);
}
