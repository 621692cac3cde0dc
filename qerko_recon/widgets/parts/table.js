// A page of rows as a grid: sorted by its headings, picked by click, arrow keys and Enter.
// Everything is written as text, so that no value is ever taken for HTML.

function made(name, attributes = {}, text = null) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return node;
}

// A notebook's own shortcuts (arrows, D D) must not act while a row or a button of ours has the
// focus. JupyterLab looks for this on the very element that has it.
const OURS = { "data-lm-suppress-shortcuts": "true" };

export default {
  render({ model, el }) {
    el.classList.add("qerko-table");
    const scroller = made("div", { class: "qerko-scroller" });
    const table = made("table", { role: "grid", "aria-label": model.get("caption") });
    const head = made("thead");
    const body = made("tbody");
    const pager = made("div", { class: "qerko-pager" });
    const previous = made("button", { type: "button", ...OURS });
    const next = made("button", { type: "button", ...OURS });
    const range = made("span", { "aria-live": "polite" });
    table.append(head, body);
    scroller.append(table);
    pager.append(previous, range, next);
    el.append(scroller, pager);

    const set = (changes) => {
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      model.save_changes();
    };

    const drawHead = () => {
      const row = made("tr", { role: "row" });
      for (const column of model.get("columns")) {
        const cell = made("th", { scope: "col", role: "columnheader" });
        cell.classList.toggle("qerko-number", column.number);
        if (!column.sortable) {
          cell.textContent = column.label;
        } else {
          const isSorted = model.get("sorted_by") === column.name;
          const isDescending = model.get("is_descending");
          const way = isDescending ? "descending" : "ascending";
          cell.setAttribute("aria-sort", isSorted ? way : "none");
          const mark = isSorted ? (isDescending ? " ▼" : " ▲") : "";
          const button = made("button", {
            type: "button", title: column.sort_label, "data-column": column.name, ...OURS,
          }, column.label + mark);
          button.addEventListener("click", () => set({
            sorted_by: column.name, is_descending: isSorted ? !isDescending : false,
          }));
          cell.append(button);
        }
        row.append(cell);
      }
      const focused = head.contains(document.activeElement)
        ? document.activeElement.dataset.column : null;
      head.replaceChildren(row);
      if (focused) head.querySelector(`[data-column="${CSS.escape(focused)}"]`)?.focus();
    };

    const marked = () => {
      const selected = model.get("selected");
      const rows = [...body.children];
      let tabbed = rows.find((row) => row.dataset.key === selected && selected !== "");
      tabbed ??= rows[0];
      for (const row of rows) {
        const isSelected = selected !== "" && row.dataset.key === selected;
        row.setAttribute("aria-selected", String(isSelected));
        row.tabIndex = row === tabbed ? 0 : -1;
      }
      if (selected !== "" && tabbed?.dataset.key === selected) intoView(tabbed);
    };

    // Within the table alone: the page itself must not jump.
    const intoView = (row) => {
      const top = row.offsetTop - head.offsetHeight;
      const bottom = row.offsetTop + row.offsetHeight;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (bottom > scroller.scrollTop + scroller.clientHeight) {
        scroller.scrollTop = bottom - scroller.clientHeight;
      }
    };

    const drawBody = () => {
      const columns = model.get("columns");
      const keys = model.get("row_keys");
      const tones = model.get("tones");
      const hadFocus = body.contains(document.activeElement);
      body.replaceChildren(...model.get("rows").map((cells, place) => {
        const row = made("tr", { role: "row", "data-key": keys[place], ...OURS });
        if (tones[place]) row.classList.add(`qerko-tone-${tones[place]}`);
        cells.forEach((text, at) => {
          const cell = made("td", { role: "gridcell" }, text);
          cell.classList.toggle("qerko-number", columns[at].number);
          cell.classList.toggle("qerko-wide", columns[at].wide);
          row.append(cell);
        });
        return row;
      }));
      marked();
      if (hadFocus) body.querySelector('[tabindex="0"]')?.focus();
    };

    const drawPager = () => {
      const texts = model.get("texts");
      previous.textContent = texts.previous;
      next.textContent = texts.next;
      range.textContent = model.get("range_text");
      previous.disabled = model.get("page") <= 0;
      next.disabled = model.get("page") >= model.get("pages") - 1;
      previous.hidden = next.hidden = model.get("pages") <= 1;
    };

    previous.addEventListener("click", () => set({ page: model.get("page") - 1 }));
    next.addEventListener("click", () => set({ page: model.get("page") + 1 }));
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) {
        set({ selected: row.dataset.key });
        row.focus();
      }
    });
    body.addEventListener("keydown", (event) => {
      const row = event.target.closest("tr");
      if (!row) return;
      const steps = {
        ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling,
        Home: body.firstElementChild, End: body.lastElementChild,
      };
      if (event.key in steps) {
        steps[event.key]?.focus();
      } else if (event.key === "PageDown" && !next.disabled) {
        set({ page: model.get("page") + 1 });
      } else if (event.key === "PageUp" && !previous.disabled) {
        set({ page: model.get("page") - 1 });
      } else if (event.key === "Enter" || event.key === " ") {
        set({ selected: row.dataset.key });
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });

    const listen = {
      "change:columns change:sorted_by change:is_descending": drawHead,
      "change:rows change:row_keys change:tones": drawBody,
      "change:selected": marked,
      "change:page change:pages change:range_text change:texts": drawPager,
      "change:caption": () => table.setAttribute("aria-label", model.get("caption")),
    };
    for (const [names, draw] of Object.entries(listen)) {
      for (const name of names.split(" ")) model.on(name, draw);
    }
    drawHead();
    drawBody();
    drawPager();
    return () => {
      for (const [names, draw] of Object.entries(listen)) {
        for (const name of names.split(" ")) model.off(name, draw);
      }
    };
  },
};
