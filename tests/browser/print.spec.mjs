// On paper: the text and the picture as they stand, without buttons.

import { EXAMPLES, Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

for (const example of EXAMPLES) {
  test(`${example} prints its text and the last state of its picture`, async ({ page }) => {
    await open(page, `#/module/3/${example}`);
    const figure = await new Figure(page).ready();
    await figure.place.fill("6");
    const { sentence } = await figure.at();
    await page.emulateMedia({ media: "print" });
    await expect(figure.picture).toBeVisible();
    await expect(figure.root.getByText(sentence)).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("heading", { name: "What to take with you" })).toBeVisible();
    await expect(figure.goals).toBeVisible();
    await expect(figure.button("Next")).toBeHidden();
    await expect(page.getByRole("banner")).toBeHidden();
    // Nothing is behind a scrollbar, nothing sticks over the text, and ink is dark on white.
    const box = await figure.root.evaluate((figure) => {
      const style = getComputedStyle(figure);
      return { cut: figure.scrollHeight - figure.clientHeight, position: style.position };
    });
    expect(box.cut).toBeLessThanOrEqual(1);
    expect(["static", "relative"]).toContain(box.position);
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.length).toBeGreaterThan(10_000);
  });
}
