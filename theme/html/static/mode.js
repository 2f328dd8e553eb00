// Before the first paint: the reader's choice of light or dark, and the sign that scripts run.
(function (root) {
  root.classList.add("js");
  try { root.dataset.theme = localStorage.getItem("theme") || "auto"; } catch { root.dataset.theme = "auto"; }
})(document.documentElement);
