// The details of each case, made when they are opened.

function startCases() {
  const list = document.getElementById("case-list");
  const broken = page.cases.filter((one) => one.code !== 0);
  const sound = page.cases.filter((one) => one.code === 0);
  list.replaceChildren(...broken.map(caseDetails));
  if (sound.length) {
    const title = `${sound.length} ${sound.length === 1 ? "case" : "cases"} as they should be`;
    const group = element("details", { id: "sound-cases" }, element("summary", null, title));
    group.append(...sound.map(caseDetails));
    // With nothing else to see there is no reason to hide them.
    group.open = broken.length === 0 && sound.length <= 20;
    list.append(group);
  }
  window.addEventListener("hashchange", openTarget);
  openTarget();
}

function caseDetails(one) {
  const title = element("summary", null, badgeOf(one), " ", element("bdi", { class: "name" }, nameOf(one)));
  if (one.first_bad) title.append(element("span", { class: "fine" }, ` ${placeOf(one.first_bad)}`));
  const made = element("details", { id: `case-${one.id}`, class: "case" }, title);
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(caseBody(one));
  });
  return made;
}

function openCase(one) {
  const id = `#case-${encodeURIComponent(one.id)}`;
  if (location.hash === id) openTarget();
  else location.hash = id;
}

// The case in the address is opened, with what it lies in, and gets the focus.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(target instanceof HTMLDetailsElement)) return;
  for (let up = target; up; up = up.parentElement) {
    if (up instanceof HTMLDetailsElement) up.open = true;
  }
  target.querySelector("summary").focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
}

function fact(name, ...value) {
  return element("div", null, element("dt", null, name), element("dd", null, ...value));
}

function foreign(text) {
  return element("bdi", null, text);
}

function caseBody(one) {
  const comparison = page.comparisons[one.comparison];
  const facts = element("dl", { class: "facts" });
  facts.append(fact("why", foreign(one.reason), ` (exit code ${one.code}, ${one.exit})`));
  if (comparison) {
    const link = element("a", { href: `#comparison-${one.comparison}` }, foreign(comparison.name));
    facts.append(fact("comparison", link, ": engines, settings and limits"));
  }
  facts.append(fact("case", element("code", null, one.id)));
  const body = element("div", { class: "body" }, facts);
  if (one.receipt) receiptFacts(one, facts, body);
  body.append(element("h4", null, "To see it again"), commandList(one));
  return body;
}

function commandList(one) {
  const lines = one.commands.map((line) => element("pre", { class: "command" }, line));
  const note = element("p", { class: "fine" }, "RUN is the folder of this run.");
  return element("div", null, ...lines, note);
}

function receiptFacts(one, facts, body) {
  const { receipt } = one;
  const { tokens } = receipt;
  for (const line of receipt.broken) facts.append(fact("broken", foreign(line)));
  for (const line of receipt.warnings) facts.append(fact("odd", foreign(line)));
  facts.append(fact("compared", `${receipt.positions} positions, ${receipt.steps} greedy steps`));
  if (receipt.floor !== null) facts.append(fact("floor", foreign(page.floors[receipt.floor])));
  if (receipt.no_floor) facts.append(fact("no floor", foreign(receipt.no_floor)));
  facts.append(fact("template", foreign(one.template), one.template === receipt.prompt.template ? "" : ` became ${receipt.prompt.template}`, `, BOS: ${receipt.prompt.bos}`));
  facts.append(fact("receipt", element("code", null, receipt.digest)));
  if (tokens.mismatch) {
    body.append(element("h4", null, `Tokens differ from index ${tokens.mismatch.first_difference} on`));
    body.append(traceTable(one, tokens.mismatch));
  }
  promptParts(receipt.prompt, body);
  tokenParts(one, body);
  for (const trace of receipt.traces) {
    const apart = trace.first_difference === null ? "the same on both sides" : `apart at step ${trace.first_difference}`;
    body.append(element("h4", null, `Greedy steps from ${trace.from}, ${apart}`), traceTable(one, trace));
  }
}

function promptParts(prompt, body) {
  if (prompt.system !== null) body.append(element("h4", null, "System prompt"), text(prompt.system));
  body.append(element("h4", null, "Prompt"));
  if (prompt.around) {
    const [before, behind] = prompt.around.map((it) => element("span", { class: "template" }, foreign(it)));
    body.append(element("pre", { class: "prompt" }, before, foreign(prompt.text), behind));
    if (prompt.around.some((it) => it)) body.append(element("p", { class: "fine" }, "Shaded: what the template put around it."));
  } else {
    body.append(text(prompt.text), element("h4", null, "Formatted prompt"), text(prompt.formatted));
  }
  if (prompt.more) body.append(element("p", { class: "fine" }, `${prompt.more} more characters are in its receipt.json.`));
}

function text(words) {
  return element("pre", { class: "prompt" }, foreign(words));
}

function tokenParts(one, body) {
  const { tokens, cells } = one.receipt;
  if (!tokens.count) return;
  const of = tokens.of ? ` of ${tokens.of}` : "";
  const from = tokens.from_reference ? ", the reference's" : "";
  body.append(element("h4", null, `${tokens.count}${of} tokens${from}`));
  if (cells && page.binning.positions === 1) {
    const line = element("p", { class: "context" });
    const decoded = cellsOf(one);
    for (let at = 0; at < cells.positions; at += 1) line.append(tokenChip(one, decoded.tokens[at]));
    body.append(line);
  } else {
    body.append(element("p", { class: "fine" }, "They are in its tokens.json."));
  }
}

function traceTable(one, trace) {
  const rows = [["candidate", trace.candidate || trace.reference], ["reference", trace.reference]];
  const lines = rows.map(([name, ids]) => {
    const line = element("tr", null, element("th", { scope: "row" }, name));
    ids.forEach((id, at) => {
      const step = trace.from + at;
      const first = trace.first_difference;
      const kind = first === null || step < first ? "same" : step === first ? "apart" : "behind";
      line.append(element("td", { class: kind }, tokenChip(one, id)));
    });
    return line;
  });
  const table = element("table", { class: "trace" }, element("tbody", null, ...lines));
  const made = element("div", { class: "scroll" }, table);
  if (trace.more) made.append(element("p", { class: "fine" }, `and ${trace.more} more`));
  return made;
}
