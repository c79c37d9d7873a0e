"use strict";
// Filters, orders and shows the rows of each `.rows`. Everything given becomes text, never markup.
const AT_ONCE = 25;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const hidden = (text) => element("span", text, "hidden");

function answer(said, system) {
  const cell = element("td", undefined, "answer");
  cell.dataset.label = system;
  if (!said) {
    cell.textContent = "–";
    return cell;
  }
  const known = said.right !== null;
  const shown = element("span", undefined, known ? (said.right ? "right" : "wrong") : "");
  if (known) {
    const sign = element("span", said.right ? "✓ " : "✗ ");
    sign.setAttribute("aria-hidden", "true");
    shown.append(sign, hidden(said.right ? "right: " : "wrong: "));
  }
  shown.append(said.answer);
  cell.append(shown);
  if (said.off !== undefined) cell.append(" ", element("span", `off by ${said.off}`, "note"));
  else if (said.share !== null) cell.append(" ", element("span", said.share.toFixed(2), "note"), bar(said.share));
  return cell;
}

// How sure an answer is, for the eye; the number stands beside it.
function bar(share) {
  const made = element("span", undefined, "sure");
  made.append(element("span"));
  made.firstChild.style.width = `${100 * share}%`;
  return made;
}

// A text in which the words that were searched for are marked.
function marked(text, words) {
  const made = element("p");
  let from = 0;
  for (let at; words && (at = text.toLowerCase().indexOf(words, from)) >= 0; from = at + words.length) {
    made.append(text.slice(from, at), element("mark", text.slice(at, at + words.length)));
  }
  made.append(text.slice(from));
  return made;
}

function line(row, data, words) {
  const made = element("tr");
  const head = element("th", `${data.languages[row.language]} ${row.row + 1}`);
  head.scope = "row";
  const texts = element("td");
  texts.lang = row.language;
  texts.dir = "auto";
  row.texts.forEach((text, at) => {
    const part = marked(text, words);
    if (row.texts.length > 1) part.title = data.columns[at];
    texts.append(part);
  });
  const gold = element("td", row.gold);
  gold.dataset.label = "right answer";
  made.append(head, texts, gold, ...data.systems.map((system, at) => answer(row.said[at], system)));
  return made;
}

// What a row must be, by the value of `which`: of its last answer, and of the first beside it.
const WHICH = {
  "": () => true,
  wrong: (first, last) => last.right === false,
  right: (first, last) => last.right === true,
  mended: (first, last) => first && first.right === false && last.right === true,
  broken: (first, last) => first && first.right === true && last.right === false,
  other: (first, last) => first && first.answer !== last.answer,
};

const sure = (row) => row.said.at(-1).share ?? 0;
const off = (row) => row.said.at(-1).off ?? 0;
const ORDERS = {
  given: () => 0,
  sure: (one, other) => sure(other) - sure(one),
  unsure: (one, other) => sure(one) - sure(other),
  off: (one, other) => off(other) - off(one),
};

for (const part of document.querySelectorAll(".rows")) {
  const data = JSON.parse(part.querySelector("script").textContent);
  const form = part.querySelector("form");
  const [body, count, more] = ["tbody", "output", "[name=more]"].map((name) => part.querySelector(name));
  let found = [];
  let words = "";
  let shown = 0;

  const show = () => {
    for (const row of found.slice(shown, shown + AT_ONCE)) body.append(line(row, data, words));
    shown = Math.min(found.length, shown + AT_ONCE);
    more.hidden = shown === found.length;
    count.textContent = `${found.length} of ${data.rows.length} rows, ${shown} shown.`;
  };
  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    words = wanted.search.toLowerCase();
    const least = Number(wanted.least);
    const fits = (row) => {
      const last = row.said.at(-1);
      return (
        (!wanted.language || row.language === wanted.language) &&
        (!wanted.gold || row.gold === wanted.gold) &&
        (!wanted.answer || last.answer === wanted.answer) &&
        WHICH[wanted.which ?? ""](data.systems.length > 1 ? row.said[0] : undefined, last) &&
        (!least || (last.share ?? 0) >= least) &&
        (!words || row.texts.some((text) => text.toLowerCase().includes(words)))
      );
    };
    found = data.rows.filter(fits).sort(ORDERS[wanted.order]);
    shown = 0;
    body.replaceChildren();
    show();
  };
  more.addEventListener("click", show);
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter)); // when all fields are as they were
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}
