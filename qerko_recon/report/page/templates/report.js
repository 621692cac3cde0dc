"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const form = at("filter");
  if (!form) return;
  const [kind, severity, least, words, order, shown, ordered, kinds] = [
    "kind", "severity", "least", "words", "order", "shown", "ordered", "kinds",
  ].map(at);
  const UNIT = 1e6, SHEAF = 50, LINES = 9, PAUSE = 120;
  const RANK = { high: 0, medium: 1, low: 2, info: 3 };
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // Read once; a card's words only when somebody looks for some.
  const cards = [...kinds.querySelectorAll(".break")].map((card, place) => ({
    card, place, home: card.parentElement,
    kind: card.dataset.kind, severity: card.classList[1],
    units: Number(card.dataset.units), currency: card.dataset.currency,
    day: card.dataset.day, payment: card.dataset.payment,
    get text() {
      const text = plain(card.textContent);
      Object.defineProperty(this, "text", { value: text });
      return text;
    },
  }));
  const groups = [...kinds.querySelectorAll(".kind")];

  const bySize = (a, b) => Math.abs(b.units) - Math.abs(a.units) || a.place - b.place;
  const byName = (a, b) => (a < b ? -1 : Number(a > b));
  const ORDERS = {
    variance: bySize,
    severity: (a, b) => RANK[a.severity] - RANK[b.severity] || bySize(a, b),
    day: (a, b) => byName(a.day, b.day) || a.place - b.place,
    payment: (a, b) => byName(a.payment, b.payment) || a.place - b.place,
  };

  // A sheaf out of view is as high as the cards left in it, so that the page's length is true.
  const settle = (sheaf) => {
    const left = [...sheaf.children].filter((card) => !card.hidden).length;
    sheaf.hidden = left === 0;
    sheaf.style.containIntrinsicBlockSize = `auto ${left * LINES}rem`;
    return left;
  };

  let current = "kind";
  const arrange = () => {
    if (order.value === current) return;
    current = order.value;
    const isByKind = current === "kind";
    ordered.replaceChildren();
    if (isByKind) {
      for (const one of cards) one.home.append(one.card);
    } else {
      const sorted = [...cards].sort(ORDERS[current]);
      for (let start = 0; start < sorted.length; start += SHEAF) {
        const sheaf = document.createElement("div");
        sheaf.className = "sheaf";
        sheaf.append(...sorted.slice(start, start + SHEAF).map((one) => one.card));
        ordered.append(sheaf);
      }
    }
    kinds.hidden = !isByKind;
    ordered.hidden = isByKind;
  };

  const money = (units, currency) => {
    const value = units / UNIT;
    try {
      return value.toLocaleString(document.documentElement.lang, {
        style: "currency", currency, signDisplay: "exceptZero",
      }).replace("-", "−");
    } catch {
      return `${value.toFixed(2)} ${currency}`;
    }
  };

  const filter = () => {
    arrange();
    const wanted = plain(words.value.trim());
    const limit = (Number(least.value) || 0) * UNIT;
    const sums = new Map();
    let count = 0;
    for (const one of cards) {
      const fits = (!kind.value || one.kind === kind.value)
        && (!severity.value || one.severity === severity.value)
        && Math.abs(one.units) >= limit
        && (!wanted || one.text.includes(wanted));
      one.card.hidden = !fits;
      if (fits) {
        count += 1;
        sums.set(one.currency, (sums.get(one.currency) || 0) + one.units);
      }
    }
    if (current === "kind") {
      for (const group of groups) {
        const left = [...group.querySelectorAll(".sheaf")].map(settle);
        group.hidden = !left.some(Boolean);
      }
    } else {
      [...ordered.children].forEach(settle);
    }
    const total = [...sums].map(([currency, units]) => money(units, currency)).join(", ");
    shown.textContent = `${shown.dataset.label} ${count} / ${cards.length}${total && ` · ${total}`}`;
  };

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, PAUSE);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const one of [kind, severity, order]) one.addEventListener("change", filter);
  for (const one of [least, words]) one.addEventListener("input", soon);
  // A step of the bridge shows its breaks and no others.
  for (const link of document.querySelectorAll("a[data-kind]")) {
    link.addEventListener("click", () => {
      form.reset();
      kind.value = link.dataset.kind;
      filter();
    });
  }
  form.hidden = false;
  filter();
})();
