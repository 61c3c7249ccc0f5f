// Holds the demo page and its figures together, by messages alone.
(function () {
  "use strict";

  var VERSION = 1;
  var LOG_LENGTH = 60;

  /** The section of the figure that a message came from: a sandboxed frame is known by its window, not by its origin. */
  function sectionOf(source) {
    return Array.from(document.querySelectorAll("[data-figure]")).find(function (section) {
      return section.querySelector("iframe").contentWindow === source;
    });
  }

  function log(figure, arrow, message) {
    // What every message has stands in the entry's head.
    var rest = Object.assign({}, message);
    delete rest.glassbroker;
    delete rest.id;
    delete rest.type;
    if (rest.tables) rest.tables = rest.tables.length + " tables";
    var entry = document.createElement("li");
    if (message.type === "error" || message.type === "warning") entry.className = "wrong";
    var head = document.createElement("b");
    head.textContent = arrow + " " + figure + " " + message.type;
    var body = document.createElement("code");
    body.textContent = JSON.stringify(rest);
    entry.append(head, body);
    var list = document.getElementById("log");
    list.prepend(entry);
    while (list.children.length > LOG_LENGTH) list.lastElementChild.remove();
  }

  function place(section, words) {
    section.querySelector(".place").textContent = words;
  }

  /** What the page does with a message of a figure. */
  var heard = {
    ready: function (section, message) {
      place(section, "Step " + (message.step + 1) + " of " + message.steps + ".");
      section.querySelectorAll("button").forEach(function (button) {
        button.disabled = false;
      });
    },
    resize: function (section, message) {
      section.querySelector("iframe").style.height = message.height + "px";
    },
    step: function (section, message) {
      place(section, "Step " + (message.step + 1) + " of " + message.steps + ", state " + message.hash + ".");
    },
    "example-complete": function (section) {
      section.classList.add("complete");
      place(section, "Every goal of this example is reached.");
    },
  };

  addEventListener("message", function (event) {
    var section = sectionOf(event.source);
    var message = event.data;
    if (!section || !message || message.glassbroker !== VERSION) return;
    log(section.dataset.figure, "←", message);
    if (Object.hasOwn(heard, message.type)) heard[message.type](section, message);
  });

  addEventListener("click", function (event) {
    var button = event.target.closest("[data-say]");
    if (!button) return;
    var section = button.closest("[data-figure]");
    var message = Object.assign({ glassbroker: VERSION, id: section.dataset.figure }, JSON.parse(button.dataset.say));
    log(section.dataset.figure, "→", message);
    // A sandboxed frame has no origin that could be named here.
    section.querySelector("iframe").contentWindow.postMessage(message, "*");
  });

  // The frames are filled last: so nothing that they say is missed.
  addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("iframe").forEach(function (frame) {
      // No browser lets a sandboxed frame read files of the disk. Who opens a copy there trusts it anyway.
      if (location.protocol === "file:") frame.removeAttribute("sandbox");
      frame.src = frame.dataset.src;
    });
  });
})();
