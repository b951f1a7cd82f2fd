import { must, type OnProgress, run } from './run.ts'

const options = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '--no-install-recommends']
const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

/**
 * Installs Debian packages and waits for another apt that holds the lock. The package lists are fetched only when the first try
 * fails, since a current machine then saves half a minute. Throws with apt's words.
 */
export async function aptInstall(packages: string[], onProgress: OnProgress = () => {}): Promise<void> {
  const args = ['install', ...options, ...packages]
  const first = await run('apt-get', args, { env, onLine: onProgress })
  if (first.code === 0) return
  await must('apt-get', ['update', '-q', '-o', 'Acquire::Retries=3'], { env, onLine: onProgress })
  await must('apt-get', args, { env, onLine: onProgress })
}
