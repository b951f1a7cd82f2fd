import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Gauge, Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { IconButton } from '../ui/button.tsx'
import { Logo } from '../ui/logo.tsx'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu.tsx'
import { ConnectionDot } from './connection-dot.tsx'
import { useDeps } from './deps.tsx'
import { useHotkey } from './hotkeys.ts'
import { BarSlot } from './shell-slots.tsx'
import { type Theme, useTheme } from './theme.ts'

const ShortcutsDialog = lazy(async () => ({ default: (await import('./shortcuts-dialog.tsx')).ShortcutsDialog }))

/** Logo, the page's own parts, connection, theme and account. */
export function TopBar() {
  const { queries, session } = useDeps()
  const me = useQuery(queries.me())
  const [shortcuts, setShortcuts] = useState(false)
  useHotkey('?', () => setShortcuts(true))
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-line border-b bg-panel px-2 sm:px-3">
      <Link
        aria-label="Slipway: all projects"
        className="flex shrink-0 items-center gap-2 rounded-md p-1 font-semibold"
        to="/"
      >
        <Logo className="size-6" />
      </Link>
      <BarSlot />
      <ConnectionDot />
      {me.data?.user.role === 'admin' && (
        <Link
          aria-label="Operations"
          className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-fg max-sm:hidden"
          title="Operations"
          to="/ops"
        >
          <Gauge aria-hidden className="size-4" />
        </Link>
      )}
      <ThemeMenu />
      <Menu
        label="Account"
        trigger={
          <IconButton label="Account">
            <UserRound aria-hidden className="size-4" />
          </IconButton>
        }
      >
        {me.data && (
          <div className="px-2 py-1.5 text-xs">
            <div className="font-medium">{me.data.user.name}</div>
            <div className="text-muted">
              {me.data.organization.name} · {me.data.organization.limit} tasks in parallel
            </div>
          </div>
        )}
        <MenuLine />
        <MenuItem icon={<Keyboard aria-hidden className="size-4" />} onSelect={() => setShortcuts(true)}>
          Keyboard shortcuts
        </MenuItem>
        <MenuItem icon={<LogOut aria-hidden className="size-4" />} onSelect={session.signOut}>
          Sign out
        </MenuItem>
      </Menu>
      {shortcuts && (
        <Suspense>
          <ShortcutsDialog onClose={() => setShortcuts(false)} />
        </Suspense>
      )}
    </header>
  )
}

const themes: Record<Theme, { word: string; icon: typeof Sun }> = {
  system: { word: 'As the system', icon: Monitor },
  light: { word: 'Light', icon: Sun },
  dark: { word: 'Dark', icon: Moon },
}

function ThemeMenu() {
  const [theme, choose] = useTheme()
  const Icon = themes[theme].icon
  return (
    <Menu
      label="Theme"
      trigger={
        <IconButton className="max-sm:hidden" label={`Theme: ${themes[theme].word}`}>
          <Icon aria-hidden className="size-4" />
        </IconButton>
      }
    >
      {(Object.keys(themes) as Theme[]).map(name => (
        <MenuChoice checked={name === theme} key={name} onSelect={() => choose(name)}>
          {themes[name].word}
        </MenuChoice>
      ))}
    </Menu>
  )
}
