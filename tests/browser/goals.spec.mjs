// A learner's way through both examples to their goals: with the mouse, and again without one.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";
import { Keyboard } from "./keyboard.mjs";

const END = /^The journey is over|^Everything has come to rest/;
const completed = (page, count) => page.getByText(`Your progress: examples completed ${count}/2`, { exact: true });

test.describe("with the mouse", () => {
  test("a message of one's own, safe and committed", async ({ page }) => {
    await open(page);
    const figure = await new Figure(page).ready();
    const choice = (name) => figure.question.getByRole("button", { name });

    await figure.untilAsked("Who must have it before the web app is told that all is well?");
    const { step } = await figure.at();
    await figure.button("Next").click();
    await figure.expectStep(step);
    await choice("Every replica that is in sync").click();
    await expect(figure.verdict).toContainText("You were right");
    await figure.until(END);
    await figure.expectGoal(/a message of your own/, false);
    await expect(figure.goals).toContainText("still the lesson's message");

    await figure.edit.click();
    await figure.editor.getByRole("textbox", { name: "Message" }).fill('{"user_id": 7, "action": "login"}');
    await figure.editor.getByRole("combobox", { name: "How the partition is chosen" }).selectOption("key");
    await figure.editor.getByRole("button", { name: "Run it" }).click();
    await figure.untilAsked("Who must have it");
    await choice("Nobody: it was sent, that is enough").click();
    await expect(figure.verdict).toContainText("Not quite.");
    await expect(figure.verdict).toContainText("Every replica that is in sync");
    await figure.until(/^Committed offset/);
    await figure.expectGoal(/a message of your own/);
    await expect(completed(page, 1)).toBeVisible();
  });

  test("a failover without loss, a record processed twice, a record acknowledged and lost", async ({ page }) => {
    await open(page, "#/module/3/when-things-die");
    const figure = await new Figure(page).ready();

    await test.step("failover", async () => {
      await figure.until(/^Acknowledged/);
      await expect(figure.button("Start the dead broker")).toBeDisabled();
      await figure.button("Kill the leader").click();
      await figure.untilAsked("Which broker will lead?");
      // Anywhere on the broker: there its log is drawn.
      await figure.thing(/^Broker 1/).click({ force: true });
      await expect(figure.verdict).toContainText("You were right: Broker 1");
      await figure.button("Next").click();
      await expect(figure.question).toContainText("every record that the web app was told is safe");
      await figure.question.getByRole("button", { name: "Yes, all of them" }).click();
      await expect(figure.verdict).toContainText("You were right");
      await figure.until(/leads from now on/);
      await figure.expectGoal(/without losing anything/);
      await figure.button("Start the dead broker").click();
      await figure.until(/Broker 0 is unfenced/);
    });

    await test.step("processed twice", async () => {
      await figure.button("Start over").click();
      await figure.until(/processed offset 2/);
      await figure.button("Crash the consumer").click();
      await figure.until(/consumer's process is gone/);
      await figure.button("Start the consumer").click();
      await figure.until(END);
      await figure.expectGoal(/processed twice/);
      await expect(completed(page, 0)).toBeVisible();
    });

    await test.step("acknowledged and lost", async () => {
      await figure.edit.click();
      await figure.editor.getByRole("combobox", { name: "acks" }).selectOption("1");
      await figure.editor.getByRole("button", { name: "Run it" }).click();
      await figure.until(/^Committed/);
      await figure.button("Isolate the leader").click();
      await figure.until(/^Acknowledged/);
      await figure.button("Kill the leader").click();
      await figure.untilAsked("Which broker will lead?");
      await figure.question.getByRole("button", { name: "Broker 2" }).click();
      await expect(figure.verdict).toContainText("Not quite.");
      await expect(figure.verdict).toContainText("Broker 1");
      await figure.button("Next").click();
      await figure.question.getByRole("button", { name: "No, some are lost" }).click();
      await expect(figure.verdict).toContainText("You were right");
      await figure.until(/were safe are not in it/);
      await figure.expectGoal(/lose a record/);
      await expect(completed(page, 1)).toBeVisible();
    });
  });
});

test.describe("without a mouse", () => {
  test("a message of one's own, safe and committed", async ({ page }) => {
    await open(page);
    const figure = await new Figure(page).ready();
    const keys = new Keyboard(page);

    await keys.press("Tab");
    await keys.use(page.getByRole("link", { name: "To the figure" }));
    await keys.untilAsked(figure, "Who must have it");
    await keys.use(figure.question.getByRole("button", { name: "Every replica that is in sync" }), "Space");
    await expect(figure.verdict).toContainText("You were right");

    await keys.use(figure.edit);
    const message = figure.editor.getByRole("textbox", { name: "Message" });
    await keys.walkTo(message);
    await keys.press("ControlOrMeta+a");
    await page.keyboard.type("by keys alone");
    await expect(message).toHaveValue("by keys alone");
    const way = figure.editor.getByRole("combobox", { name: "How the partition is chosen" });
    await keys.walkTo(way);
    await keys.press("ArrowDown");
    await expect(way).toHaveValue("key");
    await keys.use(figure.editor.getByRole("button", { name: "Run it" }));
    await expect(figure.editor).toHaveCount(0);
    await keys.until(figure, /^Committed offset/);
    await figure.expectGoal(/a message of your own/);
    await expect(completed(page, 1)).toBeVisible();
  });

  test("a failover without loss, a record processed twice, a record acknowledged and lost", async ({ page }) => {
    await open(page);
    const figure = await new Figure(page).ready();
    const keys = new Keyboard(page);
    await keys.use(page.getByRole("button", { name: "When Things Die", exact: true }));
    await expect(figure.root).toHaveAccessibleName(/When Things Die/);

    await test.step("failover", async () => {
      await keys.until(figure, /^Acknowledged/);
      await keys.use(figure.button("Kill the leader"), "Space");
      await keys.untilAsked(figure, "Which broker will lead?");
      // Into the picture, then from thing to thing.
      await keys.walkTo(figure.thing(/^Controllers/));
      await keys.walkTo(figure.thing(/^Broker 1/), "ArrowDown");
      await keys.press("Enter");
      await expect(figure.verdict).toContainText("You were right: Broker 1");
      await keys.use(figure.button("Next"));
      await keys.use(figure.question.getByRole("button", { name: "Yes, all of them" }));
      await expect(figure.verdict).toContainText("You were right");
      await keys.use(figure.button("Next"));
      await figure.expectGoal(/without losing anything/);
    });

    await test.step("processed twice", async () => {
      await keys.use(figure.button("Start over"));
      await figure.expectStep(1);
      await keys.until(figure, /processed offset 2/);
      await keys.use(figure.button("Crash the consumer"));
      await keys.until(figure, /consumer's process is gone/);
      await keys.use(figure.button("Start the consumer"));
      await keys.until(figure, END);
      await figure.expectGoal(/processed twice/);
    });

    await test.step("acknowledged and lost", async () => {
      await keys.use(figure.edit);
      const acks = figure.editor.getByRole("combobox", { name: "acks" });
      await keys.walkTo(acks);
      await keys.press("ArrowDown");
      await expect(acks).toHaveValue("1");
      await keys.use(figure.editor.getByRole("button", { name: "Run it" }));
      await keys.until(figure, /^Committed/);
      await keys.use(figure.button("Isolate the leader"));
      await keys.until(figure, /^Acknowledged/);
      await keys.use(figure.button("Kill the leader"));
      await keys.until(figure, /were safe are not in it/);
      await figure.expectGoal(/lose a record/);
      await expect(completed(page, 1)).toBeVisible();
    });
  });

  test("keys play, pause and go through time, and are left to what needs them", async ({ page }) => {
    await open(page);
    const figure = await new Figure(page).ready();
    const keys = new Keyboard(page);
    await keys.press("ArrowRight", 2);
    await figure.expectStep(3);
    await keys.press("Space");
    await expect(figure.button("Pause")).toBeVisible();
    await keys.press("Space");
    await expect(figure.button("Play")).toBeVisible();
    await keys.press("Home");
    await figure.expectStep(1);

    // The bar, the speed and the picture use the arrows themselves.
    await keys.walkTo(figure.place);
    await keys.press("ArrowRight");
    await figure.expectStep(2);
    const speed = figure.root.getByRole("slider", { name: "Speed" });
    const before = Number(await speed.inputValue());
    await keys.walkTo(speed);
    await keys.press("ArrowRight");
    await expect(speed).toHaveValue(String(before + 1));
    await figure.expectStep(2);
    await keys.walkTo(figure.thing(/^Controllers/), "Shift+Tab");
    await keys.press("ArrowRight");
    await figure.expectStep(2);

    // In a field a letter is a letter.
    await keys.use(figure.edit);
    const message = figure.editor.getByRole("textbox", { name: "Message" });
    await keys.walkTo(message);
    await keys.press("End");
    await page.keyboard.type(" [x]");
    await keys.press("ArrowLeft");
    await expect(message).toHaveValue(/ \[x\]$/);
    await figure.expectStep(2);
    await expect(figure.button("Play")).toBeVisible();
    await expect(speed).toHaveValue(String(before + 1));
  });
});
