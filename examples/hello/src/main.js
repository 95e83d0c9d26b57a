const lever = document.querySelector('#switch')
const line = document.querySelector('#line')
const greeting = import.meta.env.VITE_GREETING ?? 'Served from a computer that had nothing else to do.'

lever.addEventListener('click', () => {
  const on = lever.getAttribute('aria-checked') !== 'true'
  lever.setAttribute('aria-checked', String(on))
  document.documentElement.classList.toggle('on', on)
  line.textContent = on ? greeting : 'One click, and this page is live.'
})
