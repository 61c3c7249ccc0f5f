// Loads the program: its glue as a classic script, its WebAssembly by fetch.
//
// A sandboxed frame and a file on the disk have no origin. They may fetch nothing and run no module, whatever host the
// files come from, but a classic script they may load: there the bytes come as a script too (scripts/wasm-as-script).
var glassbroker = {
  load: function (glue, wasm) {
    "use strict";
    var hasOrigin = self.origin !== "null" && location.protocol !== "file:";
    var bytes = hasOrigin ? fetch(wasm) : this.fromScript(wasm + ".js");
    var parsed = new Promise(function (resolve) {
      if (document.readyState !== "loading") resolve();
      else document.addEventListener("DOMContentLoaded", resolve);
    });
    Promise.all([this.script(glue), parsed])
      .then(function () {
        return wasm_bindgen({ module_or_path: bytes });
      })
      .then(function (wasm) {
        dispatchEvent(new CustomEvent("TrunkApplicationStarted", { detail: { wasm: wasm } }));
      });
  },

  script: function (address) {
    return new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = function () {
        reject(new Error(address + " could not be loaded"));
      };
      document.head.append(script);
    });
  },

  // What the script calls: base64 of the gzipped WebAssembly.
  program: function (text) {
    this.text = text;
  },

  fromScript: function (address) {
    var self = this;
    return this.script(address).then(function () {
      var packed = Uint8Array.from(atob(self.text), function (letter) {
        return letter.charCodeAt(0);
      });
      delete self.text;
      var stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      return new Response(stream, { headers: { "Content-Type": "application/wasm" } });
    });
  },
};
