// A button whose file is made when it is pressed, and comes in pieces.

export default {
  render({ model, el }) {
    el.classList.add("qerko-download");
    const button = document.createElement("button");
    const text = document.createElement("span");
    button.type = "button";
    // JupyterLab's shortcuts, such as D D, must not act while this has the focus.
    button.setAttribute("data-lm-suppress-shortcuts", "true");
    button.className = "jupyter-button widget-button";
    text.setAttribute("role", "status");
    text.setAttribute("aria-live", "polite");
    el.append(button, text);

    let coming = null;
    let isOurs = false;  // several views of one button: the file is for the one that was pressed

    const draw = () => {
      button.textContent = model.get("label");
      button.disabled = model.get("disabled") || model.get("is_busy");
      text.textContent = model.get("text");
    };
    const save = () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(coming.pieces));
      link.download = coming.name;
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      coming = null;
      isOurs = false;
      model.send({ kind: "saved" });
    };
    const goOn = () => (coming.have < coming.size ? model.send({ kind: "more", at: coming.have }) : save());
    const heard = (said, buffers) => {
      if (!isOurs) return;
      if (said.kind === "begin") {
        coming = { name: said.name, size: said.size, have: 0, pieces: [] };
        goOn();
      } else if (said.kind === "piece" && coming && said.at === coming.have) {
        coming.pieces.push(buffers[0]);
        coming.have += buffers[0].byteLength;
        goOn();
      }
    };
    button.addEventListener("click", () => {
      isOurs = true;
      model.send({ kind: "wanted" });
    });
    model.on("msg:custom", heard);
    const names = ["label", "text", "disabled", "is_busy"];
    for (const name of names) model.on(`change:${name}`, draw);
    draw();
    return () => {
      model.off("msg:custom", heard);
      for (const name of names) model.off(`change:${name}`, draw);
    };
  },
};
