// A point tells what it is while it is pointed at, or has the keyboard's focus.
const tip = document.getElementById("tip");
function show(event) {
  const text = event.target.dataset && event.target.dataset.tip;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = event.target.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(box.right + 10, innerWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = Math.max(8, Math.min(box.top - 8, innerHeight - tip.offsetHeight - 8)) + "px";
}
document.addEventListener("mouseover", show);
document.addEventListener("focusin", show);
document.addEventListener("scroll", () => (tip.hidden = true), { passive: true });
