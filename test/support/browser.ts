import { type Browser, chromium } from 'playwright-core'
import { chromiumProgram } from '../../infra/bootstrap/chromium.ts'

/** Chromium cannot make its own sandbox as root in a container, and asks nobody outside for anything here. */
const args = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/** A headless Chromium with a fresh profile; close it at the end of the test. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumProgram(), headless: true, args })
}
