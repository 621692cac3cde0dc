// A button that says whether what it controls is shown; Enter and Space work it as any button.
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "qerko-disclosure-button";
  button.setAttribute("data-lm-suppress-shortcuts", "true");
  const draw = () => {
    button.textContent = model.get("title");
    button.setAttribute("aria-expanded", String(model.get("is_open")));
  };
  button.addEventListener("click", () => {
    model.set("is_open", !model.get("is_open"));
    model.save_changes();
  });
  model.on("change:title", draw);
  model.on("change:is_open", draw);
  draw();
  el.appendChild(button);
}
export default { render };
