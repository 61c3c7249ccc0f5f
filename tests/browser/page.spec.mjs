// The page as any static host serves it: it loads from a sub-path, in peace, and then asks for nothing more.

import { expect, open, test } from "./fixtures.mjs";

test("the page loads from a sub-path", async ({ page }) => {
  await open(page);
  await expect(page).toHaveTitle("Glassbroker: How Kafka Solves the Problem");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});

test("after it has loaded the page asks for nothing", async ({ page, requests, site }) => {
  await open(page);
  await page.waitForLoadState("networkidle");
  expect(requests.length).toBeGreaterThan(1);
  expect(requests.filter((address) => !address.startsWith(site.url))).toEqual([]);
  const loaded = requests.length;
  await page.mouse.move(700, 400);
  await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(1000);
  expect(requests.slice(loaded)).toEqual([]);
});
