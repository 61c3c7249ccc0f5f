// Editing what is run: the output follows from what was chosen, and what makes no sense is refused at its field.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

/** The page with the editor open. */
async function edit(page) {
  await open(page);
  const figure = await new Figure(page).ready();
  await figure.edit.click();
  return figure;
}

const run = (figure) => figure.editor.getByRole("button", { name: "Run it" });
const message = (figure) => figure.editor.getByRole("textbox", { name: "Message" });
const way = (figure) => figure.editor.getByRole("combobox", { name: "How the partition is chosen" });
const number = (figure, name) => figure.editor.getByRole("spinbutton", { name });

/** Runs what was chosen to its end; returns the expected output in words, by line. */
async function output(page, figure) {
  await run(figure).click();
  await expect(figure.editor).toHaveCount(0);
  await figure.place.fill("1000");
  const table = page.getByRole("table", { name: /What happened to the message/ });
  await expect(table).toBeVisible();
  const rows = await table.getByRole("row").evaluateAll((rows) => rows.slice(1).map((row) => [...row.cells].map((cell) => cell.innerText)));
  const where = await page.getByText(/^Topic user-events, partition/).innerText();
  return { where, ...Object.fromEntries(rows) };
}

test("the message itself", async ({ page }) => {
  const figure = await edit(page);
  const text = '{"user_id": 9, "action": "<b>logout</b> & more"}';
  await message(figure).fill(text);
  const before = await page.getByText(/^Topic user-events/).count();
  expect(before, "nothing has been sent yet").toBe(0);
  const { where } = await output(page, figure);
  expect(where).toBe("Topic user-events, partition 0, offset 3.");
  await expect(page.getByText(text, { exact: true }).first()).toBeVisible();
  await figure.expectGoal(/a message of your own/);
});

test("a key: its arithmetic leads to its partition", async ({ page }) => {
  const figure = await edit(page);
  await number(figure, "Partitions").fill("6");
  await way(figure).selectOption("key");
  const arithmetic = figure.editor.getByText(/^murmur2 = /);
  // What org.apache.kafka.common.utils.Utils.murmur2 says of these keys.
  for (const [key, hash] of [
    ["21", -973932308],
    ["foobar", -790332482],
    ["", 275646681],
  ]) {
    await figure.editor.getByRole("textbox", { name: "Key" }).fill(key);
    const positive = hash & 0x7fffffff;
    const partition = positive % 6;
    await expect(arithmetic).toHaveText(
      `murmur2 = ${hash}; without its sign bit ${positive}; ${positive} mod 6 = partition ${partition}`,
    );
  }
  await figure.editor.getByRole("textbox", { name: "Key" }).fill("foobar");
  const partition = (-790332482 & 0x7fffffff) % 6;
  const { where } = await output(page, figure);
  expect(where).toMatch(new RegExp(`^Topic user-events, partition ${partition}, offset \\d+\\.$`));
  await figure.button("To the beginning").click();
  await figure.button("Next").click();
  await expect(figure.root.getByText(new RegExp(`murmur2 gives -790332482.*partition ${partition}\\.`))).toBeVisible();
});

test("a partition by its number", async ({ page }) => {
  const figure = await edit(page);
  await number(figure, "Partitions").fill("3");
  await way(figure).selectOption("number");
  await number(figure, "Partition number").fill("2");
  expect((await output(page, figure)).where).toMatch(/partition 2, offset \d+\./);
});

test("replication factor 1: nobody copies it", async ({ page }) => {
  const figure = await edit(page);
  await number(figure, "Replication factor").fill("1");
  const lines = await output(page, figure);
  expect(Object.keys(lines).filter((name) => name.startsWith("Copied by"))).toEqual([]);
  expect(lines["Acknowledged to the producer"]).toMatch(/ms$/);
  await expect(page.getByText(/one round trip of the producer/)).toBeVisible();
});

test("acks=0: no offset is promised, and no answer is waited for", async ({ page }) => {
  const figure = await edit(page);
  await figure.editor.getByRole("combobox", { name: "acks" }).selectOption("0");
  const lines = await output(page, figure);
  const ms = (name) => Number(/^([\d.]+) ms$/.exec(lines[name])[1]);
  expect(ms("Acknowledged to the producer")).toBeLessThanOrEqual(ms("Appended by the leader"));
  await expect(page.getByText(/nothing was promised/)).toBeVisible();
  await figure.until(/It will never learn an offset/).catch(() => figure.button("To the beginning").click());
  await figure.expectGoal(/a message of your own/, false);
});

test("acks=1: the leader answers before the others have it", async ({ page }) => {
  const figure = await edit(page);
  await figure.editor.getByRole("combobox", { name: "acks" }).selectOption("1");
  const lines = await output(page, figure);
  const ms = (name) => Number(/^([\d.]+) ms$/.exec(lines[name])[1]);
  expect(ms("Acknowledged to the producer")).toBeLessThan(ms("Below the high watermark"));
});

test("what makes no sense is refused at its field", async ({ page }) => {
  const figure = await edit(page);
  const complaint = figure.editor.getByRole("alert");
  const refused = async (words) => {
    await expect(complaint).toHaveText(words);
    await expect(run(figure)).toBeDisabled();
  };
  for (const [name, value, words] of [
    ["Replication factor", "0", "0 replicas need as many brokers, and there are 3."],
    ["Replication factor", "4", "4 replicas need as many brokers, and there are 3."],
    ["Replication factor", "", /replicas need as many brokers/],
    ["Partitions", "0", "Between 1 and 6 partitions here."],
    ["Partitions", "7", "Between 1 and 6 partitions here."],
    ["Partitions", "99999999999", "Between 1 and 6 partitions here."],
  ]) {
    const field = number(figure, name);
    const good = await field.inputValue();
    await field.fill(value);
    await refused(words);
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(words);
    await field.fill(good);
    await expect(complaint).toHaveCount(0);
    await expect(field).not.toHaveAttribute("aria-invalid", "true");
  }
  await way(figure).selectOption("number");
  for (const value of ["1", "-1"]) {
    await number(figure, "Partition number").fill(value);
    await refused(`There is no partition ${value}: they are numbered 0 to 0.`);
  }
  await way(figure).selectOption("key");
  await figure.editor.getByRole("textbox", { name: "Key" }).fill("k".repeat(201));
  await refused("The key has 201 bytes; at most 200 here.");
  await figure.editor.getByRole("textbox", { name: "Key" }).fill("k");
  await message(figure).fill("é".repeat(1001));
  await refused("The message has 2002 bytes; at most 2000 here.");
  await figure.editor.getByRole("button", { name: "As in the lesson" }).click();
  await expect(complaint).toHaveCount(0);
  await expect(run(figure)).toBeEnabled();
  await expect(message(figure)).toHaveValue(/user_id/);
});

test("Enter in a field runs it, and Close leaves the run as it is", async ({ page }) => {
  const figure = await edit(page);
  await figure.place.fill("4");
  await number(figure, "Partitions").fill("2");
  await figure.editor.getByRole("button", { name: "Close" }).click();
  await expect(figure.editor).toHaveCount(0);
  await figure.expectStep(5);
  await expect(figure.root.getByText("partitions 1")).toBeVisible();
  await figure.edit.click();
  await expect(number(figure, "Partitions"), "what was not run is forgotten").toHaveValue("1");
  await number(figure, "Partitions").fill("2");
  await number(figure, "Partitions").press("Enter");
  await expect(figure.root.getByText("partitions 2")).toBeVisible();
  await figure.expectStep(1);
});
