// The nine modules of the course: one can be played, the others say that they have no content yet.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

const TITLES = [
  "Introduction to Kafka",
  "The Problem Statement",
  "How Kafka Solves the Problem",
  "Kafka Architecture (Deep Dive)",
  "Consumer Groups in Kafka",
  "Kafka Setup & Hands-On",
  "Kafka with Python",
  "Kafka Monitoring & Optimization",
  "Final Project - Real-Time Analytics Platform",
];

test("the way leads through nine modules and back to the one with content", async ({ page }) => {
  await open(page);
  const modules = page.getByRole("navigation", { name: "Modules" }).getByRole("link");
  await expect(modules).toHaveCount(9);
  for (const [index, title] of TITLES.entries()) {
    const link = modules.nth(index);
    const name = `Module ${index + 1}: ${title}${index === 2 ? "" : " (no content yet)"}`;
    await expect(link).toHaveAccessibleName(name);
    await link.click();
    await expect(link).toHaveAttribute("aria-current", "page");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
    await expect(page).toHaveTitle(`Glassbroker: ${title}`);
    await expect(page.getByRole("main")).toHaveCount(1);
    await expect(page.getByText("This module has no content yet")).toHaveCount(index === 2 ? 0 : 1);
    await expect(page.getByRole("figure")).toHaveCount(index === 2 ? 1 : 0);
  }
  await page.getByRole("link", { name: /^To Module 3/ }).click();
  await new Figure(page).ready();
});

test("how faithful it is stands a click away, and what was played waits", async ({ page }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  await figure.place.fill("3");
  const { step } = await figure.at();
  await page.getByRole("link", { name: "How faithful?" }).click();
  await expect(page).toHaveURL(/#\/fidelity$/);
  await expect(page).toHaveTitle("Glassbroker: How faithful is it?");
  await expect(page.getByRole("link", { name: "How faithful?" })).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("heading", { level: 1, name: "How faithful is it?" })).toBeVisible();
  const all = page.getByRole("row", { name: /^all/ });
  await expect(all.getByRole("cell").nth(3)).toHaveText("0");
  await expect(page.getByRole("row", { name: "leader dies next in isr" }).getByRole("cell").last()).toHaveText("equal");
  // Keys move the page here, not the figure that is not shown.
  await page.keyboard.press("End");
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(500);
  await page.goBack();
  await new Figure(page).ready();
  await figure.expectStep(step);
});

test("the browser's back and forward lead through modules and examples", async ({ page }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  const heading = page.getByRole("heading", { level: 1 });
  await page.getByRole("navigation", { name: "Examples" }).getByRole("button", { name: "When Things Die" }).click();
  await expect(figure.root).toHaveAccessibleName(/When Things Die/);
  await page.getByRole("link", { name: /^Module 5/ }).click();
  await expect(heading).toHaveText(TITLES[4]);
  await page.goBack();
  await expect(figure.root).toHaveAccessibleName(/When Things Die/);
  await page.goBack();
  await expect(figure.root).toHaveAccessibleName(/Kafka Message Flow/);
  await page.goForward();
  await page.goForward();
  await expect(heading).toHaveText(TITLES[4]);
});

test("an example's address opens it", async ({ page }) => {
  await open(page, "#/module/3/when-things-die");
  await expect((await new Figure(page).ready()).root).toHaveAccessibleName(/When Things Die/);
});
