import { expect, test } from 'vitest'
import { deploymentFilter, deploymentSearch } from './deployment-search'

test('an address chooses status, branch and trigger', () => {
  const search = deploymentSearch({ status: 'failed', ref: 'main', trigger: 'webhook' })
  expect(search).toEqual({ status: 'failed', ref: 'main', trigger: 'webhook' })
  expect(deploymentFilter(search)).toEqual({ status: 'FAILED', ref: 'main', trigger: 'webhook' })
})

test('every reason of a deployment can be asked for', () => {
  for (const trigger of ['manual', 'webhook', 'redeploy', 'poll']) {
    expect(deploymentSearch({ trigger })).toEqual({ trigger })
  }
})

test('what an address cannot ask for is left out', () => {
  expect(deploymentSearch({ status: 'toString', trigger: 7, ref: '', page: 2 })).toEqual({})
  expect(deploymentSearch({ ref: 2026 })).toEqual({ ref: '2026' })
})
