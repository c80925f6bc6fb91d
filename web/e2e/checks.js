// What every page has to be for those who do not see it, do not point at it, or have a small screen.
// Run inside the page; gives sentences, none where all is well.

/** Names, roles, headings, ids, targets, overflow and contrast of what is shown. */
export function problems_of_page() {
  const found = [];
  const shown = (element) =>
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) &&
    element.closest("[aria-hidden=true], .vh, .skip") === null;
  const what = (element) => {
    const mark = element.id ? `#${element.id}` : element.className ? `.${String(element.className)}` : "";
    return `<${element.localName}${mark}> "${(element.textContent ?? "").trim().slice(0, 30)}"`;
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const by_ids = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id));

  // Names
  const name_of = (element) => {
    const labelled = element.getAttribute("aria-labelledby");
    if (labelled) return by_ids(labelled).map((one) => one?.textContent ?? "").join(" ").trim();
    const own = element.getAttribute("aria-label") ?? "";
    if (own.trim() !== "") return own;
    if (element.labels?.length) return [...element.labels].map((one) => one.textContent).join(" ").trim();
    const copy = element.cloneNode(true);
    for (const hidden of copy.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    return copy.textContent.trim() || (element.getAttribute("title") ?? "");
  };
  const named = "a[href], button, input, textarea, select, dialog, nav, [role=feed], [role=menu],"
    + "[role=menuitem], [role=group], [role=region], article";
  for (const element of all(named)) {
    if (shown(element) && name_of(element) === "") found.push(`no name: ${what(element)}`);
  }
  for (const image of all("svg, img")) {
    if (image.closest("[aria-hidden=true]") === null && image.getAttribute("aria-label") === null
      && !image.hasAttribute("alt")) found.push(`picture with neither text nor hiding: ${what(image)}`);
  }

  // Structure
  if (!/^(en|ja)$/.test(document.documentElement.lang)) found.push("the page has no language");
  if (document.title.trim() === "") found.push("the page has no title");
  if (all("main").length !== 1) found.push(`${all("main").length} main`);
  const headings = all("h1, h2, h3, h4").filter((one) =>
    one.checkVisibility() && one.closest("dialog") === null);
  if (headings.filter((one) => one.localName === "h1").length !== 1) found.push("not one h1");
  let level = 0;
  for (const heading of headings) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) found.push(`heading skips a level: ${what(heading)}`);
    level = next;
  }
  const ids = all("[id]").map((one) => one.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`id twice: ${id}`);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const element of all(`[${name}]`)) {
      if (by_ids(element.getAttribute(name)).some((one) => one === null)) {
        found.push(`${name} leads nowhere: ${what(element)}`);
      }
    }
  }
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) found.push(`tabindex over 0: ${what(element)}`);

  // Size
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`${wide} px wider than the screen`);
  for (const element of all("a[href], button, input, textarea, select")) {
    const inline = element.localName === "a" && getComputedStyle(element).display === "inline";
    const box = element.getBoundingClientRect();
    if (shown(element) && !inline && (box.width < 24 || box.height < 24)) {
      found.push(`target of ${box.width.toFixed(0)}×${box.height.toFixed(0)}: ${what(element)}`);
    }
  }

  // Contrast of text on the nearest ground that is not see-through
  const rgba = (text) => {
    const parts = (/\(([^)]+)\)/.exec(text)?.[1] ?? "").split(/[\s,/]+/).filter(Boolean).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    if (text.startsWith("color(")) parts.shift();
    return [parts[0] * scale, parts[1] * scale, parts[2] * scale, parts[3] ?? 1];
  };
  const over = (top, under) =>
    [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground_of = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] >= 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || seen.has(element) || element.closest("svg, noscript, script")) continue;
    seen.add(element);
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    if (element.closest(".vh, .skip") !== null) continue;
    const style = getComputedStyle(element);
    const ground = ground_of(element);
    const [a, b] = [light(over(rgba(style.color), ground)), light(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${what(element)}`);
  }
  return found;
}
