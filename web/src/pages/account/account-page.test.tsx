import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderPage } from '@/mock-api/render-page'

test('a session that is not known is signed out from here', async () => {
  const { user } = renderPage('/account')
  await user.click(await screen.findByRole('button', { name: 'Sign out Firefox on Windows' }))
  await waitFor(() => expect(screen.queryByText('Firefox on Windows')).toBeNull())
  expect(screen.getByText('Chrome on Linux')).toBeInTheDocument()
})

test('the one in use cannot sign itself out by mistake', async () => {
  renderPage('/account')
  await screen.findByText('This device')
  expect(screen.queryByRole('button', { name: 'Sign out Chrome on Linux' })).toBeNull()
})

test('everywhere else is signed out after a question', async () => {
  const { user } = renderPage('/account')
  await user.click(await screen.findByRole('button', { name: 'Sign out all others' }))
  const buttons = screen.getAllByRole('button', { name: 'Sign out all others' })
  await user.click(buttons[buttons.length - 1] as HTMLElement)
  await waitFor(() => expect(screen.queryByText('Safari on iOS')).toBeNull())
})

test('another address takes the password, another name does not', async () => {
  const { user } = renderPage('/account')
  const name = await screen.findByLabelText('Your name')
  expect(screen.queryByLabelText('Password')).toBeNull()
  await user.clear(name)
  await user.type(name, 'Ada King')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Profile saved')).toBeInTheDocument()
  await user.type(screen.getByLabelText('Email'), '.uk')
  await user.type(screen.getByLabelText('Password'), 'wrong')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('That is not your current password.')).toBeInTheDocument()
})

test('a wrong current password is said at its field', async () => {
  const { user } = renderPage('/account')
  await user.type(await screen.findByLabelText('Current password'), 'wrong')
  await user.type(screen.getByLabelText('New password'), 'a quiet river under bridges')
  await user.click(screen.getByRole('button', { name: 'Change password' }))
  await waitFor(() =>
    expect(screen.getByLabelText('Current password')).toHaveAccessibleDescription(
      'That is not your current password.',
    ),
  )
})
