// Opens pages of `lockstep report` as a reader would: in light and dark, on a narrow screen, by keyboard
// alone, and without scripts. Called by test-report.sh with the folder of the pages: those of the tests,
// and any others that are to be looked at.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer-core");

const folder = process.argv[2];
const titles = {
  sound: "DRIFT: nightly", sabotaged: "DIVERGED: nightly", mismatched: "TOKEN-MISMATCH: nightly",
  incomplete: "INCONCLUSIVE: nightly", large: "DIVERGED: nightly",
};

async function open(browser, file, { scheme = "light", width = 1280, script = true } = {}) {
  const tab = await browser.newPage();
  const complaints = [];
  tab.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  tab.on("request", (request) => {
    if (!request.url().startsWith("file://") || !request.url().endsWith(".html")) complaints.push(`request: ${request.url()}`);
  });
  await tab.setJavaScriptEnabled(script);
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.setViewport({ width, height: 900 });
  await tab.goto(`file://${file}`);
  // The map is drawn anew when its size is known.
  await new Promise((done) => setTimeout(done, 200));
  return { tab, complaints };
}

// What is wrong with a page whatever is in it.
async function complaintsOf(browser, file, view) {
  const { tab, complaints } = await open(browser, file, view);
  const found = await tab.evaluate(() => {
    const wrong = [];
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    if (wide > 0) wrong.push(`wider than its window by ${wide}`);
    if (document.scripts.length !== 2) wrong.push(`${document.scripts.length} scripts`);
    if (document.querySelector("img, iframe, link, object, embed, [onerror], [style*='url']")) wrong.push("an element that is not ours");
    const ids = [...document.querySelectorAll("[id]")].map((it) => it.id);
    if (new Set(ids).size !== ids.length) wrong.push("an id twice");
    for (const link of document.querySelectorAll("a[href^='#']")) {
      if (!document.getElementById(link.getAttribute("href").slice(1))) wrong.push(`a link to nowhere: ${link.getAttribute("href")}`);
    }
    return wrong.concat(pale());

    // WCAG 2: text and what it stands on differ by 4.5, large text by 3.
    function pale() {
      const luminance = ([red, green, blue]) => {
        const linear = [red, green, blue].map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
      };
      const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
      const ground = (element) => {
        for (let up = element; up; up = up.parentElement) {
          const colour = numbers(getComputedStyle(up).backgroundColor);
          if (colour[3] !== 0) return colour;
        }
        return [255, 255, 255];
      };
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const seen = new Set();
      while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("svg, script, .skip")) continue;
        const style = getComputedStyle(element);
        const pair = [luminance(numbers(style.color)), luminance(ground(element))].sort((a, b) => b - a);
        const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) seen.add(`contrast ${contrast.toFixed(1)}: ${element.className || element.tagName}`);
      }
      return [...seen];
    }
  });
  await tab.close();
  return complaints.concat(found);
}

// Presses Tab until an element has the focus.
async function tabTo(tab, selector) {
  for (let pressed = 0; pressed < 60; pressed += 1) {
    await tab.keyboard.press("Tab");
    if (await tab.evaluate((it) => document.activeElement.matches(it), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

const readout = (tab) => tab.$eval("#map-readout", (it) => it.textContent);

async function walkByKeyboard(browser, file) {
  const { tab, complaints } = await open(browser, file);
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => document.activeElement.className), "skip", "the first stop");
  await tabTo(tab, "#map-window");
  const first = await readout(tab);
  assert.match(first, /DIVERGED · position 0 /);
  for (let pressed = 0; pressed < 32; pressed += 1) await tab.keyboard.press("ArrowRight");
  const there = await readout(tab);
  assert.match(there, /· position 32 .* DIVERGED · (nmse|excess) ≈ [0-9.e-]+ · KL ≈ [0-9.e-]+/);
  await tab.keyboard.press("End");
  assert.match(await readout(tab), /greedy step/);
  await tab.keyboard.press("ArrowDown");
  assert.notEqual((await readout(tab)).split("DIVERGED")[0], first.split("DIVERGED")[0], "another case");
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => document.activeElement.tagName === "SUMMARY" && document.activeElement.parentElement.open);
  const body = await tab.evaluate(() => document.activeElement.parentElement.textContent);
  for (const words of ["lockstep replay RUN", "Prompt", "Greedy steps", "tokens"]) assert.ok(body.includes(words), words);
  // The other layer and the other theme, by keyboard, too.
  await tab.focus(".layers button:last-child");
  await tab.keyboard.press("Space");
  assert.equal(await tab.$eval(".layers button:last-child", (it) => it.getAttribute("aria-pressed")), "true");
  await tab.focus("#theme");
  const before = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await tab.keyboard.press("Enter");
  assert.notEqual(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor), before);
  assert.deepEqual(complaints, []);
  await tab.close();
}

async function pointAndClick(browser, file) {
  const { tab, complaints } = await open(browser, file);
  await tab.$eval("#map-window", (it) => it.scrollIntoView());
  const box = await (await tab.$("#map-window canvas")).boundingBox();
  await tab.mouse.move(box.x + box.width / 3, box.y + 25);
  assert.match(await readout(tab), /position \d+/);
  await tab.mouse.click(box.x + box.width / 3, box.y + 25);
  await tab.waitForFunction(() => document.querySelector("details.case[open] .body"));
  assert.deepEqual(complaints, []);
  await tab.close();
}

// Every case is there, and what hostile tokens say is text.
async function lookAtCases(browser, name, file) {
  const { tab, complaints } = await open(browser, file);
  const title = await tab.title();
  assert.equal(title, titles[name] ?? title);
  const counts = await tab.evaluate(() => [page.cases.length, document.querySelectorAll("details.case").length]);
  assert.equal(counts[0], counts[1], "each case has its details");
  await tab.evaluate(() => { for (const it of [...document.querySelectorAll("details")].slice(0, 30)) it.open = true; });
  await tab.waitForFunction(() => document.querySelector("details.case .body"));
  assert.equal(await tab.title(), title, "no token ran");
  assert.equal(await tab.evaluate(() => document.images.length + document.scripts.length), 2);
  assert.deepEqual(complaints, []);
  await tab.close();
}

async function withoutScripts(browser, file) {
  const { tab } = await open(browser, file, { script: false });
  const words = await tab.$eval("main", (it) => it.innerText);
  for (const expected of ["DIVERGED", "What broke", "position 32", "Worst positions", "Distributions", "lockstep replay RUN"]) {
    assert.ok(words.includes(expected), `without scripts: ${expected}`);
  }
  await tab.close();
}

// Each check must notice what it is for.
async function spoiled(browser, file) {
  const whole = fs.readFileSync(file, "utf8");
  const pages = {
    "console": whole.replace("</main>", "<script>alert(1)</script></main>"),
    "scripts": whole.replace("</main>", "<script type='text/x'></script></main>"),
    "not ours": whole.replace("</main>", "<img alt=''></main>"),
    "request|console": whole.replace("</main>", "<img src='http://127.0.0.1:9/x'></main>"),
    "wider": whole.replace("</main>", "<pre class='plot'>" + "wide".repeat(400) + "</pre></main>").replace("overflow-wrap: anywhere", "overflow-wrap: normal"),
    "nowhere": whole.replace("</main>", "<a href='#nowhere'>x</a></main>"),
    "contrast": whole.replace("</main>", "<svg></svg><p><font color='#808080'>pale</font></p></main>"),
    "script:": whole.replace('"cases":[{', '"cases":[{{'),
  };
  const spoilt = path.join(folder, "spoiled.html");
  for (const [expected, text] of Object.entries(pages)) {
    assert.notEqual(text, whole, expected);
    // A changed style or script has another hash, and the policy refuses it: that is a complaint, too.
    fs.writeFileSync(spoilt, text);
    const found = await complaintsOf(browser, spoilt, {});
    assert.match(found.join("\n"), new RegExp(expected), `a spoiled page: ${expected}`);
  }
  fs.rmSync(spoilt);
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: process.env.LOCKSTEP_BROWSER,
    // Containers have neither user namespaces nor much of /dev/shm; what is opened is our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  try {
    // Those of the tests, and whatever else was put into the folder.
    const pages = fs.readdirSync(folder).filter((it) => it.endsWith(".html")).map((it) => path.basename(it, ".html"));
    for (const name of new Set([...Object.keys(titles), ...pages])) {
      const file = path.join(folder, `${name}.html`);
      for (const view of [{}, { scheme: "dark" }, { width: 360 }]) {
        const found = await complaintsOf(browser, file, view);
        assert.deepEqual(found, [], `${name}, ${JSON.stringify(view)}`);
        const { tab } = await open(browser, file, view);
        await tab.screenshot({ path: path.join(folder, `${name}-${view.scheme || "light"}-${view.width || 1280}.png`) });
        await tab.close();
      }
      await lookAtCases(browser, name, file);
      console.log(`${name}: as it should be`);
    }
    const sabotaged = path.join(folder, "sabotaged.html");
    await walkByKeyboard(browser, sabotaged);
    await pointAndClick(browser, sabotaged);
    await withoutScripts(browser, sabotaged);
    await spoiled(browser, sabotaged);
    console.log("keyboard, mouse, no scripts, spoiled pages: as they should be");
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
