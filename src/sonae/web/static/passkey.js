// A passkey that could not be used must say so on the page, not only in the console.
const told = document.getElementById("passkey-error");
if (told) document.addEventListener("allauth.error", (event) => { event.preventDefault(); told.hidden = false; });
