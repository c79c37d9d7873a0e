// What is wrong with the page as it stands: pictures, texts, width, contrast. Run by `browser.py` in the page.
() => {
  const LEAST = 4.5; // contrast of text
  const faults = new Set();

  const say = (element, fault) => {
    const words = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 60);
    faults.add(`${fault}: <${element.tagName.toLowerCase()}> ${words}`);
  };

  // [red, green, blue, alpha], each from 0 to 1.
  const colour = (text) => {
    const numbers = (text.match(/-?[\d.]+(e-?\d+)?/g) || []).map(Number);
    if (text.startsWith("rgb")) return [...numbers.slice(0, 3).map((one) => one / 255), numbers[3] ?? 1];
    if (text.startsWith("color(srgb")) return [...numbers.slice(0, 3), numbers[3] ?? 1];
    return null;
  };
  const over = (upper, lower) => [0, 1, 2].map((at) => upper[3] * upper[at] + (1 - upper[3]) * lower[at]).concat(1);
  const light = (one) => {
    const [r, g, b] = one.slice(0, 3).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // All colours that may stand behind an element: of a gradient each one.
  const behind = (element) => {
    let layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      const drawn = style.backgroundImage.match(/(rgba?|color)\([^()]*\)/g) || [];
      const plain = colour(style.backgroundColor);
      layers.push({ drawn: drawn.map(colour), plain });
      if (plain && plain[3] === 1) break;
    }
    let found = [[1, 1, 1, 1]];
    for (const { drawn, plain } of layers.reverse()) {
      if (plain) found = found.map((lower) => over(plain, lower));
      if (drawn.length) found = found.flatMap((lower) => drawn.map((upper) => over(upper, lower)));
    }
    return found;
  };

  // Behind text in a drawing also stand the shapes that were drawn before it, where it is.
  const behindDrawn = (text, shapes) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let found = behind(text.ownerSVGElement);
    for (const { shape, area, fill } of shapes) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
      if (area.left <= x && x <= area.right && area.top <= y && y <= area.bottom) {
        found = found.map((lower) => over(fill, lower));
      }
    }
    return found;
  };
  const shapesOf = (drawing) =>
    [...drawing.querySelectorAll("path, rect, use, circle")]
      .filter((shape) => !shape.closest("defs, clipPath"))
      .map((shape) => {
        const style = getComputedStyle(shape);
        const fill = style.fill === "none" ? null : colour(style.fill);
        if (fill) fill[3] *= Number(style.fillOpacity) * Number(style.opacity);
        return { shape, area: shape.getBoundingClientRect(), fill };
      })
      .filter(({ fill }) => fill && fill[3] > 0);

  const seen = (element) => {
    const style = getComputedStyle(element);
    return element.getClientRects().length && style.visibility === "visible" && !element.closest(".hidden, [hidden]");
  };
  const judge = (element, ink, backgrounds) => {
    let alpha = ink[3];
    for (let one = element; one; one = one.parentElement) alpha *= Number(getComputedStyle(one).opacity);
    const least = Math.min(...backgrounds.map((one) => contrast(over([...ink.slice(0, 3), alpha], one), one)));
    if (least < LEAST) say(element, `contrast of ${least.toFixed(2)}`);
  };

  const wide = document.scrollingElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    faults.add(`scrolls sideways by ${wide} pixels`);
    for (const element of document.body.querySelectorAll("*")) {
      const clipped = element.parentElement.closest(".scroll, .hidden, pre, svg");
      if (!clipped && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1) {
        say(element, "reaches out of the page");
      }
    }
  }
  for (const table of document.querySelectorAll(".scroll > table")) {
    const columns = Math.max(...[...table.rows].map((row) => row.cells.length));
    const cut = table.getBoundingClientRect().width - table.parentElement.clientWidth;
    if (innerWidth >= 1280 && columns <= 15 && cut > 1) say(table, `a table of ${columns} columns is cut`);
  }
  for (const image of document.images) {
    if (!image.complete || !image.naturalWidth) say(image, "a picture that is not shown");
    if (!image.alt) say(image, "a picture without a text for who cannot see it");
  }
  for (const image of document.querySelectorAll("svg image")) say(image, "a picture inside of a drawing is not shown");
  for (const drawing of document.querySelectorAll("svg")) {
    const named = (drawing.getAttribute("aria-label") || "").length > 15;
    if (!named && drawing.getAttribute("aria-hidden") !== "true") say(drawing, "a drawing without a text");
    const shapes = shapesOf(drawing);
    for (const text of drawing.querySelectorAll("text")) {
      const ink = colour(getComputedStyle(text).fill);
      if (seen(text) && ink) judge(text, ink, behindDrawn(text, shapes));
    }
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("svg, script, noscript, option") || !seen(element)) continue;
    judge(element, colour(getComputedStyle(element).color), behind(element));
  }
  return [...faults];
}
