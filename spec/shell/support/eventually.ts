/** Waiting for a condition instead of a time: it is looked for so many times, and then the test fails by what was waited for. */

const PAUSE_MS = 5

/** More than a minute on a machine with nothing else to do. On a busy one looking takes longer, too. */
const LOOKS = 12_000

/** Resolves when `holds` neither throws nor rejects any more. When it still does after so many looks, rejects with what it said last. */
export const eventually = async (holds: () => void | Promise<void>, looks = LOOKS): Promise<void> => {
  for (let left = looks; ; left--)
    try {
      await holds()
      return
    } catch (error) {
      if (left <= 1) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
}
