// measure returns how tall the page is, and what a reader would be annoyed by in a window of that width.
width => {
  const complaints = [];
  const told = e => "<" + e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + "> " + JSON.stringify(e.textContent.trim().slice(0, 40));
  const seen = e => e.getClientRects().length > 0;

  // Wider than the window: name the innermost elements that stick out, but not what scrolls in a box of its own.
  const page = document.documentElement;
  if (page.scrollWidth > width) {
    const boxed = e => {
      for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
        if (getComputedStyle(p).overflowX !== "visible") return true;
      return false;
    };
    const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > width + 1 && !boxed(e));
    const inner = out.filter(e => !out.some(o => o !== e && e.contains(o))).slice(0, 3);
    complaints.push("the page scrolls sideways: it is " + page.scrollWidth + " wide in a window of " + width + ", because of " + inner.map(told).join(", "));
  }

  // Texts of a drawing: within it, and not on each other. A little is the room that fonts leave around letters.
  const little = 2;
  for (const svg of document.querySelectorAll("svg")) {
    if (!seen(svg)) continue;
    const around = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map(e => ({e, r: e.getBoundingClientRect()})).filter(({r}) => r.width > 0);
    texts.forEach(({e, r}, i) => {
      if (r.left < around.left - little || r.right > around.right + little || r.top < around.top - little || r.bottom > around.bottom + little)
        complaints.push("a drawing cuts off " + told(e));
      for (const {e: o, r: s} of texts.slice(i + 1)) {
        const across = Math.min(r.right, s.right) - Math.max(r.left, s.left), down = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
        if (across > little && down > little) complaints.push("in a drawing " + told(e) + " and " + told(o) + " are on each other");
      }
    });
  }
  return {height: page.scrollHeight, complaints: complaints.slice(0, 20)};
}
