import { aptInstall } from './apt.ts'
import { isDebianRoot, type OnProgress, which } from './run.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const macChrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** The path of a Chromium for browser tests, installed first where that can be done. Throws with what to do where there is none. */
export async function chromiumProgram(onProgress: OnProgress = () => {}): Promise<string> {
  const find = () => names.map(which).find(path => path !== null) ?? which(macChrome)
  const found = process.env.CHROMIUM_PATH ?? find()
  if (found) return found
  if (!isDebianRoot()) throw new Error('The browser tests need Chromium: install it, or set CHROMIUM_PATH.')
  onProgress('installing chromium')
  await aptInstall(['chromium'], onProgress)
  const installed = find()
  if (!installed) throw new Error('The package chromium is installed but brought no program of that name.')
  return installed
}
