// What the address may ask for; what it asks for in vain is said, and the page opens all the same.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

test("parameters of others are left alone", async ({ page }) => {
  await open(page, "?utm_source=mail&fbclid=1");
  await new Figure(page).ready();
  await expect(page.getByRole("alert")).toBeEmpty();
});

test("good parameters are obeyed", async ({ page }) => {
  await open(page, "?theme=dark&step=2&lang=en&motion=reduced&storage=none");
  await (await new Figure(page).ready()).expectStep(3);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByText("not kept")).toBeVisible();
  await expect(page.getByRole("alert")).toBeEmpty();
});

const BAD_PARAMETERS = [
  ["step=-1", "a whole number"],
  ["step=", "a whole number"],
  ["step=99999999999999999999", "a whole number"],
  ["seed=3.5", "a whole number"],
  ["theme=pink", "auto, light, dark or contrast"],
  ["theme=%E0%A4%A", "auto, light, dark or contrast"],
  ["module=0", "a module from 1 to 9"],
  ["module=ten", "a module from 1 to 9"],
  ["module=7", "this module has no content yet"],
  ["example=nothing", "there is no such example"],
  ["motion=wild", "reduced or full"],
  ["storage=cloud", "none or local"],
  ["controls=2", "none or all"],
  ["embed=yes", "1 or 0"],
  ["lang=tlh", "only en"],
  ["parent-origin=example.org", "an origin such as"],
  ["parent-origin=https://example.org/path", "an origin such as"],
  [`id=${"i".repeat(101)}`, "an id has at most 100 characters"],
];

test("bad parameters fall back, and each is told", async ({ page }) => {
  await open(page, `?${BAD_PARAMETERS.map(([pair]) => pair).join("&")}`);
  await (await new Figure(page).ready()).expectStep(1);
  await expect(page.locator("html")).not.toHaveAttribute("data-theme");
  await expect(page.getByRole("navigation", { name: "Modules" })).toBeVisible();
  const notice = page.getByRole("alert");
  await expect(notice).toContainText("Parts of the address were not understood");
  for (const [pair, why] of BAD_PARAMETERS) await expect(notice).toContainText(`${pair}: ${why}`);
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(notice).toBeEmpty();
});

test("what stands in the address is text and nothing else", async ({ page }) => {
  await open(page, "?example=%3Cimg src=x onerror=alert(1)%3E");
  await new Figure(page).ready();
  await expect(page.getByRole("alert")).toContainText("<img src=x onerror=alert(1)>");
});

const BAD_FRAGMENTS = [
  ["#/module/12", "there are modules 1 to 9"],
  ["#/module/x", "there are modules 1 to 9"],
  ["#nowhere", "there is no such page"],
  ["#/module/3/nothing", "There is no example named “nothing”"],
];

test("an address that leads nowhere opens Module 3 and says why", async ({ page }) => {
  for (const [fragment, why] of BAD_FRAGMENTS) {
    await page.goto("about:blank");
    await open(page, fragment);
    await new Figure(page).ready();
    await expect(page.getByRole("heading", { level: 1, name: "How Kafka Solves the Problem" })).toBeVisible();
    await expect(page.getByRole("alert")).toContainText(why);
  }
});
