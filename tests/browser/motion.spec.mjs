// What runs, and when: nothing while it stands, only steps where less motion is wanted.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

/** Counts what the page asks the browser to call, and how often the canvas is painted anew. */
function countWork() {
  const work = { frames: 0, timers: 0, paints: 0 };
  const counted = (name, what) => {
    const original = window[name];
    window[name] = (call, ...rest) =>
      original.call(
        window,
        (...values) => {
          work[what] += 1;
          return call(...values);
        },
        ...rest,
      );
  };
  counted("requestAnimationFrame", "frames");
  counted("setTimeout", "timers");
  counted("setInterval", "timers");
  counted("requestIdleCallback", "timers");
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    work.paints += 1;
    return clear.apply(this, area);
  };
  window.work = work;
}

test.beforeEach(({ page }) => page.addInitScript(countWork));

const start = (page) => page.evaluate(() => Object.assign(work, { frames: 0, timers: 0, paints: 0 }));
const work = (page) => page.evaluate("work");

/** The page at a step with messages on their way, when all that its opening has caused is over. */
async function atRest(page, query = "") {
  await open(page, `${query}#/module/3/message-flow`);
  const figure = await new Figure(page).ready();
  await figure.place.fill("5");
  await expect(figure.picture).toHaveAccessibleName(/ [1-9]\d* messages? on the way/);
  await page.waitForTimeout(500);
  return figure;
}

/** So slow that the next step is most of a minute away. */
async function playSlowly(figure) {
  await figure.root.getByRole("slider", { name: "Speed" }).fill("0");
  await figure.button("Play").click();
  await expect(figure.button("Pause")).toBeVisible();
}

test("while it stands nothing is called and nothing is painted", async ({ page }) => {
  const figure = await atRest(page);
  await start(page);
  await page.waitForTimeout(2000);
  expect(await work(page)).toEqual({ frames: 0, timers: 0, paints: 0 });
  // Also after it has played, and after it has reached the end.
  await playSlowly(figure);
  await page.waitForTimeout(300);
  await figure.button("Pause").click();
  await figure.place.fill("1000");
  await page.waitForTimeout(300);
  await start(page);
  await page.waitForTimeout(1000);
  expect(await work(page)).toEqual({ frames: 0, timers: 0, paints: 0 });
});

test("while it plays the canvas moves between two steps", async ({ page }) => {
  const figure = await atRest(page);
  await playSlowly(figure);
  await start(page);
  await page.waitForTimeout(1000);
  expect((await work(page)).paints).toBeGreaterThan(5);
  await figure.expectStep(6);
});

for (const [name, query, reducedMotion] of [
  ["by the system", "", "reduce"],
  ["by the address", "?motion=reduced", "no-preference"],
]) {
  test(`less motion, wanted ${name}: the canvas is painted at steps only`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion });
    const figure = await atRest(page, query);
    await playSlowly(figure);
    await start(page);
    await page.waitForTimeout(1000);
    const between = await work(page);
    expect(between.frames, "time goes on").toBeGreaterThan(5);
    expect(between.paints).toBe(0);
    await figure.expectStep(6);
    // Faster, so that it comes to steps.
    await figure.root.getByRole("slider", { name: "Speed" }).fill("5");
    await expect.poll(async () => (await figure.at()).step).toBeGreaterThan(6);
    expect((await work(page)).paints).toBeGreaterThan(0);
    // No style moves either.
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
  });
}

test("less motion shows the same steps with the same hashes", async ({ page, embed }) => {
  const run = async (query) => {
    const host = await embed({ example: "message-flow", ...query });
    const { steps } = await host.first("ready");
    for (let step = 1; step < steps; step += 1) await host.obey("step");
    return host.messages("step");
  };
  const full = await run({});
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await run({})).toEqual(full);
  expect(await run({ motion: "reduced" })).toEqual(full);
});
