// "Examples completed n/m": counts what the learner brought about, survives a reload, and is never overwritten blindly.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

const KEY = "glassbroker.progress";
/** What the last step of each example says. */
const END = /^The journey is over|^Everything has come to rest/;
const stored = (page) => page.evaluate((key) => localStorage.getItem(key), KEY);
const count = (page, completed) => page.getByText(`Your progress: examples completed ${completed}/2`, { exact: true });

for (const [example, goals] of [
  ["message-flow", 1],
  ["when-things-die", 3],
]) {
  test(`pressing Next to the end of ${example} completes nothing`, async ({ page }) => {
    await open(page, `#/module/3/${example}`);
    const figure = await new Figure(page).ready();
    await figure.until(END);
    await expect(figure.goals.getByText("(not yet)")).toHaveCount(goals);
    await expect(figure.goals.getByText("(reached)")).toHaveCount(0);
    await expect(count(page, 0)).toBeVisible();
    expect(await stored(page)).toBeNull();
  });
}

test("a completed example is counted, kept over a reload, and can be reset", async ({ page }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  await expect(count(page, 0)).toBeVisible();
  await figure.edit.click();
  await figure.editor.getByRole("textbox", { name: "Message" }).fill("mine");
  await figure.editor.getByRole("button", { name: "Run it" }).click();
  await expect(count(page, 0)).toBeVisible();
  await figure.until(END);
  await figure.expectGoal(/a message of your own/);
  await expect(count(page, 1)).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Examples completed" })).toHaveAttribute("value", "1");
  await expect(page.getByRole("button", { name: "Kafka Message Flow (completed)" })).toBeVisible();

  await page.reload();
  await figure.ready();
  await expect(count(page, 1)).toBeVisible();
  await figure.expectGoal(/a message of your own/);

  await page.getByRole("button", { name: "Reset" }).click();
  await expect(count(page, 0)).toBeVisible();
  await figure.expectGoal(/a message of your own/, false);
  await page.reload();
  await figure.ready();
  await expect(count(page, 0)).toBeVisible();
});

for (const [name, text, why] of [
  ["damaged", '{"version":1,"goals":', "cannot be read"],
  ["of another shape", '{"version":1,"goals":{"message-flow":["explode"]}}', "damaged"],
  ["without a version", '{"goals":{}}', "does not say its version"],
  ["of a newer version", '{"version":7,"stars":3}', "newer than this page"],
  ["no JSON at all", "yes", "cannot be read"],
]) {
  test(`stored progress that is ${name} is told and left alone`, async ({ page }) => {
    await page.addInitScript(([key, text]) => localStorage.setItem(key, text), [KEY, text]);
    await open(page);
    const figure = await new Figure(page).ready();
    await expect(page.getByRole("alert")).toContainText("Your progress is not kept this time");
    await expect(page.getByRole("alert")).toContainText(why);
    await expect(page.getByText("not kept", { exact: true })).toBeVisible();
    await figure.edit.click();
    await figure.editor.getByRole("textbox", { name: "Message" }).fill("mine");
    await figure.editor.getByRole("button", { name: "Run it" }).click();
    await figure.place.fill("1000");
    await figure.expectGoal(/a message of your own/);
    expect(await stored(page)).toBe(text);
  });
}
