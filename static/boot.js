// Runs before the program: when that cannot start, says why in the static text, which then stays.
(function () {
  var started = false;

  // An embedded figure shows nothing until it is known whether the program runs.
  if (/[?&]embed=1(&|$)/.test(location.search)) document.documentElement.classList.add("embed");

  function reason(error) {
    if (typeof WebAssembly !== "object") return "this browser has no WebAssembly, or it is switched off.";
    if (error instanceof WebAssembly.CompileError || /unsafe-eval/.test(String(error))) {
      return "this browser, or a rule of this site, does not let WebAssembly run.";
    }
    return "the program that draws it could not be loaded. Reload the page to try again.";
  }

  function tell(error) {
    var text = document.getElementById("fallback");
    if (started || !text || text.classList.contains("failed")) return;
    text.classList.add("failed");
    var why = document.getElementById("fallback-why");
    why.hidden = false;
    why.className = "why";
    why.textContent = "The figure is missing because " + reason(error) + " The text stands without it.";
  }

  addEventListener("TrunkApplicationStarted", function () {
    started = true;
  });
  addEventListener("unhandledrejection", function (event) {
    tell(event.reason);
  });
  addEventListener(
    "error",
    function (event) {
      // A picture or a style that fails is not the program.
      if (event.target === window || event.target.nodeName === "SCRIPT") tell(event.error);
    },
    true,
  );
})();
