// A desk that has lost its server must say so: old figures look exactly like new ones.
const stale = document.getElementById("stale");
const lost = () => { stale.hidden = false; };
for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.body.addEventListener(kind, lost);
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful || detail.xhr?.status === 304) stale.hidden = true;
});
