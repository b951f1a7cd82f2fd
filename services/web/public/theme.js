// Runs before the first paint, so that a dark page never flashes white. src/app/theme.ts changes the same attribute later.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('slipway.theme')
  } catch {
    // Storage that is switched off leaves the system's choice.
  }
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
