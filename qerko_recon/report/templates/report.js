"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const kind = document.getElementById("kind");
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const groups = [...document.querySelectorAll(".kind")].map((group) => ({
    group,
    breaks: [...group.querySelectorAll(".break")].map((one) => ({
      one, text: one.textContent.toLocaleLowerCase(),
    })),
  }));
  const filter = () => {
    const wanted = words.value.toLocaleLowerCase().trim();
    let count = 0, all = 0;
    for (const { group, breaks } of groups) {
      const chosen = !kind.value || group.dataset.kind === kind.value;
      let left = 0;
      for (const { one, text } of breaks) {
        one.hidden = !(chosen && text.includes(wanted));
        left += one.hidden ? 0 : 1;
      }
      group.hidden = left === 0;
      count += left;
      all += breaks.length;
    }
    shown.textContent = `${shown.dataset.label} ${count} / ${all}`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  kind.addEventListener("change", filter);
  words.addEventListener("input", filter);
  form.hidden = false;
  filter();
})();
