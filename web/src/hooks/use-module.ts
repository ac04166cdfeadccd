import { useEffect, useState } from 'react'

/**
 * What a module exports, once it is wanted and has come; null before. A module that does not come is asked for again when
 * `wanted` changes, and takes nothing of the page with it.
 */
export function useModule<Module>(load: () => Promise<Module>, wanted: unknown): Module | null {
  const [module, setModule] = useState<Module | null>(null)
  useEffect(() => {
    if (!wanted || module) return
    let isLeft = false
    load().then(
      (loaded) => !isLeft && setModule(loaded),
      () => {},
    )
    return () => {
      isLeft = true
    }
  }, [load, wanted, module])
  return module
}
