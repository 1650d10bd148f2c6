// Sends the answer on as soon as the page is there. Without JavaScript the button does it.
document.getElementById("answer").submit();
