// The demo page: two figures in a page that knows only their messages.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { Figure } from "./figure.mjs";
import { expect, test } from "./fixtures.mjs";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

/** One of the page's two figures, from outside and from inside. */
class Demo {
  constructor(page, title) {
    this.section = page.getByRole("region", { name: title });
    this.frame = this.section.locator("iframe");
    this.inside = new Figure(this.frame.contentFrame());
  }

  button(name) {
    return this.section.getByRole("button", { name, exact: true });
  }

  /** Presses a button by key: right after it has scrolled a browser may still route clicks to where a frame was. */
  async press(name) {
    await this.button(name).press("Enter");
  }

  async expectPlace(words) {
    await expect(this.section.getByText(words)).toBeVisible();
  }
}

async function openDemo(page, address = "./static/embed-demo.html") {
  await page.goto(address);
  const flow = new Demo(page, "Kafka Message Flow");
  const failures = new Demo(page, "When Things Die");
  for (const demo of [flow, failures]) await expect(demo.button("Step forward")).toBeEnabled({ timeout: 20_000 });
  return { flow, failures, log: page.getByRole("complementary").getByRole("listitem") };
}

test("buttons drive each figure, and the log tells what goes between", async ({ page }) => {
  const { flow, failures, log } = await openDemo(page);
  await flow.expectPlace("Step 1 of 21");
  await flow.press("Step forward");
  await flow.expectPlace("Step 2 of 21");
  await flow.inside.expectStep(2);
  await failures.expectPlace("Step 1 of 20");
  await flow.press("Step back");
  await flow.inside.expectStep(1);

  await failures.press("To step 7");
  await failures.inside.expectStep(8);
  await failures.press("Get state");
  await expect(log.filter({ hasText: "← failures state" }).first()).toContainText(/"\d tables"/);
  await failures.press("Kill broker 0");
  await expect(failures.inside.thing(/^Broker 0/)).toHaveAccessibleName(/down|dead|not running/);
  await failures.press("Start broker 0");
  await expect(failures.inside.thing(/^Broker 0/)).not.toHaveAccessibleName(/down|dead|not running/);
  await failures.press("Start broker 0");
  await expect(log.filter({ hasText: "← failures error" }).first()).toContainText("broker 0 is running already");
  await failures.press("Reset");
  await failures.expectPlace("Step 1 of 20");

  await flow.press("Send nonsense");
  await expect(log.filter({ hasText: "→ flow explode" })).toHaveCount(1);
  await expect(log.filter({ hasText: "← flow error" })).toContainText('\\"explode\\" is not known');
  const heads = await log.getByText(/^[→←] flow/).allInnerTexts();
  expect(heads.indexOf("← flow error"), "newest first").toBeLessThan(heads.indexOf("→ flow explode"));
  await failures.press("Dark theme");
  await expect(failures.frame.contentFrame().locator("html")).toHaveAttribute("data-theme", "dark");

  for (let count = 0; count < 40; count += 1) await flow.press("One message on");
  await expect(log).toHaveCount(60);
});

test("each frame is as high as its figure", async ({ page }) => {
  const { flow, failures } = await openDemo(page);
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const { frame } of [flow, failures]) {
      await expect(frame).toHaveAttribute("style", /height/);
      // Off screen a frame learns of its own size only later.
      await frame.scrollIntoViewIfNeeded();
      const root = frame.contentFrame().locator("html");
      await expect.poll(() => root.evaluate((root) => root.scrollHeight - innerHeight)).toBe(0);
      const app = await frame.contentFrame().locator("#app").evaluate((app) => Math.ceil(app.getBoundingClientRect().height));
      await expect(frame).toHaveCSS("height", `${app}px`);
    }
  }
});

test("it is accessible, and fits, in light and dark, wide and narrow", async ({ page }) => {
  for (const [colorScheme, width] of [
    ["light", 1440],
    ["dark", 390],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const { flow } = await openDemo(page);
    await flow.press("Send nonsense");
    const axe = new AxeBuilder({ page }).exclude("iframe").options({ preload: false });
    expect((await axe.analyze()).violations).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  }
});

test("it needs no inline script and no inline style", async ({ page }) => {
  await page.route("**/embed-demo.html", async (route) => {
    const response = await route.fetch();
    const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; frame-src 'self'";
    await route.fulfill({ response, headers: { ...response.headers(), "Content-Security-Policy": policy } });
  });
  const { flow } = await openDemo(page);
  await flow.press("Step forward");
  await flow.expectPlace("Step 2 of 21");
});

test("a copy on the disk works, and so does the course", async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), "glassbroker-"));
  try {
    await cp(DIST, folder, { recursive: true });
    await page.goto(pathToFileURL(join(folder, "index.html")).href);
    await (await new Figure(page).ready()).button("Next").click();
    const { failures } = await openDemo(page, pathToFileURL(join(folder, "static/embed-demo.html")).href);
    await failures.press("To step 7");
    await failures.inside.expectStep(8);
  } finally {
    await rm(folder, { recursive: true });
  }
});
