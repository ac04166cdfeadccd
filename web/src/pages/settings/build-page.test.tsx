import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderPage } from '@/mock-api/render-page'

test('a static site is asked for its files, and as an app for what starts it', async () => {
  const { user } = renderPage('/projects/shop/settings/build')
  expect(await screen.findByLabelText('Output directory')).toBeInTheDocument()
  expect(screen.queryByLabelText('Start command')).toBeNull()
  expect(screen.queryByLabelText('Port')).toBeNull()
  await user.selectOptions(screen.getByLabelText('Project type'), 'server')
  expect(screen.getByLabelText('Start command')).toBeInTheDocument()
  expect(screen.getByLabelText('Port')).toBeInTheDocument()
  expect(screen.queryByLabelText('Output directory')).toBeNull()
})
