// axe finds nothing to complain of: in each theme, in each state that looks different.

import AxeBuilder from "@axe-core/playwright";
import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

async function expectAccessible(page, what, rules) {
  await test.step(what, async () => {
    const axe = new AxeBuilder({ page }).options({ preload: false });
    const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
    expect(found, what).toEqual([]);
  });
}

for (const [theme, colorScheme] of [
  ["light", "dark"],
  ["dark", "light"],
  ["contrast", "light"],
  ["contrast", "dark"],
]) {
  test(`the ${theme} theme, on a ${colorScheme} system`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await open(page, "#/module/3/when-things-die");
    const figure = await new Figure(page).ready();
    await page.getByRole("combobox", { name: "Theme" }).selectOption(theme);
    // One theme differs from another in its colours.
    const rules = theme === "light" ? undefined : ["color-contrast"];
    await expectAccessible(page, "at the beginning", rules);
    await figure.until(/^The web app sends/);
    await expectAccessible(page, "with messages on their way", rules);
    await figure.until(/^Acknowledged/);
    await figure.button("Crash the consumer").click();
    await figure.button("Kill the leader").click();
    await figure.untilAsked("Which broker will lead?");
    await expectAccessible(page, "with dead processes and a question", rules);
    await figure.question.getByRole("button", { name: "Broker 2" }).click();
    await figure.button("Show the state in tables").click();
    await expectAccessible(page, "with a wrong answer, two futures and the tables", rules);
    await figure.button("Hide the state in tables").click();
    await figure.thing(/^offset 0 on broker 1/).focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("complementary", { name: "Inspector" })).toBeVisible();
    for (const more of await page.getByRole("complementary").getByText(/settings, \d+ of them/).all()) await more.click();
    await expectAccessible(page, "with the inspector of a record", rules);
    await page.keyboard.press("Escape");

    await page.getByRole("button", { name: "Kafka Message Flow" }).click();
    await figure.edit.click();
    await figure.editor.getByRole("combobox", { name: "How the partition is chosen" }).selectOption("key");
    await figure.editor.getByRole("spinbutton", { name: "Replication factor" }).fill("9");
    await page.evaluate(() => (location.hash = "#/module/33"));
    await expect(page.getByRole("alert").filter({ hasText: "modules 1 to 9" })).toBeVisible();
    await expectAccessible(page, "with the editor, a complaint and a notice", rules);

    await page.getByRole("link", { name: /^Module 8/ }).click();
    await expect(page.getByText("This module has no content yet")).toBeVisible();
    await expectAccessible(page, "on a module without content", rules);
    await page.getByRole("link", { name: "How faithful?" }).click();
    await expect(page.getByRole("heading", { name: "How faithful is it?" })).toBeVisible();
    await expectAccessible(page, "on the page about fidelity", rules);
  });
}

test("on a narrow screen, and as a figure to be embedded", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  const figure = await new Figure(page).ready();
  await figure.place.fill("4");
  await expectAccessible(page, "narrow");
  await open(page, "?embed=1&example=when-things-die&step=8");
  await figure.ready();
  await expectAccessible(page, "embedded");
});
