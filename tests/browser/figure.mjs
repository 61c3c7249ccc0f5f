// The figure as a person finds it: by roles and words.

import { expect } from "@playwright/test";

export const EXAMPLES = ["message-flow", "when-things-die"];

/** A figure, in the page itself or in a frame. */
export class Figure {
  constructor(scope) {
    this.scope = scope;
    this.root = scope.getByRole("figure", { name: /step by step/ });
    this.picture = this.root.getByRole("group", { name: /^Kafka cluster at/ });
    this.place = this.root.getByRole("slider", { name: "Idea step" });
    this.question = this.root.getByRole("region", { name: "What do you think?" });
    this.verdict = this.root.getByRole("status").filter({ hasText: /You were right|Not quite/ });
    this.edit = this.root.getByRole("button", { name: /^(Edit message|Change settings)$/ });
    this.editor = scope.getByRole("form", { name: "What to run" });
    this.futures = this.root.getByRole("group", { name: "Futures" });
    this.goals = scope.getByRole("region", { name: "Goals" });
  }

  button(name) {
    return this.root.getByRole("button", { name, exact: true });
  }

  /** A thing of the picture, by what a screen reader says of it. */
  thing(name) {
    return this.picture.getByRole("button", { name });
  }

  /** Waits for the figure, and then for nothing: what follows a click is there when the click returns. */
  async ready() {
    await expect(this.picture).toBeVisible();
    return this;
  }

  /** Where the person stands: `{step, steps, sentence}`, the step counted from 1 as the page says it. */
  async at() {
    const words = await this.place.getAttribute("aria-valuetext");
    const [, step, steps, sentence] = /^Step (\d+) of (\d+): (.*)$/.exec(words);
    return { step: Number(step), steps: Number(steps), sentence };
  }

  async expectStep(step) {
    await expect(this.place).toHaveAttribute("aria-valuetext", new RegExp(`^Step ${step} of `));
  }

  /** Goes on with the mouse, one idea step after the other, until a sentence says so; skips the questions. */
  async until(sentence) {
    await this.#goOn(async ({ sentence: said }) => sentence.test(said), sentence);
  }

  /** Goes on with the mouse until a question with these words is asked; skips the others. */
  async untilAsked(words) {
    await this.#goOn(() => this.question.getByText(words).isVisible(), words);
  }

  async #goOn(isThere, what) {
    for (let at = await this.at(); !(await isThere(at)); at = await this.at()) {
      expect(at.step, `it does not come to ${what}`).toBeLessThan(at.steps);
      if (await this.question.isVisible()) await this.question.getByRole("button", { name: "Skip" }).click();
      await this.button("Next").click();
      await this.expectStep(at.step + 1);
    }
  }

  /** Expects that the goal with these words is reached, or is not yet. */
  async expectGoal(words, reached = true) {
    const goal = this.goals.getByRole("listitem").filter({ hasText: words });
    await expect(goal.getByText(reached ? "(reached)" : "(not yet)")).toHaveCount(1);
  }
}
