/**
 * The public surface of the core, as the type checker sees it: one line for each export of `core/index.ts`, and for each of a
 * namespace that it exports, with kind and type.
 *
 * A codec is two exports of one name, the value and its type; what counts is the type, so that is what its line shows. A type
 * that a signature names and nothing exports (`hidden`) has a line too: to change it is to change the surface.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const CORE = fileURLToPath(new URL('../../core', import.meta.url))

const FLAGS =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
  ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType |
  ts.TypeFormatFlags.WriteArrayAsGenericType
const BEHIND_ALIAS = FLAGS | ts.TypeFormatFlags.InTypeAlias

/** Something exported. */
export interface Entry {
  /** Whether a doc comment of it has an example. */
  readonly hasExample: boolean
  /** Whether there is a doc comment; of two exports of one name, of either. */
  readonly isDocumented: boolean
  readonly isFunction: boolean
  readonly line: string
  /** Its name, behind that of its namespace. */
  readonly name: string
}

/** A type whose text, wherever it stands in another type, is better shown as its name. */
interface Known {
  readonly name: string
  readonly text: string
}

const programOfCore = (): ts.Program => {
  const read = ts.readConfigFile(path.join(CORE, 'tsconfig.json'), (name) => ts.sys.readFile(name))
  const { fileNames, options } = ts.parseJsonConfigFileContent(read.config, ts.sys, CORE)
  return ts.createProgram(fileNames, { ...options, composite: false, declaration: false, declarationMap: false, noEmit: true })
}

const isDeclaration = (statement: ts.Statement): statement is ts.TypeAliasDeclaration | ts.InterfaceDeclaration =>
  ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)

/** The checker lists alternatives in the order in which it met them, anywhere: of texts, that order says nothing. */
const ordered = (text: string): string => text.replace(/'[^']*'(?: \| '[^']*')+/g, (texts) => texts.split(' | ').sort().join(' | '))

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1)

/** The exports of the core, ascending by name. */
export const surface = (): ReadonlyArray<Entry> => {
  const program = programOfCore()
  const checker = program.getTypeChecker()
  const door = program.getSourceFile(path.join(CORE, 'index.ts'))
  const module = door === undefined ? undefined : checker.getSymbolAtLocation(door)
  if (module === undefined) throw new Error('core/index.ts is no module')

  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- to the compiler, several flags at once are a number
  const print = (type: ts.Type, flags: number): string => checker.typeToString(type, door, flags)
  const shown = (type: ts.Type): string => print(type, FLAGS)
  const has = (symbol: ts.Symbol, flag: ts.SymbolFlags): boolean => (symbol.flags & flag) !== 0
  const isFunction = (symbol: ts.Symbol): boolean =>
    has(symbol, ts.SymbolFlags.Value) && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0

  const exportsOf = (of: ts.Symbol, prefix = ''): ReadonlyArray<readonly [name: string, symbol: ts.Symbol]> =>
    checker.getExportsOfModule(of).flatMap((exported) => {
      const symbol = has(exported, ts.SymbolFlags.Alias) ? checker.getAliasedSymbol(exported) : exported
      const name = `${prefix}${exported.name}`
      return has(symbol, ts.SymbolFlags.ValueModule) ? exportsOf(symbol, `${name}.`) : [[name, symbol] as const]
    })
  const exported = exportsOf(module)

  /** Types that are written out in full where they are used, because they come from a codec. The longest first. */
  const known: ReadonlyArray<Known> = exported
    .filter(([, symbol]) => has(symbol, ts.SymbolFlags.TypeAlias))
    .map(([name, symbol]) => ({ name, text: shown(checker.getDeclaredTypeOfSymbol(symbol)) }))
    .filter(({ text }) => /[{<]/.test(text))
    .sort((a, b) => b.text.length - a.text.length)
  const abridged = (text: string, self: string): string =>
    ordered(known.reduce((rest, { name, text: long }) => (name === self ? rest : rest.replaceAll(long, name)), text))

  const parametersOf = (symbol: ts.Symbol): string => {
    const names = (symbol.declarations ?? []).flatMap((one) =>
      ts.isTypeAliasDeclaration(one) || ts.isInterfaceDeclaration(one) ? (one.typeParameters ?? []).map((each) => each.getText()) : []
    )
    return names.length === 0 ? '' : `<${names.join(', ')}>`
  }

  const lineOf = (name: string, symbol: ts.Symbol, kind?: string): string => {
    const title = `${name}${parametersOf(symbol)}`
    if (has(symbol, ts.SymbolFlags.Interface)) {
      const members = checker
        .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
        .map((member) => `readonly ${member.name}: ${abridged(shown(checker.getTypeOfSymbol(member)), name)}`)
      return `${kind ?? 'interface'} ${title} { ${members.join('; ')} }`
    }
    if (has(symbol, ts.SymbolFlags.TypeAlias)) {
      const type = print(checker.getDeclaredTypeOfSymbol(symbol), BEHIND_ALIAS)
      return `${kind ?? (has(symbol, ts.SymbolFlags.Value) ? 'codec' : 'type')} ${title} = ${abridged(type, name)}`
    }
    return `${isFunction(symbol) ? 'function' : 'const'} ${name}: ${abridged(shown(checker.getTypeOfSymbol(symbol)), name)}`
  }

  const declared = new Map(
    program
      .getSourceFiles()
      .filter((file) => file.fileName.startsWith(CORE))
      .flatMap((file) => file.statements.filter(isDeclaration))
      .map((statement) => [statement.name.text, checker.getSymbolAtLocation(statement.name)] as const)
  )

  /** The entries, and those of the hidden types that they name. */
  const closed = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
    const names = new Set(entries.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))
    const more = [...new Set(entries.flatMap(({ line }) => line.match(/\b[A-Z]\w*/g) ?? []))].flatMap((name) => {
      const symbol = declared.get(name)
      // A brand holds nothing, and has the name of its type.
      return symbol === undefined || names.has(name) || name.endsWith('Brand')
        ? []
        : [{ hasExample: false, isDocumented: true, isFunction: false, line: lineOf(name, symbol, 'hidden'), name }]
    })
    return more.length === 0 ? entries : closed([...entries, ...more])
  }

  const entries = exported.map(([name, symbol]) => ({
    hasExample: symbol.getJsDocTags(checker).some((tag) => tag.name === 'example'),
    isDocumented: symbol.getDocumentationComment(checker).length > 0,
    isFunction: isFunction(symbol),
    line: lineOf(name, symbol),
    name
  }))
  return [...closed(entries)].sort(byName)
}
