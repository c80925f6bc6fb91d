// What a page has become under texts that are not ours. Run inside the page.

/**
 * Sentences, none where all is well: elements and attributes that no part of ours has, what leaves
 * its box, and those of `texts` that are not there letter by letter, each alone.
 */
export function faults_of_page(texts) {
  const found = [];
  const all = [...document.querySelectorAll("*")];
  const root = document.body ?? document.documentElement; // A picture has no body.
  const what = (element) => `<${element.localName} class="${element.getAttribute("class") ?? ""}">`;

  // Nothing but what we draw
  const foreign = "iframe, object, embed, base, style, template, noscript *, math, frame, marquee, plaintext, "
    + "meta[http-equiv], form[action], [srcdoc], [autofocus], body script, foreignObject, animate, set, use";
  for (const element of document.querySelectorAll(foreign)) found.push(`foreign: ${element.outerHTML.slice(0, 200)}`);
  for (const element of all) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) found.push(`handler: ${what(element)} ${name}="${value}"`);
      if (!["href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset", "ping"].includes(name)) continue;
      const ours = URL.canParse(value, document.baseURI)
        && new URL(value, document.baseURI).origin === location.origin;
      if (!ours && !(name === "src" && value.startsWith("data:image/"))) found.push(`address: ${what(element)} ${name}="${value}"`);
    }
  }

  // Within its box
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`${wide} px wider than the screen`);
  const clips = (element) => getComputedStyle(element).overflowX !== "visible";
  const box_of = (element) => {
    for (let at = element; at !== root; at = at.parentElement) {
      if (clips(at)) return null; // It ends there, whatever it is.
      if (at.matches(".card, article, li, dialog, nav, header, footer, aside, section")) return at;
    }
    return root;
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const shown = new Set([document.title]);
  const range = document.createRange();
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    shown.add(node.data);
    const element = node.parentElement;
    if (node.data.trim() === "" || element.closest(".vh, .skip, svg") !== null || !element.checkVisibility()) continue;
    const box = box_of(element);
    if (box === null) continue;
    const outer = box.getBoundingClientRect();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const out = Math.max(outer.left - rect.left, rect.right - outer.right, rect.bottom - outer.bottom - 8);
      if (rect.width > 0 && out > 2) {
        found.push(`${out.toFixed(0)} px out of ${what(box)}: ${what(element)} ${JSON.stringify(node.data.slice(0, 60))}`);
        break;
      }
    }
  }
  for (const element of all) {
    for (const name of ["title", "aria-label", "alt"]) {
      const value = element.getAttribute(name);
      if (value !== null) shown.add(value);
    }
    if (element.localName === "input" || element.localName === "textarea") shown.add(element.value);
  }
  for (const text of texts) if (!shown.has(text)) found.push(`not shown as it is: ${JSON.stringify(text)}`);
  return found;
}
