// Marks what is wider than its column, until it is scrolled to its end.
const WIDE = ".bd-article :is(.pst-scrollable-table-container, div.math)";

function mark(box) {
  const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
  box.classList.toggle("has-more", left > 2);
}

function markAll() {
  document.querySelectorAll(WIDE).forEach(mark);
}

window.addEventListener("load", () => {
  for (const box of document.querySelectorAll(WIDE)) {
    box.addEventListener("scroll", () => mark(box), { passive: true });
  }
  markAll();
});
window.addEventListener("resize", markAll);
