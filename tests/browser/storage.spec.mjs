// Where the browser keeps nothing the page works, and says that progress is not kept.

import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

/** Reaches the first example's goal. */
async function complete(scope) {
  const figure = await new Figure(scope).ready();
  await figure.edit.click();
  await figure.editor.getByRole("textbox", { name: "Message" }).fill("mine");
  await figure.editor.getByRole("button", { name: "Run it" }).click();
  await figure.place.fill("1000");
  await figure.expectGoal(/a message of your own/);
}

async function expectNotKept(scope) {
  await expect(scope.getByText("not kept")).toBeVisible();
  await expect(scope.getByRole("alert")).toBeEmpty();
  await complete(scope);
  await expect(scope.getByText("Your progress: examples completed 1/2")).toBeVisible();
}

test("in a sandboxed frame", async ({ page, site }) => {
  const address = `${site.origin}/frame`;
  const body = `<!doctype html><title>Frame</title><iframe sandbox="allow-scripts" width="1300" height="850" src="${site.url}"></iframe>`;
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(address);
  await expectNotKept(page.frameLocator("iframe"));
});

for (const [name, deny] of [
  [
    "where storage must not be touched",
    () =>
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("Access is denied for this document.", "SecurityError");
        },
      }),
  ],
  ["where there is no storage", () => Object.defineProperty(window, "localStorage", { value: null })],
  [
    "where storage is full",
    () => {
      Storage.prototype.setItem = () => {
        throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
      };
    },
  ],
  ["where storage forgets", () => (Storage.prototype.setItem = () => {})],
]) {
  test(name, async ({ page }) => {
    await page.addInitScript(deny);
    await open(page);
    await expectNotKept(page);
    await page.getByRole("combobox", { name: "Theme" }).selectOption("dark");
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  });
}
