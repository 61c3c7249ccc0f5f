// Somebody who has no mouse: everything is reached and done by keys.

import { expect } from "@playwright/test";

const hasFocus = (element) => element === document.activeElement;

export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  async press(key, times = 1) {
    for (let count = 0; count < times; count += 1) await this.page.keyboard.press(key);
  }

  /** Goes from one thing to the next by a key until it has come to the wanted one, and can see that it has. */
  async walkTo(target, key = "Tab", limit = 120) {
    await expect(target).toBeVisible();
    for (let count = 0; !(await target.evaluate(hasFocus)); count += 1) {
      expect(count, `${key} does not lead to ${target}`).toBeLessThan(limit);
      await this.press(key);
    }
    expect(await target.evaluate((element) => element.matches(":focus-visible"))).toBe(true);
  }

  /** Presses a button: walks to it, then Enter or Space. */
  async use(button, key = "Enter") {
    await this.walkTo(button);
    await this.press(key);
  }

  /** Goes on by the arrow key until a sentence says so; skips the questions. */
  async until(figure, sentence) {
    await this.#goOn(figure, async ({ sentence: said }) => sentence.test(said), sentence);
  }

  /** Goes on by the arrow key until a question with these words is asked; skips the others. */
  async untilAsked(figure, words) {
    await this.#goOn(figure, () => figure.question.getByText(words).isVisible(), words);
  }

  async #goOn(figure, isThere, what) {
    for (let at = await figure.at(); !(await isThere(at)); at = await figure.at()) {
      expect(at.step, `it does not come to ${what}`).toBeLessThan(at.steps);
      if (await figure.question.isVisible()) await this.use(figure.question.getByRole("button", { name: "Skip" }));
      await this.press("ArrowRight");
      await figure.expectStep(at.step + 1);
    }
  }
}
