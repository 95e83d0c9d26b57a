import "./style.css";

const at = (id) => document.getElementById(id);

at("built").textContent = new Date(BUILT_AT).toLocaleString();

const [visit] = performance.getEntriesByType("navigation");
at("took").textContent = visit ? `${Math.round(visit.responseStart - visit.requestStart)} ms` : "–";

let clicks = 0;
at("click").addEventListener("click", (event) => {
  clicks += 1;
  at("count").textContent = clicks;
  const button = event.currentTarget;
  button.classList.remove("struck");
  // Reading a size makes the browser forget the finished animation, so that it begins anew.
  void button.offsetWidth;
  button.classList.add("struck");
});
