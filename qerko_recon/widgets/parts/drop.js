// A place for files: chosen in a dialogue or dropped, and given piece by piece as they are asked for.

let numbers = 0;

export default {
  render({ model, el }) {
    el.classList.add("qerko-drop");
    const label = document.createElement("label");
    const words = document.createElement("span");
    const input = document.createElement("input");
    const text = document.createElement("div");
    input.type = "file";
    input.multiple = true;
    // JupyterLab's shortcuts, such as D D, must not act while this has the focus.
    input.setAttribute("data-lm-suppress-shortcuts", "true");
    text.setAttribute("role", "status");
    text.setAttribute("aria-live", "polite");
    label.append(words, input);
    el.append(label, text);

    const waiting = [];
    let current = null;

    const begin = () => {
      if (current || !waiting.length) return;
      current = waiting.shift();
      model.send({ kind: "begin", id: current.id, name: current.file.name, size: current.file.size });
    };
    const take = (files) => {
      if (model.get("disabled")) return;
      for (const file of files) {
        numbers += 1;
        waiting.push({ id: `${Date.now()}-${numbers}`, file });
      }
      begin();
    };
    const heard = async (said) => {
      if (!current || said.id !== current.id) return;
      if (said.kind === "more") {
        let piece = new ArrayBuffer(0);
        try {
          piece = await current.file.slice(said.at, said.at + said.most).arrayBuffer();
        } catch { /* the file is gone or locked: an empty piece says so */ }
        model.send({ kind: "piece", id: said.id, at: said.at }, undefined, [piece]);
      } else if (said.kind === "done") {
        current = null;
        begin();
      }
    };
    const draw = () => {
      words.textContent = model.get("label");
      text.textContent = model.get("text");
      input.accept = model.get("accept");
      input.disabled = model.get("disabled");
      el.classList.toggle("qerko-off", model.get("disabled"));
    };
    input.addEventListener("change", () => {
      take(input.files);
      input.value = "";  // so that the same file can be chosen again
    });
    for (const name of ["dragenter", "dragover"]) {
      el.addEventListener(name, (event) => {
        event.preventDefault();
        event.stopPropagation();
        el.classList.add("qerko-over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      el.addEventListener(name, (event) => {
        event.preventDefault();
        event.stopPropagation();
        el.classList.remove("qerko-over");
        if (name === "drop") take(event.dataTransfer.files);
      });
    }
    model.on("msg:custom", heard);
    for (const name of ["label", "accept", "text", "disabled"]) model.on(`change:${name}`, draw);
    draw();
    return () => {
      model.off("msg:custom", heard);
      for (const name of ["label", "accept", "text", "disabled"]) model.off(`change:${name}`, draw);
    };
  },
};
