/** Commands for the steps of builds that tests begin. */

/**
 * A command that waits until `condition` holds, in the words of a shell. It fails once the process of the test is gone: nobody would ever let it go,
 * and what runs it is made to outlive those that began it.
 */
export const waitUntil = (condition: string): string => `until ${condition}; do kill -0 ${String(process.pid)}; sleep 0.05; done`
