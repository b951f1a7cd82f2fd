import { expect, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'

test('a browser shows a page', async () => {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    await page.setContent('<h1>Slipway</h1><script>document.title = String(6 * 7)</script>')
    expect(await page.textContent('h1')).toBe('Slipway')
    expect(await page.title()).toBe('42')
  } finally {
    await browser.close()
  }
})
