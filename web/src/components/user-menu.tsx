import { Link } from '@tanstack/react-router'
import { ChevronsUpDown, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import { useSession } from '@/hooks/use-session'
import { useSignOut } from '@/hooks/use-sign-out'
import { type ThemeChoice, useTheme } from '@/hooks/use-theme'
import { Menu, MenuItem, MenuLabel, MenuRadioGroup, MenuRadioItem, MenuSeparator } from '@/ui/menu'

export function UserMenu() {
  const user = useSession()?.user
  const signOut = useSignOut()
  const [theme, setTheme] = useTheme()
  if (!user) return null
  return (
    <Menu
      align="start"
      label="Account"
      trigger={
        <button
          type="button"
          className="flex items-center gap-2.5 rounded-control p-2 text-left hover:bg-hover data-[state=open]:bg-hover"
        >
          <span
            aria-hidden
            className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-strong font-medium text-sm text-white"
          >
            {user.name.slice(0, 1).toUpperCase()}
          </span>
          <span className="min-w-0 flex-1 leading-tight">
            <span className="block truncate font-medium text-sm">{user.name}</span>
            <span className="block truncate text-ink-3 text-xs">{user.email}</span>
          </span>
          <ChevronsUpDown aria-hidden className="size-4 text-ink-3" />
        </button>
      }
    >
      <MenuItem asChild>
        <Link to="/account">
          <UserRound /> Account and tokens
        </Link>
      </MenuItem>
      <MenuSeparator />
      <MenuLabel>Theme</MenuLabel>
      <MenuRadioGroup value={theme} onValueChange={(value) => setTheme(value as ThemeChoice)}>
        <MenuRadioItem value="system">
          <Monitor /> As the system
        </MenuRadioItem>
        <MenuRadioItem value="light">
          <Sun /> Light
        </MenuRadioItem>
        <MenuRadioItem value="dark">
          <Moon /> Dark
        </MenuRadioItem>
      </MenuRadioGroup>
      <MenuSeparator />
      <MenuItem onSelect={signOut}>
        <LogOut /> Sign out
      </MenuItem>
    </Menu>
  )
}
