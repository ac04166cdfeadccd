import { render } from '@testing-library/react'
import { expect, test } from 'vitest'
import { Prose } from './prose'

test('what stands in backticks is set as code, and nothing else', () => {
  const { container } = render(<Prose>{'`npm run build` ended with exit code 1; a ` alone stays.'}</Prose>)
  expect([...container.querySelectorAll('code')].map((code) => code.textContent)).toEqual(['npm run build'])
  expect(container.textContent).toBe('npm run build ended with exit code 1; a ` alone stays.')
})

test('markup in a text stays text', () => {
  const { container } = render(<Prose>{'`<img src=x onerror=alert(1)>` and <b>bold</b>'}</Prose>)
  expect(container.querySelector('img, b')).toBeNull()
  expect(container.textContent).toBe('<img src=x onerror=alert(1)> and <b>bold</b>')
})
