// Comfort only: every page works without this file.
'use strict';

// Copy buttons are hidden until a script can serve them.
function showCopyButtons(root) {
  for (const button of root.querySelectorAll('button[data-copy]')) button.hidden = !navigator.clipboard;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.textContent.trim());
  const said = document.getElementById('said');
  if (said) said.textContent = button.dataset.done;
  const label = button.querySelector('span'), before = label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = before; }, 2000);
}

// A <details> menu closes by Escape and by a click elsewhere, like any menu.
function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(except)) menu.open = false;
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-copy]');
  if (button) copy(button);
  closeMenus(event.target);
  if (!event.target.closest('.find')) document.querySelector('.found')?.replaceChildren();
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    const menu = document.activeElement.closest('details.menu[open]');
    closeMenus(null);
    menu?.querySelector('summary').focus();
    document.querySelector('.found')?.replaceChildren();
  }
  if (event.key === '/' && !event.target.closest('input, textarea, select')) {
    const find = document.querySelector('.find input');
    if (find) { event.preventDefault(); find.focus(); }
  }
});

// What only a script can serve is hidden until there is one: printing, choosing a whole page.
function showComforts(root) {
  showCopyButtons(root);
  for (const one of root.querySelectorAll('[data-print], [data-choose]')) one.hidden = false;
}

document.addEventListener('click', (event) => { if (event.target.closest('[data-print]')) window.print(); });
document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-choose]')) return;
  for (const box of event.target.closest('table').querySelectorAll('td.choose input')) box.checked = event.target.checked;
});

document.addEventListener('htmx:after:swap', () => showComforts(document));
document.addEventListener('DOMContentLoaded', () => {
  showComforts(document);
  document.getElementById('wrong')?.focus();
});
