/** Values of environment variables that come from a file. */

/** The file that the value of a variable came from, and the variable that names it; `null` if it came from none. `environment` is resolved. */
export const fileOf = (name: string, environment: Readonly<Record<string, string | undefined>>): { readonly path: string; readonly variable: string } | null => {
  const variable = `${name}_FILE`
  const path = environment[variable]
  return path === undefined ? null : { path, variable }
}
